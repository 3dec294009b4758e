//! Single texts as serde's scalars.

use std::cell::Cell;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::SeqDeserializer;
use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::enumeration::{self, Unit};
use super::fault::{Fault, FaultKind};
use super::shape::Shape;
use super::time_span;

/// A text to be read as whatever is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'t> {
    text: &'t str,
    /// Whether it may be a number where nothing particular is asked for. The name of a key never is.
    is_value: bool,
    /// Where it is noted that the text was asked for as the name of a field.
    is_field: Option<&'t Cell<bool>>,
}

impl<'t> Text<'t> {
    pub(super) fn value(text: &'t str) -> Self {
        Self {
            text,
            is_value: true,
            is_field: None,
        }
    }

    pub(super) fn key(text: &'t str, is_field: &'t Cell<bool>) -> Self {
        Self {
            text,
            is_value: false,
            is_field: Some(is_field),
        }
    }
}

impl Text<'_> {
    /// What the text looks like.
    pub(super) fn shape(self) -> Shape {
        if !self.is_value {
            return Shape::Text(self.text.to_owned());
        }
        if let Some(truth) = boolean(self.text) {
            return Shape::Bool(truth);
        }
        if let Ok(number) = self.text.parse::<i64>() {
            return Shape::Signed(number);
        }
        if let Ok(number) = self.text.parse::<u64>() {
            return Shape::Unsigned(number);
        }
        match float(self.text) {
            Some(number) if number.is_finite() => Shape::Float(number),
            _ => Shape::Text(self.text.to_owned()),
        }
    }

    pub(super) fn as_text(self) -> Shape {
        Shape::Text(self.text.to_owned())
    }

    /// The number that it is if it has to be one.
    pub(super) fn number(self) -> Shape {
        if let Some((is_negative, magnitude)) = magnitude(self.text) {
            let signed = match is_negative {
                true => negative(magnitude).and_then(|it| i64::try_from(it).ok()),
                false => i64::try_from(magnitude).ok(),
            };
            if let Some(number) = signed {
                return Shape::Signed(number);
            }
            if let (false, Ok(number)) = (is_negative, u64::try_from(magnitude)) {
                return Shape::Unsigned(number);
            }
        }
        float(self.text).map_or_else(|| self.shape(), Shape::Float)
    }
}

/// What serde calls the fields of [`std::time::Duration`].
pub(in crate::configuration) fn is_duration(name: &str, fields: &[&str]) -> bool {
    name == "Duration" && fields == ["secs", "nanos"]
}

macro_rules! integers {
    ($($method:ident => $visit:ident: $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = match magnitude(self.text) {
                Some((false, magnitude)) => <$type>::try_from(magnitude).ok(),
                Some((true, magnitude)) => negative(magnitude).and_then(|number| <$type>::try_from(number).ok()),
                None => None,
            };
            match number {
                Some(number) => visitor.$visit(number),
                None => Err(Fault::wanted(format!("an integer from {} to {}", <$type>::MIN, <$type>::MAX))),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Fault;

    integers! {
        deserialize_i8 => visit_i8: i8;
        deserialize_i16 => visit_i16: i16;
        deserialize_i32 => visit_i32: i32;
        deserialize_i64 => visit_i64: i64;
        deserialize_i128 => visit_i128: i128;
        deserialize_u8 => visit_u8: u8;
        deserialize_u16 => visit_u16: u16;
        deserialize_u32 => visit_u32: u32;
        deserialize_u64 => visit_u64: u64;
        deserialize_u128 => visit_u128: u128;
    }

    /// Nothing says what the text is to be, so it is what it looks like.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.shape() {
            Shape::Bool(truth) => visitor.visit_bool(truth),
            Shape::Signed(number) => visitor.visit_i64(number),
            Shape::Unsigned(number) => visitor.visit_u64(number),
            Shape::Float(number) => visitor.visit_f64(number),
            _ => visitor.visit_str(self.text),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match boolean(self.text) {
            Some(truth) => visitor.visit_bool(truth),
            None => Err(Fault::wanted("true or false")),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match float(self.text) {
            Some(number) => visitor.visit_f64(number),
            None => Err(Fault::wanted("a number such as 1.5 or 1e-3")),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let mut characters = self.text.chars();
        match (characters.next(), characters.next()) {
            (Some(single), None) => visitor.visit_char(single),
            _ => Err(Fault::wanted("a single character")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.text)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if let Some(is_field) = self.is_field {
            is_field.set(true);
        }
        visitor.visit_str(self.text)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_byte_buf(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let text: String = self.text.split_ascii_whitespace().collect();
        match STANDARD.decode(text) {
            Ok(bytes) => visitor.visit_byte_buf(bytes),
            // Bytes are keys more often than not: the text is kept out of the message.
            Err(_) => Err(Fault {
                node: None,
                kind: FaultKind::Message("wanted bytes as base64".to_owned()),
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.text.is_empty() {
            visitor.visit_unit()
        } else {
            Err(Fault::wanted("nothing"))
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::wanted(
            "a list (its elements under the keys 0, 1, 2)",
        ))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::wanted("a section (keys with values)"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if !is_duration(name, fields) {
            return self.deserialize_map(visitor);
        }
        let span = time_span::parse(self.text).map_err(Fault::wanted)?;
        let parts = [span.as_secs(), u64::from(span.subsec_nanos())];
        visitor.visit_seq(SeqDeserializer::new(parts.into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let variant = enumeration::find(self.text, variants)?;
        visitor.visit_enum(Unit(variant))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }
}

impl IntoDeserializer<'_, Fault> for Text<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn boolean(text: &str) -> Option<bool> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The sign and the size of an integer, decimal or `0x`.
fn magnitude(text: &str) -> Option<(bool, u128)> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        let digits = Some(digits).filter(|digits| !digits.starts_with('+'))?;
        return Some((false, u128::from_str_radix(digits, 16).ok()?));
    }
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = Some(digits).filter(|digits| !digits.starts_with('+'))?;
    Some((is_negative, digits.parse().ok()?))
}

fn negative(magnitude: u128) -> Option<i128> {
    0_i128.checked_sub_unsigned(magnitude)
}

/// Rust's own syntax, but of its words for what is not finite only those that .NET has.
fn float(text: &str) -> Option<f64> {
    let text = text.trim();
    let word = text.trim_start_matches(['+', '-']);
    if word.eq_ignore_ascii_case("inf") {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn read<'de, T: Deserialize<'de>>(text: &str) -> Option<T> {
        T::deserialize(Text::value(text)).ok()
    }

    #[test]
    fn integers_end_where_their_type_ends() {
        assert_eq!(read::<i8>("-128"), Some(-128));
        assert_eq!(read::<i8>("-129"), None);
        assert_eq!(read::<u128>(&u128::MAX.to_string()), Some(u128::MAX));
        assert_eq!(read::<i128>(&i128::MIN.to_string()), Some(i128::MIN));
        assert_eq!(read::<u64>("0xFFFFFFFFFFFFFFFF"), Some(u64::MAX));
        assert_eq!(read::<u8>("-0"), Some(0));
        for text in ["+-5", "--5", "0x", "0x+1", "-0x1", "1 2", "0b1"] {
            assert_eq!(read::<i32>(text), None, "{text}");
        }
    }

    #[test]
    fn floats_have_the_words_of_dotnet() {
        assert_eq!(read::<f64>("-infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(read::<f32>("0.5"), Some(0.5));
        for text in ["inf", "-Inf", "1f", "0x1p3", "1_0"] {
            assert_eq!(read::<f64>(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_asked_for_is_what_it_looks_like() {
        for (text, value) in [
            ("5", serde_json::json!(5)),
            ("1.5", serde_json::json!(1.5)),
            ("True", serde_json::json!(true)),
            ("NaN", serde_json::json!("NaN")),
            ("a", serde_json::json!("a")),
        ] {
            assert_eq!(read::<serde_json::Value>(text), Some(value));
        }
    }
}

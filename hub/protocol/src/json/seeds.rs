//! What the values of a message's properties are read by.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use crate::{Headers, ProtocolError};

/// A string, borrowed unless it has escapes.
pub(super) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

pub(super) enum Numeric {
    Null,
    Integer(i64),
    /// A fraction, an exponent, or too large.
    Other,
}

pub(super) struct Number;

impl<'de> DeserializeSeed<'de> for Number {
    type Value = Numeric;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Numeric, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Number {
    type Value = Numeric;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number")
    }

    fn visit_unit<E>(self) -> Result<Numeric, E> {
        Ok(Numeric::Null)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Numeric, E> {
        Ok(Numeric::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Numeric, E> {
        Ok(i64::try_from(value).map_or(Numeric::Other, Numeric::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Numeric, E> {
        Ok(Numeric::Other)
    }
}

pub(super) struct Texts<'e>(pub(super) &'e mut Option<ProtocolError>);

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = Vec<Cow<'de, str>>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = elements.next_element_seed(StreamId(self.0))? {
            texts.push(text);
        }
        Ok(texts)
    }
}

/// A string among others, or what else it is.
struct StreamId<'e>(&'e mut Option<ProtocolError>);

impl StreamId<'_> {
    fn fail<T, E: serde::de::Error>(self, error: ProtocolError) -> Result<T, E> {
        *self.0 = Some(error);
        Err(E::custom(""))
    }

    fn found<T, E: serde::de::Error>(self, found: &'static str) -> Result<T, E> {
        self.fail(ProtocolError::StreamIdNotAString { found })
    }
}

impl<'de> DeserializeSeed<'de> for StreamId<'_> {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StreamId<'_> {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        self.fail(ProtocolError::NullStreamId)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
        self.found(if value { "True" } else { "False" })
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
        self.found("Number")
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
        self.found("Number")
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
        self.found("Number")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        self.found("StartArray")
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        self.found("StartObject")
    }
}

pub(super) struct HeaderVisitor<'e>(pub(super) &'e mut Option<ProtocolError>);

impl<'de> DeserializeSeed<'de> for HeaderVisitor<'_> {
    type Value = Headers<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for HeaderVisitor<'_> {
    type Value = Headers<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut headers = Vec::new();
        while let Some(name) = map.next_key_seed(Text)? {
            *self.0 = Some(ProtocolError::HeaderNotAString {
                name: name.to_string(),
            });
            headers.push((name, map.next_value_seed(Text)?));
        }
        Ok(Headers(headers))
    }
}

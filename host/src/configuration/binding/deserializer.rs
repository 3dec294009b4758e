//! A node of the configuration as serde's deserializer.

use serde::de::{Deserializer, Visitor};

use super::access::{Elements, Entries, Fields};
use super::enumeration::{self, Content, Unit};
use super::fault::{Fault, FaultKind};
use super::here::Here;
use super::scalar::{self, Text};

macro_rules! scalars {
    ($($method:ident: $wanted:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            match self.scalar() {
                Some(text) => text.$method(visitor),
                None => Err(Fault::wanted($wanted)),
            }
            .map_err(|fault| self.blame(fault))
        }
    )*};
}

impl<'de> Deserializer<'de> for Here<'_> {
    type Error = Fault;

    scalars! {
        deserialize_bool: "true or false";
        deserialize_i8: "an integer";
        deserialize_i16: "an integer";
        deserialize_i32: "an integer";
        deserialize_i64: "an integer";
        deserialize_i128: "an integer";
        deserialize_u8: "an integer";
        deserialize_u16: "an integer";
        deserialize_u32: "an integer";
        deserialize_u64: "an integer";
        deserialize_u128: "an integer";
        deserialize_f32: "a number";
        deserialize_f64: "a number";
        deserialize_char: "a single character";
        deserialize_str: "text";
        deserialize_string: "text";
        deserialize_identifier: "text";
        deserialize_bytes: "bytes as base64";
        deserialize_byte_buf: "bytes as base64";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.is_nothing() {
            return visitor.visit_unit().map_err(|fault| self.blame(fault));
        }
        if self.node().children.is_empty() {
            let text = Text::value(self.node().text().unwrap_or_default());
            return text
                .deserialize_any(visitor)
                .map_err(|fault| self.blame(fault));
        }
        if self.is_array() {
            self.deserialize_seq(visitor)
        } else {
            self.deserialize_map(visitor)
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.is_nothing() {
            return visitor.visit_none().map_err(|fault| self.blame(fault));
        }
        let is_empty = self.node().text() == Some("") && self.node().children.is_empty();
        visitor
            .visit_some(self)
            .map_err(|fault| match fault.at(self.id) {
                Fault { node, .. } if is_empty && node == Some(self.id) => Fault {
                    node,
                    kind: FaultKind::EmptyOption,
                },
                fault => fault,
            })
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.is_nothing() {
            visitor.visit_unit()
        } else {
            match self.scalar() {
                Some(text) => text.deserialize_unit(visitor),
                None => Err(Fault::wanted("nothing")),
            }
        }
        .map_err(|fault| self.blame(fault))
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
        visitor
            .visit_newtype_struct(self)
            .map_err(|fault| self.blame(fault))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.has_text_in_the_way() {
            let text = Text::value(self.node().text().unwrap_or_default());
            text.deserialize_seq(visitor)
        } else {
            visitor.visit_seq(Elements::new(self.children().collect()))
        }
        .map_err(|fault| self.blame(fault))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if self.node().children.len() != length {
            return Err(Fault::wanted(format!("a list of {length}")).at(self.id));
        }
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.has_text_in_the_way() {
            let text = Text::value(self.node().text().unwrap_or_default());
            text.deserialize_map(visitor)
        } else {
            let entries = self.children().map(|child| (child.name(), child));
            visitor.visit_map(Entries::new(entries.collect()))
        }
        .map_err(|fault| self.blame(fault))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if scalar::is_duration(name, fields) {
            match self.scalar() {
                Some(text) => text.deserialize_struct(name, fields, visitor),
                None => Err(Fault::wanted("a time span such as 00:00:30")),
            }
        } else if self.has_text_in_the_way() {
            let text = Text::value(self.node().text().unwrap_or_default());
            text.deserialize_map(visitor)
        } else {
            visitor.visit_map(Fields::new(self.fields(fields)))
        }
        .map_err(|fault| self.blame(fault))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let mut children = self.children();
        match (self.node().text(), children.next(), children.next()) {
            (None | Some(""), Some(here), None) => enumeration::find(here.name(), variants)
                .and_then(|variant| visitor.visit_enum(Content { variant, here })),
            (Some(text), None, _) => enumeration::find(text, variants)
                .and_then(|variant| visitor.visit_enum(Unit(variant))),
            _ => Err(enumeration::wanted(variants)),
        }
        .map_err(|fault| self.blame(fault))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }
}

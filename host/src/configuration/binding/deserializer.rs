//! A node of the configuration as serde's deserializer.

use serde::de::{Deserializer, Visitor};

use super::access::{Elements, Entries, Fields};
use super::enumeration::{self, Content, Unit};
use super::fault::{Fault, FaultKind};
use super::here::Here;
use super::scalar::{self, Text};
use super::shape::{Form, Shape};

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

/// What serde calls a duration.
const DURATION: (&str, &[&str]) = ("Duration", &["secs", "nanos"]);

impl<'c> Here<'c> {
    /// As what the node is given where nothing particular is asked for.
    fn shape(self) -> Shape {
        let form = self.learning().forms.get(&self.id).copied();
        let text = Text::value(self.variant().or(self.node().text()).unwrap_or_default());
        if self.is_nothing() || form == Some(Form::Nothing) {
            return Shape::Nothing;
        }
        let is_empty = self.node().text().is_none_or(str::is_empty);
        match (form, self.node().children.is_empty()) {
            (Some(Form::Text), true) => text.as_text(),
            (Some(Form::Number), true) => text.number(),
            (Some(Form::Duration), true) if !is_empty => Shape::List,
            (Some(Form::List), false) => Shape::List,
            (Some(Form::List), true) if is_empty => Shape::List,
            (Some(Form::Map), false) => Shape::Map,
            (_, true) => text.shape(),
            (_, false) if self.is_array() => Shape::List,
            (_, false) => Shape::Map,
        }
    }

    fn text_in_the_way(self) -> Text<'c> {
        Text::value(self.node().text().unwrap_or_default())
    }

    fn bytes(self) -> Option<Text<'c>> {
        let form = self.learning().forms.get(&self.id);
        form.filter(|form| **form == Form::Bytes)?;
        self.scalar()
    }

    fn duration(self) -> Option<Text<'c>> {
        let form = self.learning().forms.get(&self.id);
        form.filter(|form| **form == Form::Duration)?;
        self.scalar()
    }
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
        deserialize_bytes: "bytes as base64";
        deserialize_byte_buf: "bytes as base64";
    }

    /// What is asked for here is kept in a buffer, to be read as something else later: see [`super::learning`].
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if let Some(text) = self.bytes() {
            return text
                .deserialize_byte_buf(visitor)
                .map_err(|fault| self.blame(fault));
        }
        let shape = self.shape();
        self.note(shape.clone());
        match shape {
            Shape::Bool(truth) => visitor.visit_bool(truth),
            Shape::Signed(number) => visitor.visit_i64(number),
            Shape::Unsigned(number) => visitor.visit_u64(number),
            Shape::Float(number) => visitor.visit_f64(number),
            Shape::Text(text) => visitor.visit_str(&text),
            Shape::List => match self.duration() {
                Some(text) => text.deserialize_struct(DURATION.0, DURATION.1, visitor),
                None if self.has_text_in_the_way() => {
                    self.text_in_the_way().deserialize_seq(visitor)
                }
                None => visitor.visit_seq(Elements::new(self.children().collect())),
            },
            Shape::Map if self.has_text_in_the_way() => {
                self.text_in_the_way().deserialize_map(visitor)
            }
            Shape::Map => {
                self.note_loose();
                visitor.visit_map(Entries::new(self))
            }
            Shape::Nothing | Shape::Poison(_) | Shape::Other => visitor.visit_unit(),
        }
        .map_err(|fault| self.blame(fault))
    }

    /// The name of a variant.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.scalar() {
            Some(text) => {
                self.note(text.as_text());
                text.deserialize_identifier(visitor)
            }
            None => Err(Fault::wanted("text")),
        }
        .map_err(|fault| self.blame(fault))
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
            self.text_in_the_way().deserialize_seq(visitor)
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
            self.text_in_the_way().deserialize_map(visitor)
        } else {
            visitor.visit_map(Entries::new(self))
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
            self.text_in_the_way().deserialize_map(visitor)
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

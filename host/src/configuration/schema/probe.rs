//! A deserializer that has nothing to give, and notes what it is asked for.

use std::fmt;

use serde::de::value::{SeqDeserializer, UnitDeserializer};
use serde::de::{self, Deserializer, Expected, Visitor};

use super::access::{Elements, Entry, Fields, Variant};
use super::record::{NodeId, Record, Shape};
use crate::configuration::binding::is_duration;

/// Nothing was to be had. What matters has been noted by then.
#[derive(Debug)]
pub(super) struct Nothing;

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there are no values here")
    }
}

impl std::error::Error for Nothing {}

impl de::Error for Nothing {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

/// A value that is not there.
#[derive(Clone, Copy)]
pub(super) struct Probe<'r> {
    pub(super) record: &'r Record,
    pub(super) node: NodeId,
}

impl<'r> Probe<'r> {
    pub(super) fn new(record: &'r Record, node: NodeId) -> Self {
        Self { record, node }
    }

    pub(super) fn is_known(self) -> bool {
        self.record.is_known(self.node)
    }

    fn integer(self, limits: Option<(i64, u64)>) {
        self.record.finish(self.node, Shape::Integer(limits));
    }

    fn text(self, wanted: &dyn Expected) {
        let shape = Shape::Text(wanted.to_string());
        self.record.finish(self.node, shape);
    }

    fn child(self, shape: fn(NodeId) -> Shape) -> Self {
        let shape = self
            .record
            .shape_or(self.node, |record| shape(record.new_node()));
        let node = match shape {
            Shape::Nullable(node) | Shape::List(node) | Shape::Map(node) => node,
            // Asked for as something else before: that is as good.
            _ => self.node,
        };
        Self { node, ..self }
    }

    /// A value is known once what it consists of is, or once an attempt brings nothing new.
    fn follow<R>(self, child: Self, attempt: impl FnOnce() -> R) -> R {
        let known = self.record.known();
        let outcome = attempt();
        if child.is_known() || self.record.known() == known {
            self.record.mark(self.node);
        }
        outcome
    }

    fn members<R>(self, members: &[NodeId], attempt: impl FnOnce() -> R) -> R {
        let known = self.record.known();
        let outcome = attempt();
        let all = members.iter().all(|member| self.record.is_known(*member));
        if all || self.record.known() == known {
            self.record.mark(self.node);
        }
        outcome
    }
}

macro_rules! integers {
    ($($method:ident => $visit:ident: $limits:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
            self.integer($limits);
            visitor.$visit(0)
        }
    )*};
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Nothing;

    integers! {
        deserialize_i8 => visit_i8: Some((i8::MIN.into(), i8::MAX as u64));
        deserialize_i16 => visit_i16: Some((i16::MIN.into(), i16::MAX as u64));
        deserialize_i32 => visit_i32: Some((i32::MIN.into(), i32::MAX as u64));
        deserialize_i64 => visit_i64: Some((i64::MIN, i64::MAX as u64));
        deserialize_i128 => visit_i128: None;
        deserialize_u8 => visit_u8: Some((0, u8::MAX.into()));
        deserialize_u16 => visit_u16: Some((0, u16::MAX.into()));
        deserialize_u32 => visit_u32: Some((0, u32::MAX.into()));
        deserialize_u64 => visit_u64: Some((0, u64::MAX));
        deserialize_u128 => visit_u128: None;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.record.finish(self.node, Shape::Any);
        visitor.visit_unit()
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.record.finish(self.node, Shape::Bool);
        visitor.visit_bool(false)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.record.finish(self.node, Shape::Number);
        visitor.visit_f32(0.0)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.record.finish(self.node, Shape::Number);
        visitor.visit_f64(0.0)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.text(&visitor);
        visitor.visit_char('a')
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.text(&visitor);
        visitor.visit_str("")
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.record.finish(self.node, Shape::Bytes);
        visitor.visit_bytes(&[])
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        let child = self.child(Shape::Nullable);
        self.follow(child, || visitor.visit_some(child))
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.record.finish(self.node, Shape::Any);
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        let child = self.child(Shape::List);
        let elements = Elements::once(child);
        self.follow(child, || visitor.visit_seq(elements))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        let shape = self.record.shape_or(self.node, |record| {
            Shape::Tuple((0..length).map(|_| record.new_node()).collect())
        });
        let Shape::Tuple(members) = shape else {
            return Err(Nothing);
        };
        let elements = members
            .iter()
            .map(|node| Self::new(self.record, *node))
            .collect();
        self.members(&members, || visitor.visit_seq(Elements(elements)))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        let child = self.child(Shape::Map);
        let entry = Entry::once(child);
        self.follow(child, || visitor.visit_map(entry))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        if is_duration(name, fields) {
            self.record.finish(self.node, Shape::TimeSpan);
            return visitor.visit_seq(SeqDeserializer::new([0_u64, 0].into_iter()));
        }
        let inside = || {
            let shape = self.record.shape_or(self.node, |record| {
                Shape::Struct(fields.iter().map(|it| (*it, record.new_node())).collect())
            });
            let Shape::Struct(members) = shape else {
                return Err(Nothing);
            };
            let nodes: Vec<NodeId> = members.iter().map(|(_, node)| *node).collect();
            let open = members
                .into_iter()
                .map(|(field, node)| (field, Self::new(self.record, node)))
                .filter(|(_, probe)| !probe.is_known())
                .collect();
            self.members(&nodes, || visitor.visit_map(Fields::new(open)))
        };
        self.record
            .within(name, fields, self.node, inside)
            .unwrap_or(Err(Nothing))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        let inside = || {
            let shape = self.record.shape_or(self.node, |record| {
                let contents = variants.iter().map(|it| (*it, Some(record.new_node())));
                Shape::Enum(contents.collect())
            });
            let Shape::Enum(contents) = shape else {
                return Err(Nothing);
            };
            let nodes: Vec<NodeId> = contents.iter().filter_map(|(_, node)| *node).collect();
            let open = |node: &Option<NodeId>| node.is_some_and(|it| !self.record.is_known(it));
            let at = contents.iter().position(|(_, node)| open(node));
            let Some((at, &(name, Some(node)))) = at.map(|at| (at, &contents[at])) else {
                self.record.mark(self.node);
                return Err(Nothing);
            };
            let variant = Variant {
                content: Self::new(self.record, node),
                of: self.node,
                at,
                name,
            };
            self.members(&nodes, || visitor.visit_enum(variant))
        };
        self.record
            .within(name, variants, self.node, inside)
            .unwrap_or(Err(Nothing))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Nothing> {
        self.record.finish(self.node, Shape::Any);
        de::Deserializer::deserialize_any(UnitDeserializer::new(), visitor)
    }
}

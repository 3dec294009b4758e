//! A node of the configuration as serde's deserializer.

use std::cell::RefCell;
use std::collections::HashSet;

use serde::de::{Deserializer, Visitor};

use super::access::{Elements, Entries, Fields};
use super::enumeration::{self, Content, Unit};
use super::error::{BindProblem, BindProblemKind};
use super::fault::{Fault, FaultKind};
use super::scalar::{self, Text};
use crate::configuration::environment_variables;
use crate::configuration::key;
use crate::configuration::tree::{Node, NodeId, Tree};

/// What one binding knows.
pub(super) struct Context<'t> {
    pub(super) tree: &'t Tree,
    /// Whether keys that a type does not have are problems.
    pub(super) strict: bool,
    /// What failed before, and is now taken for absent.
    pub(super) skipped: HashSet<NodeId>,
    /// Empty texts that are to be the absence of an option.
    pub(super) nulls: HashSet<NodeId>,
    pub(super) problems: RefCell<Vec<BindProblem>>,
}

impl<'t> Context<'t> {
    pub(super) fn new(tree: &'t Tree, strict: bool) -> Self {
        Self {
            tree,
            strict,
            skipped: HashSet::new(),
            nulls: HashSet::new(),
            problems: RefCell::default(),
        }
    }

    /// Notes a problem, once.
    pub(super) fn report(&self, problem: BindProblem) {
        let mut problems = self.problems.borrow_mut();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
}

/// A node to be deserialized.
#[derive(Clone, Copy)]
pub(super) struct Here<'c> {
    context: &'c Context<'c>,
    id: NodeId,
}

impl<'c> Here<'c> {
    pub(super) fn new(context: &'c Context<'c>, id: NodeId) -> Self {
        Self { context, id }
    }

    fn node(self) -> &'c Node {
        self.context.tree.node(self.id)
    }

    /// The children that are still to be read.
    fn children(self) -> impl Iterator<Item = Self> {
        self.context
            .tree
            .children(self.id)
            .map(move |(id, _)| Self::new(self.context, id))
            .filter(move |child| !self.context.skipped.contains(&child.id))
    }

    /// Neither text nor children, or only a null.
    fn is_nothing(self) -> bool {
        !self.node().exists() || self.context.nulls.contains(&self.id)
    }

    /// A fault that this node is to be named for.
    pub(super) fn blame(self, fault: Fault) -> Fault {
        fault.at(self.id)
    }

    fn name(self) -> &'c str {
        &self.node().name
    }

    /// The text of a scalar. What is below one is known to nobody.
    fn scalar(self) -> Option<Text<'c>> {
        let text = self.node().text()?;
        if self.context.strict {
            for child in self.children() {
                child.report(BindProblemKind::Unknown {
                    nearest: None,
                    known: Vec::new(),
                });
            }
        }
        Some(Text::value(text))
    }

    /// Whether the text of the node stands in the way of its being a section or a list.
    fn has_text_in_the_way(self) -> bool {
        let node = self.node();
        let is_text = node.text().is_some_and(|text| !text.is_empty());
        let is_overruled = !self.context.strict && !node.children.is_empty();
        is_text && !is_overruled && !self.is_foreign_variable()
    }

    /// Whether the text may be a variable that has nothing to do with this program: `MAIL` is there in every login shell,
    /// and does not mean the section `Mail`.
    fn is_foreign_variable(self) -> bool {
        let node = self.node();
        let is_variable = node
            .origin()
            .is_some_and(|origin| origin.starts_with(environment_variables::ORIGIN));
        is_variable && !node.path.contains(key::SEPARATOR)
    }

    fn report(self, kind: BindProblemKind) {
        let node = self.node();
        let problem = BindProblem::new(node.path.clone(), self.somewhere(), kind);
        self.context.report(problem);
    }

    /// Where the node is from, or the first value below it.
    fn somewhere(self) -> Option<&'c str> {
        let below = || self.context.tree.descend(self.id).into_iter();
        self.node()
            .origin()
            .or_else(|| below().find_map(Node::origin))
    }

    /// Whether the children are what an array has: 0, 1, 2.
    fn is_array(self) -> bool {
        self.children()
            .enumerate()
            .all(|(at, child)| child.name().parse() == Ok(at))
    }

    /// The children that are a struct's fields; what is none of them is a problem.
    fn fields(self, fields: &'static [&'static str]) -> Vec<(&'static str, Self)> {
        let mut found: Vec<(&'static str, Self)> = Vec::new();
        for child in self.children() {
            let name = child.name();
            let Some(field) = fields.iter().find(|it| super::field::matches(it, name)) else {
                if self.context.strict {
                    child.report_unknown(fields);
                }
                continue;
            };
            match found.iter().find(|(earlier, _)| earlier == field) {
                Some((_, other)) if self.context.strict => {
                    child.report(BindProblemKind::Twice {
                        other: other.node().path.clone(),
                    });
                }
                Some(_) => {}
                None => found.push((field, child)),
            }
        }
        // A null keeps the field's default; an empty text that means none of an option has to get through.
        found.retain(|(_, child)| child.node().exists());
        found
    }

    fn report_unknown(self, fields: &[&str]) {
        let nearest = super::field::nearest(self.name(), fields.iter().copied());
        self.report(BindProblemKind::Unknown {
            nearest: nearest.map(super::field::display),
            known: fields.iter().map(|it| super::field::display(it)).collect(),
        });
    }
}

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

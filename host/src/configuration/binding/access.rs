//! The children of a node as serde's sequences and maps.

use std::borrow::Cow;
use std::cell::Cell;
use std::vec;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};

use super::fault::Fault;
use super::here::Here;
use super::poison::Poison;
use super::scalar::Text;

/// A list: the values of the children, whatever their names.
pub(super) struct Elements<'c>(vec::IntoIter<Here<'c>>);

impl<'c> Elements<'c> {
    pub(super) fn new(children: Vec<Here<'c>>) -> Self {
        Self(children.into_iter())
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        self.0.next().map(|child| blamed(child, seed)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// A map: the children under their names.
pub(super) struct Entries<'c> {
    section: Here<'c>,
    entries: vec::IntoIter<Entry<'c>>,
    current: Option<Value<'c>>,
}

/// A key of a map, and what is below it.
pub(super) struct Entry<'c> {
    name: Cow<'c, str>,
    value: Value<'c>,
}

#[derive(Clone, Copy)]
enum Value<'c> {
    Real(Here<'c>),
    Poison(Poison),
}

impl<'c> Entry<'c> {
    pub(super) fn real(name: &'c str, here: Here<'c>) -> Self {
        Self {
            name: Cow::Borrowed(name),
            value: Value::Real(here),
        }
    }

    pub(super) fn poison(name: String, poison: Poison) -> Self {
        Self {
            name: Cow::Owned(name),
            value: Value::Poison(poison),
        }
    }
}

impl<'c> Entries<'c> {
    pub(super) fn new(section: Here<'c>) -> Self {
        Self {
            section,
            entries: section.entries().into_iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some(Entry { name, value }) = self.entries.next() else {
            return Ok(None);
        };
        self.current = Some(value);
        let is_field = Cell::new(false);
        let outcome = seed.deserialize(Text::key(&name, &is_field));
        if is_field.get() {
            self.section.note_loose();
        }
        outcome.map(Some).map_err(|fault| match value {
            Value::Real(child) => child.blame_key(fault),
            Value::Poison(_) => fault,
        })
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        match self.current.take() {
            Some(Value::Real(child)) => blamed(child, seed),
            Some(Value::Poison(poison)) => seed.deserialize(poison),
            None => Err(Fault::wanted("a key before its value")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// A struct: the children under the names of its fields.
pub(super) struct Fields<'c> {
    children: vec::IntoIter<(&'static str, Here<'c>)>,
    /// The last one given out, which waits for its value to be asked for.
    current: Option<Here<'c>>,
}

impl<'c> Fields<'c> {
    pub(super) fn new(children: Vec<(&'static str, Here<'c>)>) -> Self {
        Self {
            children: children.into_iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some((field, child)) = self.children.next() else {
            return Ok(None);
        };
        self.current = Some(child);
        let field: StrDeserializer<'_, Fault> = field.into_deserializer();
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        match self.current.take() {
            Some(child) => blamed(child, seed),
            None => Err(Fault::wanted("a key before its value")),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.children.len())
    }
}

/// The value of a child. What its type refuses once it has been read is the child's fault too.
fn blamed<'de, S: DeserializeSeed<'de>>(child: Here<'_>, seed: S) -> Result<S::Value, Fault> {
    seed.deserialize(child).map_err(|fault| child.blame(fault))
}

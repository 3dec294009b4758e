//! The children of a node as serde's sequences and maps.

use std::vec;

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess};

use super::fault::Fault;
use super::here::Here;
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
pub(super) struct Entries<'c>(Pairs<'c, &'c str>);

impl<'c> Entries<'c> {
    pub(super) fn new(children: Vec<(&'c str, Here<'c>)>) -> Self {
        Self(Pairs::new(children))
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some((name, child)) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(Text::key(name))
            .map(Some)
            .map_err(|fault| child.blame_key(fault))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        self.0.value(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.children.len())
    }
}

/// A struct: the children under the names of its fields.
pub(super) struct Fields<'c>(Pairs<'c, &'static str>);

impl<'c> Fields<'c> {
    pub(super) fn new(children: Vec<(&'static str, Here<'c>)>) -> Self {
        Self(Pairs::new(children))
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Fault> {
        let Some((field, _)) = self.0.next() else {
            return Ok(None);
        };
        let field: StrDeserializer<'_, Fault> = field.into_deserializer();
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        self.0.value(seed)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.children.len())
    }
}

/// Children under names, of which the last one given out waits for its value to be asked for.
struct Pairs<'c, N> {
    children: vec::IntoIter<(N, Here<'c>)>,
    current: Option<Here<'c>>,
}

impl<'c, N> Pairs<'c, N> {
    fn new(children: Vec<(N, Here<'c>)>) -> Self {
        Self {
            children: children.into_iter(),
            current: None,
        }
    }

    fn next(&mut self) -> Option<(N, Here<'c>)> {
        let (name, child) = self.children.next()?;
        self.current = Some(child);
        Some((name, child))
    }

    fn value<'de, S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        match self.current.take() {
            Some(child) => blamed(child, seed),
            None => Err(Fault::wanted("a key before its value")),
        }
    }
}

/// The value of a child. What its type refuses once it has been read is the child's fault too.
fn blamed<'de, S: DeserializeSeed<'de>>(child: Here<'_>, seed: S) -> Result<S::Value, Fault> {
    seed.deserialize(child).map_err(|fault| child.blame(fault))
}

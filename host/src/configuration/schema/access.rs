//! Lists, maps, structs and variants of a single value each, which is not there.

use std::vec;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::probe::{Nothing, Probe};
use super::record::{NodeId, ROOT, Record};

/// The elements of a list that are still to be found out about.
pub(super) struct Elements<'r>(pub(super) Vec<Probe<'r>>);

impl<'r> Elements<'r> {
    pub(super) fn once(element: Probe<'r>) -> Self {
        Self(
            Some(element)
                .filter(|it| !it.is_known())
                .into_iter()
                .collect(),
        )
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Nothing;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Nothing> {
        if self.0.is_empty() {
            return Ok(None);
        }
        seed.deserialize(self.0.remove(0)).map(Some)
    }
}

/// An entry of a map, of which the value is to be found out about.
pub(super) struct Entry<'r> {
    value: Option<Probe<'r>>,
}

impl<'r> Entry<'r> {
    pub(super) fn once(value: Probe<'r>) -> Self {
        Self {
            value: Some(value).filter(|it| !it.is_known()),
        }
    }
}

impl<'de> MapAccess<'de> for Entry<'_> {
    type Error = Nothing;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Nothing> {
        if self.value.is_none() {
            return Ok(None);
        }
        // What the key is does not matter.
        let record = Record::default();
        seed.deserialize(Probe::new(&record, ROOT)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Nothing> {
        seed.deserialize(self.value.take().ok_or(Nothing)?)
    }
}

/// The fields of a struct that are still to be found out about.
pub(super) struct Fields<'r> {
    fields: vec::IntoIter<(&'static str, Probe<'r>)>,
    value: Option<Probe<'r>>,
}

impl<'r> Fields<'r> {
    pub(super) fn new(fields: Vec<(&'static str, Probe<'r>)>) -> Self {
        Self {
            fields: fields.into_iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Nothing;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Nothing> {
        let Some((field, value)) = self.fields.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        let field: StrDeserializer<'_, Nothing> = field.into_deserializer();
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Nothing> {
        seed.deserialize(self.value.take().ok_or(Nothing)?)
    }
}

/// The variant of an enumeration that is to be found out about next.
pub(super) struct Variant<'r> {
    pub(super) content: Probe<'r>,
    pub(super) of: NodeId,
    pub(super) at: usize,
    pub(super) name: &'static str,
}

impl<'de, 'r> EnumAccess<'de> for Variant<'r> {
    type Error = Nothing;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Nothing> {
        let name: StrDeserializer<'_, Nothing> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Nothing;

    fn unit_variant(self) -> Result<(), Nothing> {
        let record = self.content.record;
        record.mark(self.content.node);
        record.set_variant(self.of, self.at, None);
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Nothing> {
        seed.deserialize(self.content)
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        self.content.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Nothing> {
        self.content.deserialize_struct("", fields, visitor)
    }
}

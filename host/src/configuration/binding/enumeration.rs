//! Enumerations: a variant is written by its name, one with content is a section of that name.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor,
};

use super::fault::Fault;
use super::field;
use super::here::Here;

/// The variant of this name, but for case, underscores and spaces around.
pub(super) fn find(name: &str, variants: &'static [&'static str]) -> Result<&'static str, Fault> {
    let name = field::plain(name.trim());
    variants
        .iter()
        .copied()
        .find(|variant| field::plain(variant) == name)
        .ok_or_else(|| wanted(variants))
}

/// What to say where none of these is there.
pub(super) fn wanted(variants: &'static [&'static str]) -> Fault {
    Fault::wanted(match variants {
        [single] => (*single).to_owned(),
        variants => format!("one of {}", variants.join(", ")),
    })
}

/// A variant without content.
pub(super) struct Unit(pub(super) &'static str);

impl<'de> EnumAccess<'de> for Unit {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Unit {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _: S) -> Result<S::Value, Fault> {
        Err(needs_content(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(needs_content(self.0))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Fault> {
        Err(needs_content(self.0))
    }
}

fn needs_content(variant: &str) -> Fault {
    Fault::wanted(format!("a section with the key '{variant}'"))
}

/// A variant whose content is what is below its name.
pub(super) struct Content<'c> {
    pub(super) variant: &'static str,
    pub(super) here: Here<'c>,
}

impl<'de, 'c> EnumAccess<'de> for Content<'c> {
    type Error = Fault;
    type Variant = Here<'c>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Here<'c>), Fault> {
        let name: StrDeserializer<'_, Fault> = self.variant.into_deserializer();
        Ok((seed.deserialize(name)?, self.here))
    }
}

impl<'de> VariantAccess<'de> for Here<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        serde::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_struct("", fields, visitor)
    }
}

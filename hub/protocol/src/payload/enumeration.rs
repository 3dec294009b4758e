use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::ser::{self, Serializer};

use super::is_messagepack;

/// A .NET `enum`: written as its number in JSON and as its name in MessagePack, read as either.
///
/// Made by [`enumeration!`](macro@super::enumeration). An `enum` with serde's derives is its name in both, which a .NET client, or one
/// for whom such a client's types were generated, does not read in JSON.
pub trait Enumeration: Sized {
    /// What it is called, in errors.
    const NAME: &'static str;

    /// Its variants, in their order.
    const VARIANTS: &'static [EnumerationVariant];

    /// Which of [`VARIANTS`](Self::VARIANTS) this is. A value that is none of them cannot be written.
    fn index(&self) -> usize;

    /// The variant at this place, if there is one.
    fn at(index: usize) -> Option<Self>;
}

/// What is known of a variant of an [`Enumeration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnumerationVariant {
    /// As it is written in the source, and in MessagePack.
    pub name: &'static str,
    /// As it is written in JSON.
    pub number: i64,
}

/// Defines a .NET `enum`: an [`Enumeration`] that serde writes as a number in JSON and as a name in MessagePack, and reads from
/// both, as an argument, an item, a result, a field or a key.
///
/// Numbers are counted from the variant before, from 0 on, as in .NET and in Rust, unless one is given. Attributes and derives
/// are the enum's own; those of serde would be a second way.
///
/// ```
/// use campanile_hub_protocol::HubProtocol;
/// use campanile_hub_protocol::payload::enumeration;
///
/// enumeration! {
///     /// How a bell is rung.
///     #[derive(Clone, Copy, Debug, PartialEq, Eq)]
///     pub enum Stroke {
///         Toll,
///         Chime,
///         Alarm = 10,
///     }
/// }
///
/// let mut out = Vec::new();
/// HubProtocol::Json.write_invocation(&mut out, "Ring", &(Stroke::Toll, Stroke::Alarm))?;
/// assert_eq!(out, b"{\"type\":1,\"target\":\"Ring\",\"arguments\":[0,10]}\x1e");
/// out.clear();
/// HubProtocol::MessagePack.write_invocation(&mut out, "Ring", &(Stroke::Toll, Stroke::Alarm))?;
/// assert_eq!(out, b"\x16\x96\x01\x80\xc0\xa4Ring\x92\xa4Toll\xa5Alarm\x90");
/// # Ok::<(), campanile_hub_protocol::WriteError>(())
/// ```
///
/// What is none of the variants cannot be read, other than in .NET, where any number is a value of any `enum`.
#[doc(hidden)]
#[macro_export]
macro_rules! __campanile_enumeration {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$variant_attribute:meta])* $variant:ident $(= $number:expr)?),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        $visibility enum $name {
            $($(#[$variant_attribute])* $variant $(= $number)?),+
        }

        const _: () = {
            /// The places of the variants.
            enum Place {
                $($variant),+
            }

            impl $crate::payload::Enumeration for $name {
                const NAME: &'static str = ::core::stringify!($name);
                const VARIANTS: &'static [$crate::payload::EnumerationVariant] = &[
                    $($crate::payload::EnumerationVariant {
                        name: ::core::stringify!($variant),
                        number: $name::$variant as i64,
                    }),+
                ];

                fn index(&self) -> usize {
                    match self {
                        $(Self::$variant => Place::$variant as usize),+
                    }
                }

                fn at(index: usize) -> ::core::option::Option<Self> {
                    $(
                        if index == Place::$variant as usize {
                            return ::core::option::Option::Some(Self::$variant);
                        }
                    )+
                    ::core::option::Option::None
                }
            }

            impl $crate::payload::generated::Serialize for $name {
                fn serialize<S: $crate::payload::generated::Serializer>(
                    &self,
                    serializer: S,
                ) -> ::core::result::Result<S::Ok, S::Error> {
                    $crate::payload::generated::serialize(self, serializer)
                }
            }

            impl<'de> $crate::payload::generated::Deserialize<'de> for $name {
                fn deserialize<D: $crate::payload::generated::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::core::result::Result<Self, D::Error> {
                    $crate::payload::generated::deserialize(deserializer)
                }
            }
        };
    };
}

/// Writes one.
pub fn serialize<T: Enumeration, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let Some(variant) = T::VARIANTS.get(value.index()) else {
        let name = T::NAME;
        return Err(ser::Error::custom(format_args!(
            "a value of {name} is none of its variants"
        )));
    };
    if is_messagepack() {
        serializer.serialize_str(variant.name)
    } else {
        serializer.serialize_i64(variant.number)
    }
}

/// Reads one.
pub fn deserialize<'de, T: Enumeration, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(EnumerationVisitor(PhantomData))
}

struct EnumerationVisitor<T>(PhantomData<T>);

impl<T: Enumeration> EnumerationVisitor<T> {
    fn find(&self, is_it: impl Fn(&EnumerationVariant) -> bool) -> Option<T> {
        T::VARIANTS.iter().position(is_it).and_then(T::at)
    }
}

impl<T: Enumeration> Visitor<'_> for EnumerationVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "one of {}:", T::NAME)?;
        for (index, EnumerationVariant { name, number }) in T::VARIANTS.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(formatter, "{comma} {name} ({number})")?;
        }
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.find(|it| it.number == number)
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        self.find(|it| u64::try_from(it.number) == Ok(number))
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    /// A name, or a number where it is a key of JSON.
    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let number = text.parse().ok();
        self.find(|it| it.name == text || Some(it.number) == number)
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_none_of_its_variants_is_an_error() {
        struct Wrong;

        impl Enumeration for Wrong {
            const NAME: &'static str = "Wrong";
            const VARIANTS: &'static [EnumerationVariant] = &[];

            fn index(&self) -> usize {
                0
            }

            fn at(_: usize) -> Option<Self> {
                None
            }
        }

        let mut out = Vec::new();
        let error = serialize(&Wrong, &mut serde_json::Serializer::new(&mut out)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a value of Wrong is none of its variants"
        );
    }
}

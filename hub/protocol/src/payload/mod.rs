//! Helps values to look on the wire as a .NET client expects them, in both protocols.
//!
//! Most types need nothing: numbers, texts, lists, options, structs, UUIDs and addresses go as `serde` writes them, which is
//! what .NET reads. The exceptions are
//!
//! | .NET | JSON | MessagePack | here |
//! | --- | --- | --- | --- |
//! | `DateTime` | RFC 3339 | timestamp extension | `date_time`, `Timestamp` (feature `chrono`) |
//! | `DateTimeOffset` | RFC 3339 | timestamp extension and minutes | `date_time_offset` (feature `chrono`) |
//! | `byte[]` | base64 | `bin` | [`byte_array`], [`ByteArray`] |
//! | `enum` | a number | its name | [`enumeration!`](macro@enumeration) |
//!
//! The modules are for fields, `#[serde(with = "...")]`; the types are for arguments and results. Outside of the hub protocols
//! all of them are written as in JSON. For whatever else differs, a `Serialize` or `Deserialize` of one's own can ask
//! [`is_messagepack`].

pub mod byte_array;
mod encoding;
mod enumeration;
#[cfg(feature = "chrono")]
mod extension;

#[cfg(feature = "chrono")]
pub mod date_time;
#[cfg(feature = "chrono")]
pub mod date_time_offset;
#[cfg(feature = "chrono")]
mod instant;
#[cfg(feature = "chrono")]
mod timestamp;

pub use byte_array::ByteArray;
pub use encoding::is_messagepack;
pub(crate) use encoding::within_messagepack;
pub use enumeration::{Enumeration, EnumerationVariant};
#[cfg(feature = "chrono")]
pub use timestamp::Timestamp;

#[doc(inline)]
pub use crate::__campanile_enumeration as enumeration;

/// What code that `enumeration!` writes is made of. Nothing to be named by hand.
#[doc(hidden)]
pub mod generated {
    pub use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub use super::enumeration::{deserialize, serialize};
}

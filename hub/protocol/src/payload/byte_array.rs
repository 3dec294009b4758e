//! A .NET `byte[]`: base64 in JSON, `bin` in MessagePack. For fields: `#[serde(with = "payload::byte_array")]`.
//!
//! ```
//! use campanile_hub_protocol::HubProtocol;
//! use campanile_hub_protocol::payload::{ByteArray, byte_array};
//!
//! #[derive(serde::Serialize)]
//! struct Upload {
//!     #[serde(with = "byte_array")]
//!     content: Vec<u8>,
//! }
//!
//! let mut out = Vec::new();
//! HubProtocol::Json.write_invocation(&mut out, "Put", &(Upload { content: vec![1, 2, 3] }, ByteArray(vec![255])))?;
//! assert_eq!(out, b"{\"type\":1,\"target\":\"Put\",\"arguments\":[{\"content\":\"AQID\"},\"/w==\"]}\x1e");
//! # Ok::<(), campanile_hub_protocol::WriteError>(())
//! ```

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::is_messagepack;

/// Writes bytes.
///
/// # Errors
///
/// Where the serializer fails.
pub fn serialize<T: AsRef<[u8]>, S: Serializer>(
    bytes: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if is_messagepack() {
        serializer.serialize_bytes(bytes.as_ref())
    } else {
        serializer.collect_str(&base64::display::Base64Display::new(
            bytes.as_ref(),
            &BASE64_STANDARD,
        ))
    }
}

/// Reads bytes: base64 or `bin`, and an array of numbers as well.
///
/// # Errors
///
/// Where there is something else.
pub fn deserialize<'de, T: From<Vec<u8>>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(BytesVisitor).map(T::from)
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("bytes, in base64 where the format is text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        BASE64_STANDARD.decode(text).map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<u8>, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = items.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

/// Bytes as an argument, an item or a result: a .NET `byte[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ByteArray(pub Vec<u8>);

impl From<Vec<u8>> for ByteArray {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<ByteArray> for Vec<u8> {
    fn from(bytes: ByteArray) -> Self {
        bytes.0
    }
}

impl AsRef<[u8]> for ByteArray {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Serialize for ByteArray {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ByteArray {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}

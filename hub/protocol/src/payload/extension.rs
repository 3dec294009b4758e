//! MessagePack's extension types by way of serde, as `rmp_serde` has them: a newtype of a special name around type and data.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// The data of an extension.
struct Data<B>(B);

impl Serialize for Data<&[u8]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de> Deserialize<'de> for Data<Vec<u8>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DataVisitor;

        impl Visitor<'_> for DataVisitor {
            type Value = Data<Vec<u8>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the data of an extension")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(Data(bytes.to_vec()))
            }
        }

        deserializer.deserialize_bytes(DataVisitor)
    }
}

/// Writes an extension.
pub(super) fn serialize<S: Serializer>(
    kind: i8,
    data: &[u8],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_newtype_struct(rmp_serde::MSGPACK_EXT_STRUCT_NAME, &(kind, Data(data)))
}

/// Reads type and data of the extension that a visitor was shown as a newtype.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<(i8, Vec<u8>), D::Error> {
    let (kind, Data(data)) = <(i8, Data<Vec<u8>>)>::deserialize(deserializer)?;
    Ok((kind, data))
}

use serde::{Deserialize, Serialize};

use crate::WriteError;

/// Writes a value: structs as maps of their fields' names, variants without data by their name, and identifiers, addresses
/// and the like as text, which is what ASP.NET Core's own resolver does with them.
///
/// Where it fails, it may have written a part.
pub(crate) fn write_value<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
) -> Result<(), WriteError> {
    let mut serializer = rmp_serde::Serializer::new(out)
        .with_struct_map()
        .with_human_readable();
    value
        .serialize(&mut serializer)
        .map_err(|it| WriteError::Value(it.into()))
}

/// Reads the value at the beginning of `item`.
pub(crate) fn read_value<'a, T: Deserialize<'a>>(
    item: &'a [u8],
) -> Result<T, rmp_serde::decode::Error> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(item).with_human_readable();
    deserializer.set_max_depth(MAXIMUM_DEPTH);
    T::deserialize(&mut deserializer)
}

/// How deep a value may be nested: ASP.NET Core's limit for data that is not trusted.
const MAXIMUM_DEPTH: usize = 500;

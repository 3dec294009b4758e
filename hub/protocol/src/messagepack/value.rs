use serde::{Deserialize, Serialize};

use crate::WriteError;
use crate::payload::within_messagepack;

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
    within_messagepack(|| value.serialize(&mut serializer))
        .map_err(|it| WriteError::Value(it.into()))
}

/// Reads the value at the beginning of `item`.
pub(crate) fn read_value<'a, T: Deserialize<'a>>(
    item: &'a [u8],
) -> Result<T, rmp_serde::decode::Error> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(item).with_human_readable();
    deserializer.set_max_depth(MAXIMUM_DEPTH);
    within_messagepack(|| T::deserialize(&mut deserializer))
}

/// How deep a value may be nested: ASP.NET Core's limit for data that is not trusted.
const MAXIMUM_DEPTH: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Payload {
        text: Option<String>,
        number: i32,
        ratio: f64,
        color: Color,
        address: std::net::IpAddr,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Color {
        Red,
        Mixed(u8),
    }

    fn hex(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        write_value(&mut out, value).unwrap();
        out.iter().map(|it| format!("{it:02x}")).collect()
    }

    #[test]
    fn structs_are_maps_and_variants_have_names() {
        let payload = Payload {
            text: None,
            number: 300,
            ratio: 0.5,
            color: Color::Red,
            address: [127, 0, 0, 1].into(),
        };
        let expected = concat!(
            "85",
            "a454657874",
            "c0",
            "a64e756d626572",
            "cd012c",
            "a5526174696f",
            "cb3fe0000000000000",
            "a5436f6c6f72",
            "a3526564",
            "a741646472657373",
            "a93132372e302e302e31",
        );
        assert_eq!(hex(&payload), expected);
        assert_eq!(hex(&Color::Mixed(7)), "81a54d6978656407");
        for value in [Color::Red, Color::Mixed(7)] {
            let mut out = Vec::new();
            write_value(&mut out, &value).unwrap();
            assert_eq!(read_value::<Color>(&out).unwrap(), value);
        }
        let mut out = Vec::new();
        write_value(&mut out, &payload).unwrap();
        assert_eq!(read_value::<Payload>(&out).unwrap(), payload);
    }

    #[test]
    fn nesting_is_no_danger() {
        #[derive(Debug, Deserialize)]
        struct Nested(
            #[expect(dead_code, reason = "only whether it can be read matters")] Vec<Self>,
        );

        let nested = |depth| [vec![0x91; depth], vec![0x90]].concat();
        assert!(read_value::<Nested>(&nested(100)).is_ok());
        assert!(read_value::<Nested>(&nested(100_000)).is_err());
        assert!(read_value::<serde::de::IgnoredAny>(&nested(100_000)).is_err());
        assert!(read_value::<serde_json::Value>(&nested(490)).is_ok());
    }
}

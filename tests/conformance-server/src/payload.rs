//! The payload object: camelCase in JSON, PascalCase in MessagePack, read ignoring case.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Debug)]
pub(crate) struct Payload {
    text: Option<String>,
    number: i32,
    ratio: f64,
    flag: bool,
    tags: Option<Vec<String>>,
    /// Base64.
    bytes: Option<String>,
    when: String,
    id: String,
}

impl Default for Payload {
    fn default() -> Self {
        Self {
            text: None,
            number: 0,
            ratio: 0.0,
            flag: false,
            tags: None,
            bytes: None,
            when: "0001-01-01T00:00:00".to_owned(),
            id: "00000000-0000-0000-0000-000000000000".to_owned(),
        }
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = serializer.is_human_readable();
        let name = |camel, pascal| if json { camel } else { pascal };
        let mut object = serializer.serialize_struct("Payload", 8)?;
        object.serialize_field(name("text", "Text"), &self.text)?;
        object.serialize_field(name("number", "Number"), &self.number)?;
        object.serialize_field(name("ratio", "Ratio"), &self.ratio)?;
        object.serialize_field(name("flag", "Flag"), &self.flag)?;
        object.serialize_field(name("tags", "Tags"), &self.tags)?;
        object.serialize_field(name("bytes", "Bytes"), &self.bytes)?;
        object.serialize_field(name("when", "When"), &self.when)?;
        object.serialize_field(name("id", "Id"), &self.id)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PayloadVisitor)
    }
}

struct PayloadVisitor;

impl<'de> Visitor<'de> for PayloadVisitor {
    type Value = Payload;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a payload object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Payload, A::Error> {
        let mut payload = Payload::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.to_lowercase().as_str() {
                "text" => payload.text = map.next_value()?,
                "number" => payload.number = map.next_value()?,
                "ratio" => payload.ratio = map.next_value()?,
                "flag" => payload.flag = map.next_value()?,
                "tags" => payload.tags = map.next_value()?,
                "bytes" => payload.bytes = map.next_value()?,
                "when" => payload.when = map.next_value()?,
                "id" => payload.id = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(payload)
    }
}

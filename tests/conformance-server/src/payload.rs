//! The payload object: camelCase in JSON, PascalCase in MessagePack, read ignoring case.

use std::fmt;

use campanile_hub::payload::{ByteArray, Timestamp, is_messagepack};
use chrono::{NaiveDateTime, SecondsFormat, Utc};
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
    bytes: Option<ByteArray>,
    when: When,
    id: String,
}

/// A date and time in ISO 8601, which goes back as it came, with an offset or without, as .NET's has it.
#[derive(Debug)]
struct When(String);

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !is_messagepack() {
            return self.0.serialize(serializer);
        }
        let time = match self.0.parse() {
            Ok(time) => Timestamp::<Utc>(time),
            Err(_) => self
                .0
                .parse::<NaiveDateTime>()
                .map_err(serde::ser::Error::custom)?
                .and_utc()
                .into(),
        };
        time.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if is_messagepack() {
            let time = Timestamp::<Utc>::deserialize(deserializer)?;
            return Ok(Self(time.to_rfc3339_opts(SecondsFormat::AutoSi, true)));
        }
        String::deserialize(deserializer).map(Self)
    }
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
            when: When("0001-01-01T00:00:00".to_owned()),
            id: "00000000-0000-0000-0000-000000000000".to_owned(),
        }
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let name = |camel, pascal| if is_messagepack() { pascal } else { camel };
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

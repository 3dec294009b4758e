//! A .NET `DateTime`: RFC 3339 in JSON, the timestamp extension in MessagePack. For fields:
//! `#[serde(with = "payload::date_time")]`.
//!
//! A timestamp knows no offset: a time that comes in MessagePack is one in UTC. RFC 3339 has one, and without it is refused.

use chrono::{DateTime, FixedOffset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::instant::{AnyTime, Instant};
use super::is_messagepack;

/// Writes a time.
///
/// # Errors
///
/// Where the serializer fails.
pub fn serialize<Tz: TimeZone, S: Serializer>(
    time: &DateTime<Tz>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if is_messagepack() {
        Instant::from(time).serialize(serializer)
    } else {
        time.serialize(serializer)
    }
}

/// Reads a time, in whichever form it comes.
///
/// # Errors
///
/// Where there is something else.
pub fn deserialize<'de, Tz: TimeZone, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<DateTime<Tz>, D::Error>
where
    DateTime<Tz>: From<DateTime<FixedOffset>>,
{
    AnyTime::deserialize(deserializer).map(|it| it.0.into())
}

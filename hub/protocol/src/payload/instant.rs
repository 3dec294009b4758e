use std::fmt;

use chrono::{DateTime, FixedOffset, TimeDelta, TimeZone, Utc};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::extension;

/// The number of MessagePack's timestamp extension.
const TIMESTAMP: i8 = -1;

/// A point in time that is written as MessagePack's timestamp extension, in the shortest of its three forms.
pub(super) struct Instant {
    seconds: i64,
    nanoseconds: u32,
}

impl<Tz: TimeZone> From<&DateTime<Tz>> for Instant {
    fn from(time: &DateTime<Tz>) -> Self {
        // In a leap second chrono has more than a second of nanoseconds, which the extension does not know.
        let nanoseconds = time.timestamp_subsec_nanos();
        let carry = nanoseconds / 1_000_000_000;
        Self {
            seconds: time.timestamp() + i64::from(carry),
            nanoseconds: nanoseconds % 1_000_000_000,
        }
    }
}

impl Instant {
    /// So many minutes later.
    pub(super) fn ahead(self, minutes: i32) -> Self {
        Self {
            seconds: self.seconds + i64::from(minutes) * 60,
            ..self
        }
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanoseconds = self.nanoseconds;
        match u64::try_from(self.seconds) {
            Ok(seconds) if seconds >> 34 == 0 => {
                let both = u64::from(nanoseconds) << 34 | seconds;
                match u32::try_from(both) {
                    Ok(seconds) => {
                        extension::serialize(TIMESTAMP, &seconds.to_be_bytes(), serializer)
                    }
                    Err(_) => extension::serialize(TIMESTAMP, &both.to_be_bytes(), serializer),
                }
            }
            _ => {
                let mut data = [0; 12];
                data[..4].copy_from_slice(&nanoseconds.to_be_bytes());
                data[4..].copy_from_slice(&self.seconds.to_be_bytes());
                extension::serialize(TIMESTAMP, &data, serializer)
            }
        }
    }
}

/// What a timestamp's data say; none where they are not one.
fn decode(data: &[u8]) -> Option<DateTime<Utc>> {
    let (seconds, nanoseconds) = if let Ok(seconds) = data.try_into() {
        (i64::from(u32::from_be_bytes(seconds)), 0)
    } else if let Ok(both) = data.try_into() {
        let both = u64::from_be_bytes(both);
        // 34 bits and 30: neither conversion loses anything.
        ((both & ((1 << 34) - 1)) as i64, (both >> 34) as u32)
    } else {
        let (nanoseconds, seconds) = data.split_first_chunk()?;
        (
            i64::from_be_bytes(seconds.try_into().ok()?),
            u32::from_be_bytes(*nanoseconds),
        )
    };
    if nanoseconds >= 1_000_000_000 {
        return None;
    }
    DateTime::from_timestamp(seconds, nanoseconds)
}

/// A time in any form that a client may send it: RFC 3339, a timestamp, or a timestamp of the local time and the minutes that
/// it is ahead of UTC.
pub(super) struct AnyTime(pub(super) DateTime<FixedOffset>);

impl<'de> Deserialize<'de> for AnyTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor).map(Self)
    }
}

struct TimeVisitor;

impl<'de> Visitor<'de> for TimeVisitor {
    type Value = DateTime<FixedOffset>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a time: RFC 3339 or a timestamp")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        match extension::deserialize(deserializer)? {
            (TIMESTAMP, data) => decode(&data)
                .map(|it| it.fixed_offset())
                .ok_or_else(|| D::Error::custom("not a timestamp")),
            (kind, _) => Err(D::Error::custom(format_args!(
                "extension {kind} is not a timestamp"
            ))),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let Some(AnyTime(local)) = items.next_element()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        let Some(minutes) = items.next_element::<i16>()? else {
            return Err(A::Error::invalid_length(1, &self));
        };
        let offset = FixedOffset::east_opt(i32::from(minutes) * 60);
        let instant = local.checked_sub_signed(TimeDelta::minutes(minutes.into()));
        match (instant, offset) {
            (Some(instant), Some(offset)) => Ok(instant.with_timezone(&offset)),
            _ => Err(A::Error::custom("the time or its offset is out of range")),
        }
    }
}

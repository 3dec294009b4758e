use std::fmt;
use std::ops::Deref;

use chrono::{DateTime, FixedOffset, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::date_time;

/// A time as an argument, an item or a result: a .NET `DateTime`, which is RFC 3339 in JSON and the timestamp extension in
/// MessagePack.
///
/// ```
/// use campanile_hub_protocol::HubProtocol;
/// use campanile_hub_protocol::payload::Timestamp;
/// use chrono::{TimeZone, Utc};
///
/// let time = Timestamp(Utc.with_ymd_and_hms(2024, 2, 29, 12, 34, 56).unwrap());
/// let mut out = Vec::new();
/// HubProtocol::Json.write_invocation(&mut out, "T", &(time,))?;
/// assert_eq!(out, b"{\"type\":1,\"target\":\"T\",\"arguments\":[\"2024-02-29T12:34:56Z\"]}\x1e");
/// out.clear();
/// HubProtocol::MessagePack.write_invocation(&mut out, "T", &(time,))?;
/// assert_eq!(out, b"\x0e\x96\x01\x80\xc0\xa1T\x91\xd6\xff\x65\xe0\x79\xf0\x90");
/// # Ok::<(), campanile_hub_protocol::WriteError>(())
/// ```
#[doc(alias = "DateTime")]
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp<Tz: TimeZone>(pub DateTime<Tz>);

impl<Tz: TimeZone> Clone for Timestamp<Tz> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<Tz: TimeZone<Offset: Copy>> Copy for Timestamp<Tz> {}

impl<Tz: TimeZone> fmt::Debug for Timestamp<Tz> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl<Tz: TimeZone<Offset: fmt::Display>> fmt::Display for Timestamp<Tz> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl<Tz: TimeZone> Deref for Timestamp<Tz> {
    type Target = DateTime<Tz>;

    fn deref(&self) -> &DateTime<Tz> {
        &self.0
    }
}

impl<Tz: TimeZone> From<DateTime<Tz>> for Timestamp<Tz> {
    fn from(time: DateTime<Tz>) -> Self {
        Self(time)
    }
}

impl<Tz: TimeZone> Serialize for Timestamp<Tz> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        date_time::serialize(&self.0, serializer)
    }
}

impl<'de, Tz: TimeZone> Deserialize<'de> for Timestamp<Tz>
where
    DateTime<Tz>: From<DateTime<FixedOffset>>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        date_time::deserialize(deserializer).map(Self)
    }
}

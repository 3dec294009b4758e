//! A .NET `DateTimeOffset`: RFC 3339 in JSON; in MessagePack the local time as if it were UTC, and the minutes that it is
//! ahead of UTC. For fields: `#[serde(with = "payload::date_time_offset")]`.

use chrono::{DateTime, Offset as _, TimeZone};
use serde::{Serialize, Serializer};

pub use super::date_time::deserialize;
use super::instant::Instant;
use super::is_messagepack;

/// Writes a time with its offset, of which MessagePack takes whole minutes.
///
/// # Errors
///
/// Where the serializer fails.
pub fn serialize<Tz: TimeZone, S: Serializer>(
    time: &DateTime<Tz>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if is_messagepack() {
        let minutes = time.offset().fix().local_minus_utc().div_euclid(60);
        let instant = Instant::from(time);
        (instant.ahead(minutes), minutes).serialize(serializer)
    } else {
        time.serialize(serializer)
    }
}

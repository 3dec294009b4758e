//! Numbers, sizes and times of which not every one makes sense.

use std::time::Duration;

use campanile_host::configuration::ByteSize;
use serde::de::{Deserialize, Deserializer, Error};

/// A size in bytes from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Size<MIN, MAX> {
    /// Of a default, which has to be in the range.
    pub(crate) const fn new(bytes: u64) -> Self {
        assert!(MIN <= bytes && bytes <= MAX);
        Self(bytes)
    }

    pub(crate) fn bytes(self) -> u64 {
        self.0
    }
}

impl<'de, const MIN: u64, const MAX: u64> Deserialize<'de> for Size<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let size = ByteSize::deserialize(deserializer)?.bytes();
        if (MIN..=MAX).contains(&size) {
            return Ok(Self(size));
        }
        Err(D::Error::custom(format_args!(
            "wanted a size from {MIN} to {MAX} bytes, found {size}"
        )))
    }
}

/// A positive time.
pub(super) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let time = Duration::deserialize(deserializer)?;
    if time.is_zero() {
        return Err(D::Error::custom("wanted a time above zero, found 00:00:00"));
    }
    Ok(time)
}

/// A positive time; an empty text is none at all.
pub(super) fn positive_or_never<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    Option::<Positive>::deserialize(deserializer).map(|it| it.map(|it| it.0))
}

struct Positive(Duration);

impl<'de> Deserialize<'de> for Positive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        positive(deserializer).map(Self)
    }
}

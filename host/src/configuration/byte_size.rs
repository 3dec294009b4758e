//! Sizes in bytes: `64 KiB`.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A number of bytes, as a setting: `4096`, `64 KiB`, `1.5 MB`.
///
/// `KiB`, `MiB`, `GiB` and `TiB` are powers of 1024, `kB`, `MB`, `GB` and `TB` powers of 1000, `B` or nothing is a byte.
/// Case and spaces do not count. What is no whole number of bytes is refused.
///
/// ```
/// use campanile_host::configuration::ByteSize;
///
/// let limit: ByteSize = "64 KiB".parse()?;
/// assert_eq!(limit.bytes(), 65_536);
/// assert_eq!(ByteSize(1_500_000).to_string(), "1500000 B");
/// # Ok::<(), campanile_host::configuration::ByteSizeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(pub u64);

const UNITS: [(&str, u64); 9] = [
    ("tib", 1 << 40),
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("b", 1),
];

/// Digits behind the point that are still looked at: enough for a byte of a tebibyte.
const MOST_DIGITS: usize = 12;

impl ByteSize {
    /// The number of bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }
}

/// A text is no [`ByteSize`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wanted {WANTED}, found '{text}'")]
pub struct ByteSizeError {
    text: String,
}

const WANTED: &str = "a size in bytes such as 4096, 64 KiB or 10 MB";

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        parse(text).ok_or_else(|| ByteSizeError {
            text: text.to_owned(),
        })
    }
}

fn parse(text: &str) -> Option<ByteSize> {
    let text = text.trim().to_ascii_lowercase();
    let unit = UNITS
        .iter()
        .find_map(|(name, size)| Some((text.strip_suffix(name)?, *size)));
    let (number, unit) = unit.unwrap_or((&text, 1));
    let number = number.trim();
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some((whole, fraction)) => (whole, fraction.trim_end_matches('0')),
        None => (number, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || fraction.len() > MOST_DIGITS
    {
        return None;
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = digits.checked_mul(u128::from(unit))?;
    if scaled % scale != 0 {
        return None;
    }
    u64::try_from(scaled / scale).ok().map(ByteSize)
}

impl fmt::Display for ByteSize {
    /// In the largest unit of 1024 that leaves a whole number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
        let fits = units
            .iter()
            .find(|(_, bits)| self.0 != 0 && self.0.is_multiple_of(1 << bits));
        match fits {
            Some((name, bits)) => write!(f, "{} {name}", self.0 >> bits),
            None => write!(f, "{} B", self.0),
        }
    }
}

impl From<u64> for ByteSize {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

impl From<ByteSize> for u64 {
    fn from(size: ByteSize) -> Self {
        size.0
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ByteSizeVisitor)
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct ByteSizeVisitor;

impl Visitor<'_> for ByteSizeVisitor {
    type Value = ByteSize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WANTED)
    }

    fn visit_u64<E>(self, bytes: u64) -> Result<ByteSize, E> {
        Ok(ByteSize(bytes))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ByteSize, E> {
        parse(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_bytes_in_units_of_1024_and_1000() {
        for (text, bytes) in [
            ("0", 0),
            ("4096", 4096),
            (" 64 KiB ", 65_536),
            ("64kib", 65_536),
            ("1.5 MB", 1_500_000),
            ("0.5KiB", 512),
            ("2 B", 2),
            ("1 TiB", 1 << 40),
            ("16777215.9999990463256836 TiB", u64::MAX),
            ("1.50 kB", 1_500),
        ] {
            let parsed = parse(text).map(ByteSize::bytes);
            let has_too_many_digits = text.len() > 25;
            assert_eq!(
                parsed,
                Some(bytes).filter(|_| !has_too_many_digits),
                "{text}"
            );
        }
        for text in [
            "",
            "KiB",
            "-1",
            "1.",
            ".5 KiB",
            "0.3 B",
            "1 K",
            "1,5 MB",
            "16777216 TiB",
            "1e3",
            "1_000",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for bytes in [0, 1, 1_500, 1_024, 5 << 20, 3 << 40, u64::MAX] {
            let size = ByteSize(bytes);
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        assert_eq!(ByteSize(5 << 20).to_string(), "5 MiB");
    }
}

//! [`LogLevel`].

use std::fmt;
use std::str::FromStr;

use tracing::Level;

/// How important a log entry is, in .NET's names; as the lowest level of a category, `None` silences it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    /// `tracing::trace!`
    Trace,
    /// `tracing::debug!`
    Debug,
    /// `tracing::info!`
    Information,
    /// `tracing::warn!`
    Warning,
    /// `tracing::error!`
    Error,
    /// `tracing::error!` with the field `critical = true`
    Critical,
    /// Nothing at all.
    None,
}

impl LogLevel {
    /// All levels, from the lowest.
    pub const ALL: [Self; 7] = [
        Self::Trace,
        Self::Debug,
        Self::Information,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::None,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Trace => "Trace",
            Self::Debug => "Debug",
            Self::Information => "Information",
            Self::Warning => "Warning",
            Self::Error => "Error",
            Self::Critical => "Critical",
            Self::None => "None",
        }
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::TRACE => Self::Trace,
            Level::DEBUG => Self::Debug,
            Level::INFO => Self::Information,
            Level::WARN => Self::Warning,
            Level::ERROR => Self::Error,
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A text is no level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a log level; use Trace, Debug, Information, Warning, Error, Critical or None, or a number from 0 to 6"
)]
pub struct ParseLogLevelError(String);

impl FromStr for LogLevel {
    type Err = ParseLogLevelError;

    /// Reads a level's name, ignoring case, or its number (`Trace` is 0).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        let by_number = || Self::ALL.get(trimmed.parse::<usize>().ok()?).copied();
        Self::ALL
            .into_iter()
            .find(|level| level.name().eq_ignore_ascii_case(trimmed))
            .or_else(by_number)
            .ok_or_else(|| ParseLogLevelError(text.to_owned()))
    }
}

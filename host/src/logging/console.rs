//! [`ConsoleSettings`]: all that the section `Logging:Console` may say.

use std::num::NonZeroU32;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny};

use super::error::LoggingError;
use super::level::LogLevel;
use crate::configuration::Configuration;

const SECTION: &str = "Logging:Console";

/// `Logging:Console`. Bound strictly: a key that is not here is an error that names the nearest one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConsoleSettings {
    pub(super) formatter_name: Option<FormatterName>,
    pub(super) formatter_options: FormatterOptions,
    log_to_standard_error_threshold: Option<Threshold>,
    /// Read with the rules of the other providers.
    #[serde(rename = "log_level")]
    _log_level: IgnoredAny,
    #[serde(rename = "queue_full_mode")]
    _queue_full_mode: Option<QueueFullMode>,
    #[serde(rename = "max_queue_length")]
    _max_queue_length: Option<NonZeroU32>,
    #[serde(rename = "format")]
    _format: Format,
    #[serde(rename = "disable_colors")]
    _disable_colors: DisableColors,
    #[serde(rename = "include_scopes")]
    _include_scopes: Moved,
    #[serde(rename = "timestamp_format")]
    _timestamp_format: Moved,
    #[serde(rename = "use_utc_timestamp")]
    _use_utc_timestamp: Moved,
}

impl ConsoleSettings {
    pub(super) fn read(configuration: &Configuration) -> Result<Self, LoggingError> {
        let mut settings: Self = configuration.bind(SECTION)?;
        settings.formatter_options.include_scopes &= captures_scopes(configuration)?;
        Ok(settings)
    }

    /// The level from which on entries go to standard error.
    pub(super) fn errors_from(&self) -> LogLevel {
        self.log_to_standard_error_threshold
            .as_ref()
            .map_or(LogLevel::None, |it| it.0)
    }
}

/// Whether anybody is to see scopes: `Logging:CaptureScopes`, which is true unless it is said otherwise.
pub(super) fn captures_scopes(configuration: &Configuration) -> Result<bool, LoggingError> {
    let said: Option<bool> = configuration.bind("Logging:CaptureScopes")?;
    Ok(said.unwrap_or(true))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FormatterName {
    Simple,
    Json,
    Systemd,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FormatterOptions {
    pub(super) include_scopes: bool,
    pub(super) timestamp_format: Option<String>,
    pub(super) use_utc_timestamp: bool,
    pub(super) single_line: bool,
    pub(super) color_behavior: ColorBehavior,
    pub(super) json_writer_options: JsonWriterOptions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JsonWriterOptions {
    pub(super) indented: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) enum ColorBehavior {
    #[default]
    Default,
    Enabled,
    Disabled,
}

/// What happens to an entry where .NET's queue is full. Here each is written before the program goes on, so none is dropped.
#[derive(Debug, Deserialize)]
enum QueueFullMode {
    Wait,
}

#[derive(Debug)]
struct Threshold(LogLevel);

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// Settings that .NET has in another place since version 5, and reads here for old times' sake.
macro_rules! obsolete {
    ($($name:ident: $instead:literal;)*) => {$(
        #[derive(Debug, Default)]
        struct $name;

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                // Whatever it is: the setting is what is wrong.
                IgnoredAny::deserialize(deserializer)?;
                Err(D::Error::custom($instead))
            }
        }
    )*};
}

obsolete! {
    Moved: "this is not read in its old place: wanted the same key below Logging:Console:FormatterOptions";
    DisableColors: "this is not read any more: wanted Disabled as Logging:Console:FormatterOptions:ColorBehavior";
    Format: "this is not read any more: wanted simple, json or systemd as Logging:Console:FormatterName";
}

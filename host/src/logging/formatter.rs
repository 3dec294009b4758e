//! [`ConsoleFormatter`].

use std::io::IsTerminal;

use super::console::{ColorBehavior, ConsoleSettings, FormatterName};
use super::entry::LogEntry;
use super::error::LoggingError;
use super::json::Json;
use super::simple::Simple;
use super::timestamp::TimestampFormat;
use crate::configuration::Configuration;
use crate::systemd::is_systemd_service;

pub(super) const NAME: &str = "Logging:Console:FormatterName";
pub(super) const OPTIONS: &str = "Logging:Console:FormatterOptions";

/// How the console writes an entry; to the character as .NET does, but for control characters, which are escaped.
///
/// | `Logging:Console:FormatterName` | |
/// | --- | --- |
/// | `simple` | `info: clock_app.worker[0]`, below it, indented, the scopes, the message and the error |
/// | `json` | one object an entry: `{"EventId":0,"LogLevel":"Information","Category":"clock_app.worker","Message":"…","State":{…}}`, with the fields of the event as `State`, and those of a span in an object for its scope |
/// | `systemd` | `<6>clock_app.worker[0] message error` in one line; the default under systemd |
///
/// | `Logging:Console:FormatterOptions:…` | |
/// | --- | --- |
/// | `IncludeScopes` | whether the spans around an event are written; `false` by default, and where `Logging:CaptureScopes` is |
/// | `TimestampFormat` | a date and time format of .NET, such as `yyyy-MM-dd HH:mm:ss.fff `; none by default |
/// | `UseUtcTimestamp` | `false` by default: local time |
/// | `SingleLine` | (`simple`) everything in one line; `false` by default |
/// | `JsonWriterOptions:Indented` | (`json`) over several lines; `false` by default |
/// | `ColorBehavior` | (`simple`) `Default`: colours on a terminal, unless `NO_COLOR` is set, or where `FORCE_COLOR` is; `Enabled`; `Disabled` |
#[derive(Clone, Debug)]
pub struct ConsoleFormatter {
    kind: Kind,
    scopes: bool,
    timestamp: TimestampFormat,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Simple(Simple),
    Json(Json),
    Systemd,
}

impl ConsoleFormatter {
    /// Makes the formatter that the section `Logging:Console` describes.
    ///
    /// # Errors
    ///
    /// The section has a key that is not known, or a value that cannot be read.
    pub fn from_configuration(configuration: &Configuration) -> Result<Self, LoggingError> {
        Self::new(ConsoleSettings::read(configuration)?)
    }

    pub(super) fn new(settings: ConsoleSettings) -> Result<Self, LoggingError> {
        let options = settings.formatter_options;
        let name = settings.formatter_name.unwrap_or(if is_systemd_service() {
            FormatterName::Systemd
        } else {
            FormatterName::Simple
        });
        let format = options.timestamp_format.unwrap_or_default();
        let timestamp =
            TimestampFormat::parse(&format, options.use_utc_timestamp).map_err(|reason| {
                LoggingError::Timestamp {
                    key: format!("{OPTIONS}:TimestampFormat"),
                    found: format.clone(),
                    reason,
                }
            })?;
        let kind = match name {
            FormatterName::Systemd => Kind::Systemd,
            FormatterName::Json => Kind::Json(Json {
                indented: options.json_writer_options.indented,
                scopes: options.include_scopes,
            }),
            FormatterName::Simple => Kind::Simple(Simple {
                single_line: options.single_line,
                scopes: options.include_scopes,
                colours: options.color_behavior.wants_colours(),
            }),
        };
        Ok(Self {
            kind,
            scopes: options.include_scopes,
            timestamp,
        })
    }

    /// Appends the entry, with its line end, to `out`. Nothing is written for one with neither message nor error, except
    /// by `json`.
    pub fn format(&self, entry: &LogEntry<'_>, out: &mut String) {
        let is_empty = entry.message.is_empty() && entry.error.is_none_or(str::is_empty);
        match self.kind {
            Kind::Json(json) => {
                let mut timestamp = String::new();
                self.timestamp.write_now(&mut timestamp);
                let timestamp = Some(&*timestamp).filter(|it| !it.is_empty());
                json.write(entry, timestamp, out);
            }
            _ if is_empty => {}
            Kind::Simple(simple) => {
                self.timestamp.write_now(out);
                simple.write(entry, out);
            }
            Kind::Systemd => {
                let mut timestamp = String::new();
                self.timestamp.write_now(&mut timestamp);
                super::systemd::write(entry, &timestamp, self.scopes, out);
            }
        }
    }

    /// Whether the fields of an event are wanted with their types.
    pub(crate) fn wants_fields(&self) -> bool {
        matches!(self.kind, Kind::Json(_))
    }

    /// Whether the spans around an event are written.
    pub(crate) fn includes_scopes(&self) -> bool {
        self.scopes
    }
}

impl ColorBehavior {
    fn wants_colours(self) -> bool {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Enabled => true,
            Self::Disabled => false,
            Self::Default if is_set("NO_COLOR") => false,
            Self::Default => is_set("FORCE_COLOR") || std::io::stdout().is_terminal(),
        }
    }
}

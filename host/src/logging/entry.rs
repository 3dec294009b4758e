//! [`LogEntry`].

use serde_json::Value;

use super::level::LogLevel;

/// One entry of the log, as a formatter gets it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogEntry<'a> {
    /// How important it is.
    pub level: LogLevel,
    /// Who wrote it: the target with `.` for `::`.
    pub category: &'a str,
    /// The field `event_id`, else 0.
    pub event_id: i64,
    /// The message, followed by ` name=value` for each further field.
    pub message: &'a str,
    /// The field `error` with what caused it, each cause on a line of its own.
    pub error: Option<&'a str>,
    /// The spans around it, the outermost first.
    pub scopes: &'a [&'a str],
    /// The further fields, with their types where they have one: what `json` writes as `State`.
    pub(crate) fields: &'a [(&'static str, Value)],
    /// The fields of the spans, one list for each of `scopes`; empty where nobody wants them.
    pub(crate) scope_fields: &'a [Vec<(&'static str, Value)>],
}

impl<'a> LogEntry<'a> {
    /// An entry with nothing but a message.
    #[must_use]
    pub const fn new(level: LogLevel, category: &'a str, message: &'a str) -> Self {
        Self {
            level,
            category,
            event_id: 0,
            message,
            error: None,
            scopes: &[],
            fields: &[],
            scope_fields: &[],
        }
    }
}

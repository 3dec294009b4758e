//! [`LogRecord`] and [`LogScope`]: what `tracing` has to say, taken apart as the host's log does.

use serde_json::Value;
use tracing::span::{Attributes, Record};
use tracing::{Event, Level};

use super::category::Category;
use super::fields::{Fields, Scope};
use super::level::LogLevel;

/// An event of `tracing` as an entry of the log, for layers that send it elsewhere: see
/// [`LogProvider`](super::LogProvider).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogRecord {
    /// How important it is.
    pub level: LogLevel,
    /// Who wrote it: the target with `.` for `::`.
    pub category: String,
    /// The field `event_id`, else 0.
    pub event_id: i64,
    /// The message alone, without further fields.
    pub message: String,
    /// The field `error` with what caused it, each cause on a line of its own.
    pub error: Option<String>,
    /// The further fields, with their types where JSON has them, else as text.
    pub fields: Vec<(&'static str, Value)>,
}

impl LogRecord {
    /// Takes an event apart.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Self {
        let mut fields = Fields::default();
        fields.clear(true);
        event.record(&mut fields);
        let level = *event.metadata().level();
        Self {
            level: match level {
                Level::ERROR if fields.critical => LogLevel::Critical,
                level => level.into(),
            },
            category: Category(event.metadata().target()).to_string(),
            event_id: fields.event_id,
            message: fields.message,
            error: Some(fields.error).filter(|error| !error.is_empty()),
            fields: fields.typed,
        }
    }
}

/// A span of `tracing` as a scope of the log; to be kept in the span's extensions.
#[derive(Debug)]
pub struct LogScope(pub(super) Scope);

impl LogScope {
    /// The scope of a span that begins.
    #[must_use]
    pub fn new(attributes: &Attributes<'_>) -> Self {
        let mut scope = Scope::new(attributes.metadata().name());
        attributes.record(&mut scope);
        Self(scope)
    }

    /// Adds fields that are known only now.
    pub fn record(&mut self, values: &Record<'_>) {
        values.record(&mut self.0);
    }

    /// The span's name and ` name=value` for each field.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The fields with their types; of those of one name the last.
    #[must_use]
    pub fn fields(&self) -> &[(&'static str, Value)] {
        &self.0.fields
    }
}

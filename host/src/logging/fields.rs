//! What an event or a span carries.

use std::error::Error;
use std::fmt::{Debug, Write};

use tracing::field::{Field, Visit};

use super::error_chain::ErrorChain;

/// The fields of an event, sorted into what a log entry is made of. Its texts are kept to be filled again.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) message: String,
    pub(crate) error: String,
    pub(crate) event_id: i64,
    pub(crate) critical: bool,
    others: String,
}

impl Fields {
    pub(crate) fn clear(&mut self) {
        self.message.clear();
        self.error.clear();
        self.others.clear();
        self.event_id = 0;
        self.critical = false;
    }

    /// Puts the further fields behind the message, whatever order they came in.
    pub(crate) fn complete(&mut self) {
        let others = if self.message.is_empty() {
            self.others.trim_start()
        } else {
            &self.others
        };
        self.message.push_str(others);
    }

    fn record(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a String fails only if the value's own formatting does; then what it wrote so far stays.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "error" => write!(self.error, "{value:?}"),
            name => write!(self.others, " {}={value:?}", plain(name)),
        };
    }
}

/// A raw identifier without its prefix.
fn plain(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, &format_args!("{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if field.name() == "event_id" {
            self.event_id = value;
        } else {
            self.record(field, &value);
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            Err(_) => self.record(field, &value),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "critical" {
            self.critical = value;
        } else {
            self.record(field, &value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record(field, &format_args!("{}", ErrorChain::in_lines(value)));
    }
}

/// A span as a scope: its name, then ` key=value` for each field.
#[derive(Debug)]
pub(crate) struct Scope(pub(crate) String);

impl Visit for Scope {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // As above.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {}={value:?}", plain(name)),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}

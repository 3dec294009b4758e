//! What an event or a span carries.

use std::error::Error;
use std::fmt::{Debug, Display, Formatter, Write};

use tracing::field::{Field, Visit};

use serde_json::Value;

use super::error_chain::ErrorChain;

/// A value whose text is that of its `Debug`.
struct Shown<'a, T: ?Sized>(&'a T);

impl<T: Debug + ?Sized> Display for Shown<'_, T> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The fields of an event, sorted into what a log entry is made of. Its texts are kept to be filled again.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) message: String,
    pub(crate) error: String,
    pub(crate) event_id: i64,
    pub(crate) critical: bool,
    others: String,
    /// The other fields with their types; kept only if asked for.
    pub(crate) typed: Vec<(&'static str, Value)>,
    keeps_types: bool,
}

impl Fields {
    pub(crate) fn clear(&mut self, keeps_types: bool) {
        self.typed.clear();
        self.keeps_types = keeps_types;
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
        self.record_typed(field, value, |text| Value::String(text.to_string()));
    }

    fn record_typed<T: Debug + ?Sized>(
        &mut self,
        field: &Field,
        value: &T,
        json: impl FnOnce(Shown<'_, T>) -> Value,
    ) {
        if self.keeps_types && !matches!(field.name(), "message" | "error") {
            self.typed.push((plain(field.name()), json(Shown(value))));
        }
        // Writing to a String fails only if the value's own formatting does; then what it wrote so far stays.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            "error" => write!(self.error, "{value:?}"),
            name => write!(self.others, " {}={value:?}", plain(name)),
        };
    }
}

/// A raw identifier without its prefix.
fn plain(name: &'static str) -> &'static str {
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
            self.record_typed(field, &value, |_| value.into());
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            Err(_) => self.record_typed(field, &value, |_| value.into()),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record_typed(field, &value, |text| {
            // What JSON has no number for is text.
            serde_json::Number::from_f64(value)
                .map_or_else(|| Value::String(text.to_string()), Value::Number)
        });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        if field.name() == "critical" {
            self.critical = value;
        } else {
            self.record_typed(field, &value, |_| value.into());
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.record(field, &format_args!("{}", ErrorChain::in_lines(value)));
    }
}

/// A span as a scope.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Its name, then ` key=value` for each field.
    pub(crate) text: String,
    /// The fields with their types; the last of those that were recorded under one name.
    pub(crate) fields: Vec<(&'static str, Value)>,
}

impl Scope {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            text: name.to_owned(),
            fields: Vec::new(),
        }
    }

    fn record(&mut self, field: &Field, value: &dyn Debug, typed: Option<Value>) {
        // As above.
        let _ = match field.name() {
            "message" => write!(self.text, " {value:?}"),
            name => write!(self.text, " {}={value:?}", plain(name)),
        };
        if field.name() == "message" {
            return;
        }
        let name = plain(field.name());
        self.fields.retain(|(other, _)| *other != name);
        let typed = typed.unwrap_or_else(|| Value::String(format!("{value:?}")));
        self.fields.push((name, typed));
    }
}

impl Visit for Scope {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record(field, value, None);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, &format_args!("{value}"), None);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, &value, Some(value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, &value, Some(value.into()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        let number = serde_json::Number::from_f64(value).map(Value::Number);
        self.record(field, &value, number);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, &value, Some(value.into()));
    }
}

//! The formatter `json`: one object an entry, as .NET 10 writes it.

use std::fmt::Write;

use serde_json::Value;

use super::entry::LogEntry;
use super::level::LogLevel;

/// How `json` writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json {
    pub(crate) indented: bool,
    pub(crate) scopes: bool,
}

impl Json {
    /// Appends the entry.
    pub(crate) fn write(self, entry: &LogEntry<'_>, timestamp: Option<&str>, out: &mut String) {
        let mut writer = Writer {
            out,
            indented: self.indented,
            depth: 0,
            is_first: true,
        };
        writer.begin('{');
        if let Some(timestamp) = timestamp {
            writer.key("Timestamp");
            writer.text(timestamp);
        }
        writer.key("EventId");
        writer.raw(entry.event_id);
        writer.key("LogLevel");
        writer.text(word(entry.level));
        writer.key("Category");
        writer.text(entry.category);
        writer.key("Message");
        writer.text(entry.message);
        if let Some(error) = entry.error.filter(|error| !error.is_empty()) {
            writer.key("Exception");
            writer.text(error);
        }
        writer.key("State");
        writer.begin('{');
        writer.fields(entry.fields);
        writer.end('}');
        if self.scopes {
            writer.key("Scopes");
            writer.begin('[');
            for (at, scope) in entry.scopes.iter().enumerate() {
                writer.item();
                match entry
                    .scope_fields
                    .get(at)
                    .filter(|fields| !fields.is_empty())
                {
                    Some(fields) => {
                        writer.begin('{');
                        writer.key("Message");
                        writer.text(scope);
                        writer.fields(fields);
                        writer.end('}');
                    }
                    None => writer.text(scope),
                }
            }
            writer.end(']');
        }
        writer.end('}');
        out.push('\n');
    }
}

fn word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "Trace",
        LogLevel::Debug => "Debug",
        LogLevel::Information => "Information",
        LogLevel::Warning => "Warning",
        LogLevel::Error => "Error",
        LogLevel::Critical | LogLevel::None => "Critical",
    }
}

struct Writer<'a> {
    out: &'a mut String,
    indented: bool,
    depth: usize,
    is_first: bool,
}

impl Writer<'_> {
    fn begin(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
        self.is_first = true;
    }

    fn end(&mut self, bracket: char) {
        self.depth -= 1;
        if !self.is_first {
            self.line();
        }
        self.out.push(bracket);
        self.is_first = false;
    }

    fn item(&mut self) {
        if !self.is_first {
            self.out.push(',');
        }
        self.is_first = false;
        self.line();
    }

    fn key(&mut self, name: &str) {
        self.item();
        self.text(name);
        self.out.push_str(if self.indented { ": " } else { ":" });
    }

    fn fields(&mut self, fields: &[(&'static str, Value)]) {
        for (name, value) in fields {
            self.key(name);
            match value {
                Value::String(text) => self.text(text),
                other => self.raw(other),
            }
        }
    }

    fn line(&mut self) {
        if self.indented {
            self.out.push('\n');
            for _ in 0..self.depth {
                self.out.push_str("  ");
            }
        }
    }

    fn raw(&mut self, value: impl std::fmt::Display) {
        // Writing to a String does not fail.
        let _ = write!(self.out, "{value}");
    }

    /// A string, in which as in .NET everything beyond printable ASCII is escaped, and what is special to HTML.
    fn text(&mut self, text: &str) {
        self.out.push('"');
        for character in text.chars() {
            match character {
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                '"' | '&' | '\'' | '+' | '<' | '>' | '`' => self.escape(character),
                ' '..='~' => self.out.push(character),
                _ => self.escape(character),
            }
        }
        self.out.push('"');
    }

    fn escape(&mut self, character: char) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            // As above.
            let _ = write!(self.out, "\\u{unit:04X}");
        }
    }
}

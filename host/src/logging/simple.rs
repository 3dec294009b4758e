//! The formatter `simple`.

use std::fmt::Write;

use super::entry::LogEntry;
use super::level::LogLevel;
use super::text::push_text;

/// What continuation lines begin with: as wide as `info: `.
const INDENT: &str = "      ";

/// How `simple` writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Simple {
    pub(crate) single_line: bool,
    pub(crate) scopes: bool,
    pub(crate) colours: bool,
}

impl Simple {
    /// Appends the entry, after its time stamp.
    pub(crate) fn write(self, entry: &LogEntry<'_>, out: &mut String) {
        let (word, colour) = word_and_colour(entry.level);
        if self.colours {
            out.push_str(colour);
            out.push_str(word);
            out.push_str("\u{1b}[39m\u{1b}[22m\u{1b}[49m");
        } else {
            out.push_str(word);
        }
        out.push_str(": ");
        push_text(out, entry.category, " ");
        // Writing to a String does not fail.
        let _ = write!(out, "[{}]", entry.event_id);
        if self.single_line {
            self.write_scopes(entry, out, "");
            for text in texts(entry) {
                out.push(' ');
                push_text(out, text, " ");
            }
            out.push('\n');
        } else {
            out.push('\n');
            if self.write_scopes(entry, out, INDENT) {
                out.push('\n');
            }
            for text in texts(entry) {
                out.push_str(INDENT);
                push_text(out, text, "\n      ");
                out.push('\n');
            }
        }
    }

    fn write_scopes(self, entry: &LogEntry<'_>, out: &mut String, indent: &str) -> bool {
        if !self.scopes || entry.scopes.is_empty() {
            return false;
        }
        out.push_str(indent);
        for (index, scope) in entry.scopes.iter().enumerate() {
            // The first arrow of a line of its own follows the indentation, of which it is a part.
            out.push_str(if index == 0 && !indent.is_empty() {
                "=> "
            } else {
                " => "
            });
            push_text(out, scope, " ");
        }
        true
    }
}

/// Message and error, those that there are.
pub(crate) fn texts<'a>(entry: &LogEntry<'a>) -> impl Iterator<Item = &'a str> {
    [Some(entry.message), entry.error]
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
}

fn word_and_colour(level: LogLevel) -> (&'static str, &'static str) {
    match level {
        LogLevel::Trace => ("trce", "\u{1b}[40m\u{1b}[37m"),
        LogLevel::Debug => ("dbug", "\u{1b}[40m\u{1b}[37m"),
        LogLevel::Information => ("info", "\u{1b}[40m\u{1b}[32m"),
        LogLevel::Warning => ("warn", "\u{1b}[40m\u{1b}[1m\u{1b}[33m"),
        LogLevel::Error => ("fail", "\u{1b}[41m\u{1b}[30m"),
        LogLevel::Critical | LogLevel::None => ("crit", "\u{1b}[41m\u{1b}[1m\u{1b}[37m"),
    }
}

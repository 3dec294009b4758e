//! The formatter `systemd`: one line an entry, led by the journal's level.

use std::fmt::Write;

use super::entry::LogEntry;
use super::level::LogLevel;
use super::simple::texts;
use super::text::push_text;

/// Appends the entry; the time stamp stands between the level and the category.
pub(crate) fn write(entry: &LogEntry<'_>, timestamp: &str, scopes: bool, out: &mut String) {
    let priority = match entry.level {
        LogLevel::Trace | LogLevel::Debug => 7,
        LogLevel::Information => 6,
        LogLevel::Warning => 4,
        LogLevel::Error => 3,
        LogLevel::Critical | LogLevel::None => 2,
    };
    // Writing to a String does not fail.
    let _ = write!(out, "<{priority}>{timestamp}");
    push_text(out, entry.category, " ");
    let _ = write!(out, "[{}]", entry.event_id);
    if scopes {
        for scope in entry.scopes {
            out.push_str(" => ");
            push_text(out, scope, " ");
        }
    }
    for text in texts(entry) {
        out.push(' ');
        push_text(out, text, " ");
    }
    out.push('\n');
}

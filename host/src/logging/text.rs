//! Text that comes from anywhere, made fit for a log.

use std::fmt::Write;

/// Appends `text`, its line ends replaced by `line_end`, and every control character but the tab as `\u001b`: whoever
/// gets text into a log can neither forge an entry nor drive the terminal that shows it. A carriage return is left where
/// it belongs to a line end.
pub(crate) fn push_text(out: &mut String, text: &str, line_end: &str) {
    let mut plain = 0;
    for (at, character) in text.char_indices() {
        if !character.is_control() || character == '\t' {
            continue;
        }
        if character == '\r' && text[at + 1..].starts_with('\n') {
            continue;
        }
        out.push_str(&text[plain..at]);
        plain = at + character.len_utf8();
        if character == '\n' {
            out.push_str(line_end);
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        }
    }
    out.push_str(&text[plain..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(text: &str) -> String {
        let mut out = String::new();
        push_text(&mut out, text, "|");
        out
    }

    #[test]
    fn control_characters_are_escaped_and_line_ends_replaced() {
        assert_eq!(pushed("plain \u{e9} 日本\ttab"), "plain \u{e9} 日本\ttab");
        assert_eq!(pushed("a\nb\r\nc\n"), "a|b\r|c|");
        assert_eq!(pushed("over\rwritten"), "over\\u000dwritten");
        assert_eq!(
            pushed("\u{1b}[31m \u{9b}31m \u{7f}"),
            "\\u001b[31m \\u009b31m \\u007f"
        );
    }
}

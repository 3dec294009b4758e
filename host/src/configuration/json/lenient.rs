//! Makes strict JSON of JSON with comments and trailing commas, without moving anything.

/// Puts spaces in place of `//` and `/* */` comments and of a comma that ends an object or an array.
///
/// Every byte stays where it was, so a position in the result is one in the original. What is wrong stays wrong.
pub(super) fn to_strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len());
    // The last character outside of spaces and comments, and the one before it if that is a comma.
    let mut last = None;
    let mut before_comma = None;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match (character, rest.as_str().chars().next()) {
            ('"', _) => {
                strict.push('"');
                let length = string_length(rest.as_str());
                let (string, after) = rest.as_str().split_at(length);
                strict.push_str(string);
                rest = after.chars();
            }
            ('/', Some(kind @ ('/' | '*'))) => {
                let length = comment_length(rest.as_str(), kind);
                let (comment, after) = rest.as_str().split_at(length);
                strict.push(' ');
                blank(&mut strict, comment);
                rest = after.chars();
                continue;
            }
            ('}' | ']', _) => {
                if let (Some((',', comma)), false) =
                    (last, matches!(before_comma, None | Some('{' | '[' | ',')))
                {
                    strict.replace_range(comma..=comma, " ");
                }
                strict.push(character);
            }
            _ => strict.push(character),
        }
        if !character.is_ascii_whitespace() {
            if character == ',' {
                before_comma = last.map(|(character, _)| character);
            }
            last = Some((character, strict.len() - character.len_utf8()));
        }
    }
    strict
}

/// The rest of a string behind its opening quote, up to and with the closing one.
fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The rest of a comment behind its first slash, without the line break that ends one of `//`.
fn comment_length(rest: &str, kind: char) -> usize {
    if kind == '/' {
        rest.find('\n').unwrap_or(rest.len())
    } else {
        rest[1..].find("*/").map_or(rest.len(), |at| at + 3)
    }
}

fn blank(strict: &mut String, comment: &str) {
    for character in comment.chars() {
        match character {
            '\n' => strict.push('\n'),
            other => strict.extend(std::iter::repeat_n(' ', other.len_utf8())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_spaces_and_nothing_moves() {
        for (text, strict) in [
            ("// ä\n{}", "     \n{}"),
            ("{/* a\n* / */}", "{    \n      }"),
            (r#"{"//": "/* */"}"#, r#"{"//": "/* */"}"#),
            (r#"{"\"//": 1}"#, r#"{"\"//": 1}"#),
            ("{} /* never closed", "{}                "),
            ("{/", "{/"),
        ] {
            assert_eq!(to_strict(text), strict);
            assert_eq!(to_strict(text).len(), text.len());
        }
    }

    #[test]
    fn only_a_comma_behind_a_value_is_taken_out() {
        for (text, strict) in [
            ("[1, ]", "[1  ]"),
            (r#"["a",/**/]"#, r#"["a"     ]"#),
            (r#"{"a": {"b": 1,},}"#, r#"{"a": {"b": 1 } }"#),
            ("[,]", "[,]"),
            ("{,}", "{,}"),
            ("[1,,]", "[1,,]"),
            (",]", ",]"),
            (r#"[",]"]"#, r#"[",]"]"#),
        ] {
            assert_eq!(to_strict(text), strict);
        }
    }
}

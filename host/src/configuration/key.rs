//! Configuration keys: how they compare, and how they are ordered.

use std::cmp::Ordering;

/// The segment below which stands what replaces all that weaker sources say.
const REPLACE: &str = "$replace";

/// What separates the segments of a key.
pub(super) const SEPARATOR: char = ':';

/// The form in which keys are compared: two keys that differ in case only have the same one.
///
/// Like .NET's ordinal comparison, this maps each character by itself, so no key changes its length in characters.
pub(super) fn fold(key: &str) -> String {
    key.chars().map(fold_char).collect()
}

/// Whether two keys are the same but for case.
pub(super) fn same(left: &str, right: &str) -> bool {
    left.chars().map(fold_char).eq(right.chars().map(fold_char))
}

/// What follows `prefix` in `key`, where `key` begins with it but for case.
pub(super) fn strip_prefix<'k>(key: &'k str, prefix: &str) -> Option<&'k str> {
    let mut rest = key.chars();
    prefix
        .chars()
        .all(|wanted| {
            rest.next()
                .is_some_and(|found| fold_char(found) == fold_char(wanted))
        })
        .then_some(rest.as_str())
}

/// `parent:child`, or just `child` at the top.
pub(super) fn join(parent: Option<&str>, child: &str) -> String {
    parent.map_or_else(|| child.to_owned(), |parent| format!("{parent}:{child}"))
}

/// The order of the children of a section: integers first, by number, then the others, ignoring case.
pub(super) fn compare_segments(left: &str, right: &str) -> Ordering {
    match (index(left), index(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => left
            .chars()
            .map(fold_char)
            .cmp(right.chars().map(fold_char)),
    }
}

/// What a key is that says `$replace`: the key of what is replaced, and the key without that segment.
///
/// Nothing replaces the whole configuration.
pub(super) fn replacement(key: &str) -> Option<(String, String)> {
    // Nearly no key is one.
    if !key.contains('$') {
        return None;
    }
    let is_marker = |segment: &str| same(segment, REPLACE);
    let segments: Vec<&str> = key.split(SEPARATOR).collect();
    let at = segments.iter().position(|it| is_marker(it))?;
    let separator = SEPARATOR.to_string();
    let rest: Vec<&str> = segments
        .iter()
        .copied()
        .filter(|it| !is_marker(it))
        .collect();
    (at > 0).then(|| (segments[..at].join(&separator), rest.join(&separator)))
}

/// The key that an environment variable or a file name stands for: `__` separates segments there.
pub(super) fn from_name(name: &str) -> String {
    name.replace("__", ":")
}

/// A segment as an index of an array.
pub(super) fn index(segment: &str) -> Option<i32> {
    segment.trim().parse().ok()
}

fn fold_char(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_compare_ignoring_case_in_every_script() {
        assert!(same("Clock:Interval", "CLOCK:interval"));
        assert!(same("grüße", "GRÜßE"));
        assert!(!same("a", "aa"));
        assert_eq!(fold("straße"), "STRAßE");
    }

    #[test]
    fn a_replacement_is_known_by_its_segment() {
        let pair = |of: &str, key: &str| Some((of.to_owned(), key.to_owned()));
        assert_eq!(replacement("A:B:$replace:0"), pair("A:B", "A:B:0"));
        assert_eq!(replacement("A:$Replace"), pair("A", "A"));
        assert_eq!(replacement("A:$replace:B:$replace:C"), pair("A", "A:B:C"));
        assert_eq!(replacement("A:B"), None);
        assert_eq!(replacement("$replace:A"), None);
    }

    #[test]
    fn a_prefix_is_taken_off_whatever_its_case() {
        assert_eq!(strip_prefix("bell_Other", "BELL_"), Some("Other"));
        assert_eq!(strip_prefix("bel", "BELL_"), None);
        assert_eq!(strip_prefix("x", ""), Some("x"));
    }

    #[test]
    fn children_are_ordered_as_dotnet_orders_them() {
        let mut segments = ["b", "10", "a", "9", "A1", "-1", "01", "_x"];
        segments.sort_by(|left, right| compare_segments(left, right));
        assert_eq!(segments, ["-1", "01", "9", "10", "a", "A1", "b", "_x"]);
    }
}

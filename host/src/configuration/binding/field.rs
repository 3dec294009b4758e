//! The names of fields, and the keys that stand for them.

use crate::configuration::key;

/// Whether a key stands for a field: their names are the same but for case and underscores.
pub(super) fn matches(field: &str, key: &str) -> bool {
    plain(field) == plain(key)
}

/// A name without what does not count in it.
pub(super) fn plain(name: &str) -> String {
    key::fold(&name.replace('_', ""))
}

/// A field's name as a key is usually written: `ShutdownTimeout` for `shutdown_timeout`.
///
/// A name that has capitals was chosen on purpose and stays as it is.
pub(in crate::configuration) fn display(field: &str) -> String {
    if field.chars().any(char::is_uppercase) {
        return field.to_owned();
    }
    field
        .split('_')
        .flat_map(|word| {
            let mut rest = word.chars();
            let first = rest.next().into_iter().flat_map(char::to_uppercase);
            first.chain(rest).collect::<Vec<_>>()
        })
        .collect()
}

/// The name that looks most like one that is not known, if any looks like it at all.
pub(super) fn nearest<'n>(
    unknown: &str,
    known: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let unknown = plain(unknown);
    // A third of the letters may be wrong, and one always.
    let most = (unknown.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (distance(&unknown, &plain(name)), name))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters have to be added, taken out, exchanged or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let changed = usize::from(left[i - 1] != right[j - 1]);
            let mut best = (rows[i - 1][j] + 1)
                .min(row[j - 1] + 1)
                .min(rows[i - 1][j - 1] + changed);
            let swapped =
                i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1];
            if swapped {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_underscores_do_not_count() {
        assert!(matches("shutdown_timeout", "ShutdownTimeout"));
        assert!(matches("r#type", "R#Type"));
        assert!(!matches("interval", "intervals"));
    }

    #[test]
    fn fields_are_shown_as_keys_are_written() {
        assert_eq!(display("shutdown_timeout"), "ShutdownTimeout");
        assert_eq!(display("maxBytes"), "maxBytes");
        assert_eq!(display("über"), "Über");
    }

    #[test]
    fn the_nearest_name_is_one_that_could_have_been_meant() {
        let known = ["interval", "time_zones", "name"];
        for (unknown, nearest_one) in [
            ("Intervall", Some("interval")),
            ("Intreval", Some("interval")),
            ("TimeZone", Some("time_zones")),
            ("nmae", Some("name")),
            ("Colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(unknown, known), nearest_one, "{unknown}");
        }
    }
}

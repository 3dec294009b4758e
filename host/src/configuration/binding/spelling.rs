//! How the field may be spelled that a key stands for.

/// The name itself, and how Rust and serde's `rename_all` spell the words that it consists of. Where a word ends is told by
/// capitals and underscores.
pub(super) fn of(name: &str) -> Vec<String> {
    let words = words(name);
    let lower = |word: &String| word.to_lowercase();
    let upper = |word: &String| word.to_uppercase();
    let join = |words: &[String], by: &str| words.join(by);
    let low: Vec<String> = words.iter().map(lower).collect();
    let high: Vec<String> = words.iter().map(upper).collect();
    let capital: Vec<String> = low.iter().map(|word| capitalized(word)).collect();
    let mut camel = capital.clone();
    if let (Some(first), Some(word)) = (camel.first_mut(), low.first()) {
        first.clone_from(word);
    }
    let mut spellings = vec![name.to_owned()];
    for spelling in [
        join(&low, "_"),
        join(&camel, ""),
        join(&capital, ""),
        join(&low, ""),
        join(&high, "_"),
        join(&high, ""),
    ] {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    spellings
}

fn capitalized(word: &str) -> String {
    let mut rest = word.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest).collect()
}

fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && (before.is_some_and(|it| !it.is_uppercase())
                || after.is_some_and(|it| it.is_lowercase()));
        if (*letter == '_' || begins) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if *letter != '_' {
            word.push(*letter);
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_capitals_and_underscores() {
        for (name, expected) in [
            ("TimeZones", "time zones"),
            ("time_zones", "time zones"),
            ("TIME_ZONES", "time zones"),
            ("HTTPPort2", "http port2"),
            ("_a__B", "a b"),
            ("TIMEZONES", "timezones"),
            ("", ""),
        ] {
            let words = words(name).join(" ").to_lowercase();
            assert_eq!(words, expected, "{name}");
        }
    }

    #[test]
    fn a_name_is_tried_as_it_is_first() {
        assert_eq!(
            of("MaxBytes"),
            [
                "MaxBytes",
                "max_bytes",
                "maxBytes",
                "maxbytes",
                "MAX_BYTES",
                "MAXBYTES"
            ]
        );
        assert_eq!(of("a"), ["a", "A"]);
    }
}

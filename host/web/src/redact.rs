//! What the log must not know of a query.

use std::borrow::Cow;

/// Parameters whose values are secrets.
const SECRETS: [&str; 2] = ["access_token", "id"];

/// The query without the values of tokens: who has a connection's `id` can speak on it.
pub(crate) fn redacted(query: &str) -> Cow<'_, str> {
    let is_secret = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        // A name may be written in any of the ways that mean the same.
        let name = form_urlencoded::parse(name.as_bytes()).next();
        name.is_some_and(|(name, _)| SECRETS.iter().any(|it| name.eq_ignore_ascii_case(it)))
    };
    if !query.split('&').any(is_secret) {
        return Cow::Borrowed(query);
    }
    let pairs: Vec<Cow<'_, str>> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if is_secret(pair) => Cow::Owned(format!("{name}=[Redacted]")),
            _ => Cow::Borrowed(pair),
        })
        .collect();
    Cow::Owned(pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn no_token_is_left() {
        for (query, expected) in [
            ("", ""),
            ("a=1&b", "a=1&b"),
            ("access_token=abc.def", "access_token=[Redacted]"),
            (
                "a=1&Access_Token=abc&b=2",
                "a=1&Access_Token=[Redacted]&b=2",
            ),
            ("access%5Ftoken=abc", "access%5Ftoken=[Redacted]"),
            ("id=abc&transport=1", "id=[Redacted]&transport=1"),
            ("access_token", "access_token"),
        ] {
            assert_eq!(redacted(query), expected);
        }
    }
}

//! Query strings, in which browsers send what they cannot send in headers.

/// The first value of the parameter `name`, ignoring the case of names, decoded as a form is. Nothing in a query is an
/// error: what cannot be decoded stands for itself.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    values(query, name).next()
}

/// All values of the parameter `name`, ignoring the case of names, in their order.
pub fn values<'a>(query: &'a str, name: &'a str) -> impl Iterator<Item = String> + 'a {
    form_urlencoded::parse(query.as_bytes())
        .filter_map(move |(key, value)| key.eq_ignore_ascii_case(name).then(|| value.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_values_are_decoded() {
        let query = "a=1&NegotiateVersion=2&b=%C3%A9+x&bad=%zz%4&empty&a=3";
        assert_eq!(parameter(query, "negotiateVersion").as_deref(), Some("2"));
        assert_eq!(parameter(query, "b").as_deref(), Some("é x"));
        assert_eq!(parameter(query, "bad").as_deref(), Some("%zz%4"));
        assert_eq!(parameter(query, "empty").as_deref(), Some(""));
        assert_eq!(parameter(query, "c"), None);
        assert_eq!(values(query, "a").collect::<Vec<_>>(), ["1", "3"]);
    }
}

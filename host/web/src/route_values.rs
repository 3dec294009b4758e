//! What the parameters of a route matched.

use std::borrow::Cow;

/// What stands in a request's path where its route has parameters, decoded. In the extensions of a request whose route has
/// any.
///
/// ```
/// use campanile_web::{Request, RouteValues};
///
/// // mapped as "/greet/{name}"
/// async fn greet(request: Request) -> String {
///     let values = request.extensions().get::<RouteValues>();
///     let name = values.and_then(|values| values.get("name")).unwrap_or("world");
///     format!("Hello {name}")
/// }
/// ```
#[doc(alias = "RouteValueDictionary")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteValues(Vec<(String, String)>);

impl RouteValues {
    /// The value of the parameter with that name, ignoring case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.iter();
        all.find(|(it, _)| it.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// All parameters with their values, in the order of the path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), decode(value).into_owned()));
    }
}

/// Undoes percent-encoding. What is no valid encoding, or does not give UTF-8, stays as it is.
fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let byte = match (first, behind) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &behind[2..] } else { behind };
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    // A hexadecimal digit is below 16.
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn values_are_decoded() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a%20b", "a b"),
            ("%C3%A9", "é"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%FF", "%FF"),
            ("%2f%2F", "//"),
        ] {
            assert_eq!(decode(text), expected);
        }
    }
}

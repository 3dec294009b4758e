use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};

use super::values::Values;
use crate::ProtocolError;

/// How deep arrays and objects may be nested, the message itself included. System.Text.Json's limit.
pub(super) const MAXIMUM_DEPTH: usize = 64;

/// Reads one property after the other, in the order of the text.
pub(crate) trait ReadProperty<'de> {
    /// The properties that are known, and one case for those that are not.
    type Name: for<'a> From<&'a str>;

    /// Reads the value of the property by one of the functions of `values`.
    fn read<A: MapAccess<'de>>(
        &mut self,
        name: Self::Name,
        values: &mut Values<A>,
    ) -> Result<(), A::Error>;
}

/// Reads an object's properties. What follows the object is ignored, as ASP.NET Core does.
///
/// # Errors
///
/// The first error in the order of the text: a value of the wrong type wins over broken JSON behind it.
pub(crate) fn read_object<'de>(
    body: &'de [u8],
    target: &mut impl ReadProperty<'de>,
) -> Result<(), ProtocolError> {
    let text = valid_prefix(body);
    let start = text.trim_ascii_start();
    if !start.starts_with('{') {
        return Err(not_an_object(start));
    }
    let mut error = None;
    let visitor = ObjectVisitor {
        target,
        error: &mut error,
        may_be_deep: may_be_deep(text),
    };
    serde_json::Deserializer::from_str(text)
        .deserialize_map(visitor)
        .map_err(|it| match error {
            // The values below say what they expected: serde's data errors are values of another type.
            Some(error) if it.is_data() => error,
            _ => ProtocolError::InvalidJson,
        })
}

/// The part of the body that is UTF-8. Where it is cut short, reading it ends in an error, unless the object ends before.
fn valid_prefix(body: &[u8]) -> &str {
    match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&body[..error.valid_up_to()]).unwrap_or_default(),
    }
}

fn not_an_object(start: &str) -> ProtocolError {
    let found = match start.as_bytes().first() {
        Some(b'[') => return ProtocolError::NotAnObject { found: "Array" },
        Some(b'"') => "String",
        Some(b't') => "True",
        Some(b'f') => "False",
        Some(b'n') => "Null",
        _ => "Number",
    };
    match serde_json::Deserializer::from_str(start)
        .into_iter::<IgnoredAny>()
        .next()
    {
        Some(Ok(_)) => ProtocolError::NotAnObject { found },
        _ => ProtocolError::InvalidJson,
    }
}

/// Whether there are enough brackets to exceed the limit. Almost never, so the exact count can be slow.
fn may_be_deep(text: &str) -> bool {
    // Each level has a closing bracket too.
    text.len() >= 2 * MAXIMUM_DEPTH
        && text.bytes().filter(|it| matches!(it, b'[' | b'{')).count() > MAXIMUM_DEPTH
}

struct ObjectVisitor<'a, T> {
    target: &'a mut T,
    error: &'a mut Option<ProtocolError>,
    may_be_deep: bool,
}

impl<'de, T: ReadProperty<'de>> Visitor<'de> for ObjectVisitor<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let mut values = Values::new(map, self.error, self.may_be_deep);
        while let Some(name) = values.next_name(Name(std::marker::PhantomData))? {
            self.target.read(name, &mut values)?;
        }
        Ok(())
    }
}

/// A property's name, decoded without keeping its text.
struct Name<N>(std::marker::PhantomData<N>);

impl<'de, N: for<'a> From<&'a str>> DeserializeSeed<'de> for Name<N> {
    type Value = N;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<N, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<N: for<'a> From<&'a str>> Visitor<'_> for Name<N> {
    type Value = N;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<N, E> {
        Ok(N::from(name))
    }
}

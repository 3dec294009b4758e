use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::{Headers, ProtocolError};

/// How deep arrays and objects may be nested, the message itself included. System.Text.Json's limit.
const MAXIMUM_DEPTH: usize = 64;

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

/// How deep a valid JSON value is nested: 0 for a string or a number, 1 for `[]`.
fn depth(value: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0);
    let mut bytes = value.bytes();
    let mut in_string = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_string => {
                bytes.next();
            }
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
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
        let mut values = Values {
            map,
            error: self.error,
            may_be_deep: self.may_be_deep,
        };
        while let Some(name) = values.map.next_key_seed(Name(std::marker::PhantomData))? {
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

/// Reads the value of the current property as this or that.
pub(crate) struct Values<'e, A> {
    map: A,
    /// What is wrong if the current value is of another type than asked for.
    error: &'e mut Option<ProtocolError>,
    may_be_deep: bool,
}

impl<'de, A: MapAccess<'de>> Values<'_, A> {
    /// A string.
    pub(crate) fn text(&mut self, property: &'static str) -> Result<Cow<'de, str>, A::Error> {
        *self.error = Some(ProtocolError::WrongType {
            property,
            expected: "String",
        });
        self.map.next_value_seed(Text)
    }

    /// An integer of 32 bits; none where it is null.
    pub(crate) fn int32(&mut self, property: &'static str) -> Result<Option<i32>, A::Error> {
        match self.integer(property, "Int32")?.map(i32::try_from) {
            Some(Err(_)) => Err(self.fail(ProtocolError::NotAnInteger { expected: "Int32" })),
            Some(Ok(value)) => Ok(Some(value)),
            None => Ok(None),
        }
    }

    /// An integer of 32 bits, and not null.
    pub(crate) fn required_int32(&mut self, property: &'static str) -> Result<i32, A::Error> {
        match self.int32(property)? {
            Some(value) => Ok(value),
            None => Err(self.fail(ProtocolError::WrongType {
                property,
                expected: "Number",
            })),
        }
    }

    /// An integer of 64 bits; none where it is null.
    pub(crate) fn int64(&mut self, property: &'static str) -> Result<Option<i64>, A::Error> {
        self.integer(property, "Int64")
    }

    fn integer(
        &mut self,
        property: &'static str,
        expected: &'static str,
    ) -> Result<Option<i64>, A::Error> {
        *self.error = Some(ProtocolError::WrongType {
            property,
            expected: "Number",
        });
        match self.map.next_value_seed(Number)? {
            Numeric::Null => Ok(None),
            Numeric::Integer(value) => Ok(Some(value)),
            Numeric::Other => Err(self.fail(ProtocolError::NotAnInteger { expected })),
        }
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, property: &'static str) -> Result<bool, A::Error> {
        *self.error = Some(ProtocolError::NotABoolean { property });
        self.map.next_value()
    }

    /// The text of any value.
    pub(crate) fn raw(&mut self) -> Result<&'de str, A::Error> {
        let text = self.map.next_value::<&RawValue>()?.get();
        if self.may_be_deep && depth(text) >= MAXIMUM_DEPTH {
            return Err(self.fail(ProtocolError::InvalidJson));
        }
        Ok(text)
    }

    /// The text of an array.
    pub(crate) fn raw_array(&mut self, property: &'static str) -> Result<&'de str, A::Error> {
        let text = self.raw()?;
        if text.starts_with('[') {
            Ok(text)
        } else {
            Err(self.fail(ProtocolError::WrongType {
                property,
                expected: "Array",
            }))
        }
    }

    /// An array of strings.
    pub(crate) fn texts(&mut self, property: &'static str) -> Result<Vec<Cow<'de, str>>, A::Error> {
        *self.error = Some(ProtocolError::WrongType {
            property,
            expected: "Array",
        });
        self.map.next_value_seed(Texts(self.error))
    }

    /// An object of strings.
    pub(crate) fn headers(&mut self, property: &'static str) -> Result<Headers<'de>, A::Error> {
        *self.error = Some(ProtocolError::WrongType {
            property,
            expected: "StartObject",
        });
        self.map.next_value_seed(HeaderVisitor(self.error))
    }

    /// Passes over any value.
    pub(crate) fn skip(&mut self) -> Result<(), A::Error> {
        if self.may_be_deep {
            self.raw().map(drop)
        } else {
            self.map.next_value::<IgnoredAny>().map(drop)
        }
    }

    /// The error to return where a value is not to be used.
    fn fail(&mut self, error: ProtocolError) -> A::Error {
        *self.error = Some(error);
        A::Error::custom("")
    }
}

/// A string, borrowed unless it has escapes.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

enum Numeric {
    Null,
    Integer(i64),
    /// A fraction, an exponent, or too large.
    Other,
}

struct Number;

impl<'de> DeserializeSeed<'de> for Number {
    type Value = Numeric;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Numeric, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Number {
    type Value = Numeric;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number")
    }

    fn visit_unit<E>(self) -> Result<Numeric, E> {
        Ok(Numeric::Null)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Numeric, E> {
        Ok(Numeric::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Numeric, E> {
        Ok(i64::try_from(value).map_or(Numeric::Other, Numeric::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Numeric, E> {
        Ok(Numeric::Other)
    }
}

struct Texts<'e>(&'e mut Option<ProtocolError>);

impl<'de> DeserializeSeed<'de> for Texts<'_> {
    type Value = Vec<Cow<'de, str>>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Texts<'_> {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of strings")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = elements.next_element_seed(StreamId(self.0))? {
            texts.push(text);
        }
        Ok(texts)
    }
}

/// A string among others, or what else it is.
struct StreamId<'e>(&'e mut Option<ProtocolError>);

impl StreamId<'_> {
    fn fail<T, E: serde::de::Error>(self, error: ProtocolError) -> Result<T, E> {
        *self.0 = Some(error);
        Err(E::custom(""))
    }

    fn found<T, E: serde::de::Error>(self, found: &'static str) -> Result<T, E> {
        self.fail(ProtocolError::StreamIdNotAString { found })
    }
}

impl<'de> DeserializeSeed<'de> for StreamId<'_> {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StreamId<'_> {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        self.fail(ProtocolError::NullStreamId)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
        self.found(if value { "True" } else { "False" })
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
        self.found("Number")
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
        self.found("Number")
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
        self.found("Number")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        self.found("StartArray")
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        self.found("StartObject")
    }
}

struct HeaderVisitor<'e>(&'e mut Option<ProtocolError>);

impl<'de> DeserializeSeed<'de> for HeaderVisitor<'_> {
    type Value = Headers<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for HeaderVisitor<'_> {
    type Value = Headers<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of strings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut headers = Vec::new();
        while let Some(name) = map.next_key_seed(Text)? {
            *self.0 = Some(ProtocolError::HeaderNotAString {
                name: name.to_string(),
            });
            headers.push((name, map.next_value_seed(Text)?));
        }
        Ok(Headers(headers))
    }
}

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess};
use serde_json::value::RawValue;

use super::object::MAXIMUM_DEPTH;
use super::seeds::{HeaderVisitor, Number, Numeric, Text, Texts};
use crate::{Headers, ProtocolError};

/// Reads the value of the current property as this or that.
pub(crate) struct Values<'e, A> {
    map: A,
    /// What is wrong if the current value is of another type than asked for.
    error: &'e mut Option<ProtocolError>,
    may_be_deep: bool,
}

impl<'e, 'de, A: MapAccess<'de>> Values<'e, A> {
    pub(super) fn new(map: A, error: &'e mut Option<ProtocolError>, may_be_deep: bool) -> Self {
        Self {
            map,
            error,
            may_be_deep,
        }
    }

    /// The next property's name; none at the end of the object.
    pub(super) fn next_name<N: DeserializeSeed<'de>>(
        &mut self,
        name: N,
    ) -> Result<Option<N::Value>, A::Error> {
        self.map.next_key_seed(name)
    }

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

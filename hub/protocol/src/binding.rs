use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::{BindingError, CustomHubProtocol, custom, json, messagepack};

/// The arguments of an invocation that has come in, still encoded.
///
/// They are decoded by an [`ArgumentReader`] once the target is known, straight from the message's bytes.
#[derive(Debug, Clone, Copy)]
pub struct RawArguments<'a>(Encoded<'a>);

#[derive(Debug, Clone, Copy)]
enum Encoded<'a> {
    /// The text of an array that has been checked to be one.
    Json(&'a str),
    /// The items of an array, that many, without its head.
    MessagePack { count: usize, items: &'a [u8] },
    /// As a protocol that is not built in has them, that many.
    Custom {
        protocol: &'static dyn CustomHubProtocol,
        count: usize,
        values: &'a [u8],
    },
    /// A MessagePack message whose arguments are not an array, or one that ends too early: the caller's fault, told to it
    /// when its invocation is bound.
    Malformed,
}

impl<'a> RawArguments<'a> {
    pub(crate) fn json(array: &'a str) -> Self {
        Self(Encoded::Json(array))
    }

    pub(crate) fn messagepack(count: usize, items: &'a [u8]) -> Self {
        Self(Encoded::MessagePack { count, items })
    }

    pub(crate) fn malformed() -> Self {
        Self(Encoded::Malformed)
    }

    /// `count` arguments in a message of a protocol that is not built in: `values` are the bytes that
    /// [`split_value`](CustomHubProtocol::split_value) cuts into them.
    pub fn custom(
        protocol: &'static dyn CustomHubProtocol,
        count: usize,
        values: &'a [u8],
    ) -> Self {
        Self(Encoded::Custom {
            protocol,
            count,
            values,
        })
    }

    /// Starts decoding for a target that takes so many arguments.
    #[must_use]
    pub fn reader(&self, expected: usize) -> ArgumentReader<'a> {
        let source = match self.0 {
            Encoded::Json(array) => Source::Json(json::Elements::new(array)),
            Encoded::MessagePack { count, items } => Source::MessagePack { count, items },
            Encoded::Custom {
                protocol,
                count,
                values,
            } => Source::Custom {
                protocol,
                count,
                values,
            },
            Encoded::Malformed => Source::Malformed,
        };
        ArgumentReader {
            source,
            expected,
            index: 0,
        }
    }

    /// How many there are; none where they are malformed.
    #[must_use]
    pub fn count(&self) -> usize {
        match self.0 {
            Encoded::Json(array) => json::Elements::new(array).skip_all(),
            Encoded::MessagePack { count, .. } | Encoded::Custom { count, .. } => count,
            Encoded::Malformed => 0,
        }
    }

    /// A copy that outlives the message.
    #[must_use]
    pub fn detach(&self) -> OwnedArguments {
        OwnedArguments(match self.0 {
            Encoded::Json(array) => Detached::Json(array.into()),
            Encoded::MessagePack { count, items } => Detached::MessagePack {
                count,
                items: items.into(),
            },
            Encoded::Custom {
                protocol,
                count,
                values,
            } => Detached::Custom {
                protocol,
                count,
                values: values.into(),
            },
            Encoded::Malformed => Detached::Malformed,
        })
    }
}

/// [`RawArguments`] that outlive their message.
#[derive(Debug, Clone)]
pub struct OwnedArguments(Detached);

#[derive(Debug, Clone)]
enum Detached {
    Json(Box<str>),
    MessagePack {
        count: usize,
        items: Box<[u8]>,
    },
    Custom {
        protocol: &'static dyn CustomHubProtocol,
        count: usize,
        values: Box<[u8]>,
    },
    Malformed,
}

impl OwnedArguments {
    /// The arguments, still encoded.
    #[must_use]
    pub fn raw(&self) -> RawArguments<'_> {
        RawArguments(match &self.0 {
            Detached::Json(array) => Encoded::Json(array),
            Detached::MessagePack { count, items } => Encoded::MessagePack {
                count: *count,
                items,
            },
            Detached::Custom {
                protocol,
                count,
                values,
            } => Encoded::Custom {
                protocol: *protocol,
                count: *count,
                values,
            },
            Detached::Malformed => Encoded::Malformed,
        })
    }

    /// Decodes the argument at a position, counted from 0; none where there are not so many.
    ///
    /// # Errors
    ///
    /// Where it is not a `T`.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, index: usize) -> Result<Option<T>, BindingError> {
        let raw = self.raw();
        let count = raw.count();
        if index >= count {
            return Ok(None);
        }
        let mut reader = raw.reader(count);
        for _ in 0..index {
            reader.next::<IgnoredAny>()?;
        }
        reader.next().map(Some)
    }
}

/// Decodes arguments one by one into the types that the target takes: as many calls of [`next`](Self::next) as it takes
/// arguments, then [`finish`](Self::finish).
///
/// ```
/// # use campanile_hub_protocol::{HubProtocol, IncomingMessage};
/// let body = br#"{"type":1,"target":"Add","arguments":[1,2,3]}"#;
/// let IncomingMessage::Invocation(invocation) = HubProtocol::Json.parse(body)? else { panic!() };
/// let mut arguments = invocation.arguments.reader(2);
/// assert_eq!((arguments.next::<i32>()?, arguments.next::<i32>()?), (1, 2));
/// let error = arguments.finish().unwrap_err();
/// assert_eq!(error.to_string(), "Invocation provides 3 argument(s) but target expects 2.");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ArgumentReader<'a> {
    source: Source<'a>,
    expected: usize,
    index: usize,
}

#[derive(Debug)]
enum Source<'a> {
    Json(json::Elements<'a>),
    MessagePack {
        count: usize,
        items: &'a [u8],
    },
    Custom {
        protocol: &'static dyn CustomHubProtocol,
        count: usize,
        values: &'a [u8],
    },
    Malformed,
}

impl<'a> ArgumentReader<'a> {
    /// The next argument.
    ///
    /// # Errors
    ///
    /// Where it is not a `T`, or where the number of arguments is wrong. Of both, JSON reports what comes first in the
    /// message (so a wrong type, except where arguments run out before it), MessagePack the number, as ASP.NET Core does.
    /// The reader is of no further use after it.
    #[expect(
        clippy::should_implement_trait,
        reason = "every element has a type of its own, which no iterator can have"
    )]
    pub fn next<T: Deserialize<'a>>(&mut self) -> Result<T, BindingError> {
        let index = self.index;
        let value = match &mut self.source {
            Source::Json(elements) => match elements.next::<T>() {
                Some(value) => value.map_err(Into::into),
                None => {
                    return Err(BindingError::ArgumentCount {
                        provided: index,
                        expected: self.expected,
                    });
                }
            },
            Source::MessagePack { count, items } => {
                check_count(*count, self.expected, index)?;
                let split = messagepack::split_value(items);
                let (item, rest) = split.ok_or(BindingError::NoArguments)?;
                *items = rest;
                messagepack::read_value(item).map_err(Into::into)
            }
            Source::Custom {
                protocol,
                count,
                values,
            } => {
                check_count(*count, self.expected, index)?;
                let split = protocol.split_value(values);
                let (value, rest) = split.ok_or(BindingError::NoArguments)?;
                *values = rest;
                custom::read_value(*protocol, value)
            }
            Source::Malformed => return Err(BindingError::NoArguments),
        };
        self.index += 1;
        value.map_err(|source| BindingError::ArgumentType { index, source })
    }

    /// Checks that there are no arguments left.
    ///
    /// # Errors
    ///
    /// Where there are more than the target takes.
    pub fn finish(self) -> Result<(), BindingError> {
        let provided = match self.source {
            Source::Json(mut elements) => self.index + elements.skip_all(),
            Source::MessagePack { count, .. } | Source::Custom { count, .. } => count,
            Source::Malformed => return Err(BindingError::NoArguments),
        };
        if provided == self.expected {
            Ok(())
        } else {
            Err(BindingError::ArgumentCount {
                provided,
                expected: self.expected,
            })
        }
    }
}

/// Whether there are as many as there should be, and still one at `index`.
fn check_count(provided: usize, expected: usize, index: usize) -> Result<(), BindingError> {
    if provided == expected && index < provided {
        Ok(())
    } else {
        Err(BindingError::ArgumentCount { provided, expected })
    }
}

/// A stream's item or an invocation's result that has come in, still encoded.
#[derive(Debug, Clone, Copy)]
pub struct RawValue<'a>(Value<'a>);

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Json(&'a str),
    /// Exactly one item, or nothing where a message ends before it.
    MessagePack(&'a [u8]),
    Custom(&'static dyn CustomHubProtocol, &'a [u8]),
}

impl<'a> RawValue<'a> {
    pub(crate) fn json(text: &'a str) -> Self {
        Self(Value::Json(text))
    }

    pub(crate) fn messagepack(item: &'a [u8]) -> Self {
        Self(Value::MessagePack(item))
    }

    /// A value in a message of a protocol that is not built in.
    pub fn custom(protocol: &'static dyn CustomHubProtocol, value: &'a [u8]) -> Self {
        Self(Value::Custom(protocol, value))
    }

    /// The value as it stands in its message.
    pub(crate) fn encoded(&self) -> &'a [u8] {
        match self.0 {
            Value::Json(text) => text.as_bytes(),
            Value::MessagePack(item) | Value::Custom(_, item) => item,
        }
    }

    /// Decodes it.
    ///
    /// # Errors
    ///
    /// Where it is not a `T`.
    pub fn deserialize<T: Deserialize<'a>>(&self) -> Result<T, BindingError> {
        match self.0 {
            Value::Json(text) => serde_json::from_str(text).map_err(Into::into),
            Value::MessagePack(item) => messagepack::read_value(item).map_err(Into::into),
            Value::Custom(protocol, value) => custom::read_value(protocol, value),
        }
        .map_err(|source| BindingError::Value { source })
    }
}

#[cfg(test)]
mod tests {
    use crate::{HubProtocol, IncomingMessage, OwnedArguments};

    fn arguments(protocol: HubProtocol) -> OwnedArguments {
        let mut message = Vec::new();
        let written = protocol.write_invocation(&mut message, "M", &("a", [1, 2], None::<u8>));
        written.unwrap();
        let frame = protocol.next_frame(&message, None).unwrap().unwrap();
        let IncomingMessage::Invocation(invocation) = protocol.parse(frame.body).unwrap() else {
            panic!("an invocation was written");
        };
        invocation.arguments.detach()
    }

    #[test]
    fn detached_arguments_are_read_by_position_as_often_as_wanted() {
        for protocol in HubProtocol::BUILT_IN {
            let arguments = arguments(protocol);
            assert_eq!(arguments.raw().count(), 3);
            for _ in 0..2 {
                assert_eq!(arguments.get::<Vec<i32>>(1).unwrap(), Some(vec![1, 2]));
                assert_eq!(arguments.get::<&str>(0).unwrap(), Some("a"));
            }
            assert_eq!(arguments.get::<Option<u8>>(2).unwrap(), Some(None));
            assert_eq!(arguments.get::<u8>(3).unwrap(), None);
            assert!(arguments.get::<u8>(0).is_err());
        }
    }
}

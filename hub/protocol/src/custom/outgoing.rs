use std::error::Error;
use std::fmt;

use serde::{Serialize, Serializer};

use super::writing;
use crate::{ArgumentSink, Arguments, OutgoingCall, WriteError};

/// A message that a [`CustomHubProtocol`](crate::CustomHubProtocol) is to write: all there are in version 2.
#[derive(Debug, Clone, Copy)]
pub enum OutgoingMessage<'a> {
    /// A call (types 1 and 4).
    Invocation {
        /// All but its arguments.
        call: OutgoingCall<'a>,
        /// Its arguments.
        arguments: OutgoingArguments<'a>,
    },
    /// An item of a stream (type 2).
    StreamItem {
        /// The stream's id.
        id: &'a str,
        /// The item.
        item: OutgoingValue<'a>,
    },
    /// The end of a call or a stream (type 3).
    Completion {
        /// The id of what has ended.
        id: &'a str,
        /// How it ended.
        outcome: OutgoingOutcome<'a>,
    },
    /// A stream or a call is no longer wanted (type 5).
    CancelInvocation {
        /// Its id.
        id: &'a str,
    },
    /// A sign of life (type 6).
    Ping,
    /// The connection is about to end (type 7).
    Close {
        /// Why, where it is an error. Never empty.
        error: Option<&'a str>,
        /// Whether a client may connect again.
        allow_reconnect: bool,
    },
    /// Messages up to this number have arrived (type 8).
    Ack(u64),
    /// The number of the next message, after a reconnect (type 9).
    Sequence(u64),
}

/// How a call or a stream ends.
#[derive(Debug, Clone, Copy)]
pub enum OutgoingOutcome<'a> {
    /// Without a result.
    Void,
    /// With a result.
    Result(OutgoingValue<'a>),
    /// With an error's text.
    Error(&'a str),
}

/// A value that is to be written.
#[derive(Debug, Clone, Copy)]
pub enum OutgoingValue<'a> {
    /// One of the application's.
    Serialize(Serializable<'a>),
    /// One that the protocol has given out in a message before, to be passed on as it is: the answer of a client that another
    /// server has asked.
    Encoded(&'a [u8]),
}

/// A value of any type that is to be serialized.
#[derive(Clone, Copy)]
pub struct Serializable<'a>(&'a dyn erased_serde::Serialize);

impl<'a> Serializable<'a> {
    pub(crate) fn new<T: Serialize>(value: &'a T) -> Self {
        Self(value)
    }
}

impl Serialize for Serializable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        erased_serde::serialize(self.0, serializer)
    }
}

impl fmt::Debug for Serializable<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Serializable")
    }
}

/// The arguments of a call that is to be written.
#[derive(Clone, Copy)]
pub struct OutgoingArguments<'a>(&'a dyn Arguments);

impl<'a> OutgoingArguments<'a> {
    pub(crate) fn new<A: Arguments>(arguments: &'a A) -> Self {
        Self(arguments)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// Gives them to `write`, one after the other.
    ///
    /// # Errors
    ///
    /// The first one of `write`, and where there are more or fewer of them than [`count`](Self::count) says.
    pub fn for_each(
        &self,
        mut write: impl FnMut(Serializable<'_>) -> Result<(), Box<dyn Error + Send + Sync>>,
    ) -> Result<(), WriteError> {
        let mut write = |value: Serializable<'_>| write(value).map_err(writing::error);
        ArgumentSink::custom(&mut write).write_all(self.0)
    }
}

impl fmt::Debug for OutgoingArguments<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutgoingArguments")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

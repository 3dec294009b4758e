use std::borrow::Cow;

use crate::{RawArguments, RawValue};

/// A message from the other side.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum IncomingMessage<'a> {
    /// A call (types 1 and 4).
    Invocation(Invocation<'a>),
    /// An item of an upload, or of a stream that a client reads (type 2).
    StreamItem {
        /// The headers.
        headers: Headers<'a>,
        /// The stream's id. Never empty.
        invocation_id: Cow<'a, str>,
        /// The item, still encoded.
        item: RawValue<'a>,
    },
    /// The end of an invocation or of a stream (type 3).
    Completion(Completion<'a>),
    /// The caller no longer wants the stream (type 5).
    CancelInvocation {
        /// The headers.
        headers: Headers<'a>,
        /// The invocation's id. Never empty.
        invocation_id: Cow<'a, str>,
    },
    /// A sign of life (type 6).
    Ping,
    /// The other side is about to end the connection (type 7).
    Close {
        /// Why, where it is an error. May be empty.
        error: Option<Cow<'a, str>>,
        /// Whether a client may connect again.
        allow_reconnect: bool,
    },
    /// Messages up to this number have arrived (type 8). A negative number is read as 0, which acknowledges nothing either.
    Ack(u64),
    /// The number of the first message that follows a reconnect (type 9). A negative number is read as 0.
    Sequence(u64),
    /// A type of message that this version of the protocol does not have. To be ignored.
    Unknown,
}

/// Whether one result is wanted or a stream of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum InvocationKind {
    /// Type 1.
    #[default]
    Ordinary,
    /// Type 4.
    Stream,
}

/// A call of a method.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Invocation<'a> {
    /// Whether one result is wanted or a stream of them.
    pub kind: InvocationKind,
    /// The headers. A server ignores them apart from trace context.
    pub headers: Headers<'a>,
    /// What the reply will carry; never empty. None where no reply is wanted: absent or `""`. A stream invocation always
    /// has one.
    pub invocation_id: Option<Cow<'a, str>>,
    /// The method's name, as the caller spells it.
    pub target: Cow<'a, str>,
    /// The arguments, still encoded.
    pub arguments: RawArguments<'a>,
    /// The ids of the streams that the caller uploads.
    pub stream_ids: Vec<Cow<'a, str>>,
}

impl<'a> Invocation<'a> {
    /// A call of an ordinary method that wants no reply, without headers and uploads: for a
    /// [`CustomHubProtocol`](crate::CustomHubProtocol), which sets the fields that are otherwise.
    pub fn new(target: impl Into<Cow<'a, str>>, arguments: RawArguments<'a>) -> Self {
        Self {
            kind: InvocationKind::Ordinary,
            headers: Headers::default(),
            invocation_id: None,
            target: target.into(),
            arguments,
            stream_ids: Vec::new(),
        }
    }
}

/// The end of an invocation or of a stream.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Completion<'a> {
    /// The headers.
    pub headers: Headers<'a>,
    /// The id of what has ended. Never empty.
    pub invocation_id: Cow<'a, str>,
    /// How it ended.
    pub outcome: CompletionOutcome<'a>,
}

impl<'a> Completion<'a> {
    /// The end of what has this id, without headers: for a [`CustomHubProtocol`](crate::CustomHubProtocol).
    pub fn new(invocation_id: impl Into<Cow<'a, str>>, outcome: CompletionOutcome<'a>) -> Self {
        Self {
            headers: Headers::default(),
            invocation_id: invocation_id.into(),
            outcome,
        }
    }
}

/// How an invocation or a stream ended.
#[derive(Debug, Clone)]
pub enum CompletionOutcome<'a> {
    /// Without a result.
    Void,
    /// With a result, still encoded; it may be null.
    Result(RawValue<'a>),
    /// With an error's text.
    Error(Cow<'a, str>),
}

/// The headers of a message: names and texts, in the order of the message. Usually none, which allocates nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers<'a>(pub(crate) Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a, N, T> FromIterator<(N, T)> for Headers<'a>
where
    N: Into<Cow<'a, str>>,
    T: Into<Cow<'a, str>>,
{
    fn from_iter<I: IntoIterator<Item = (N, T)>>(headers: I) -> Self {
        let headers = headers.into_iter();
        Self(
            headers
                .map(|(name, text)| (name.into(), text.into()))
                .collect(),
        )
    }
}

impl Headers<'_> {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text of a header; the last one where the name stands twice. Names are case-sensitive.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rfind(|(it, _)| it == name)
            .map(|(_, value)| value.as_ref())
    }

    /// All names and texts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

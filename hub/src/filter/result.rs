//! What an invocation gave.

use std::fmt;

use serde::Serialize;

use crate::HubError;
use crate::dispatch::{Answer, Reply, Responder};

/// What an invocation gave, on its way through the filters to the client.
///
/// It is the method's own, still to be written, so that it cannot be read; a filter may put another one in its place.
pub struct InvocationResult(Box<dyn ErasedAnswer>);

impl InvocationResult {
    /// A result in place of the method's.
    pub fn new<T: Serialize + Send + 'static>(value: T) -> Self {
        Self::of(Reply::new(value))
    }

    /// The error that ended a stream after its beginning. The client is told of it.
    #[must_use]
    pub fn stream_error(&self) -> Option<&HubError> {
        self.0.failure()
    }

    pub(crate) fn of(answer: impl Answer) -> Self {
        Self(Box::new(answer))
    }

    pub(crate) fn respond(self, responder: &Responder) {
        self.0.respond(responder);
    }
}

impl fmt::Debug for InvocationResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("InvocationResult")
            .field("stream_error", &self.stream_error())
            .finish_non_exhaustive()
    }
}

/// The object-safe twin of [`Answer`].
trait ErasedAnswer: Send {
    fn respond(self: Box<Self>, responder: &Responder);
    fn failure(&self) -> Option<&HubError>;
}

impl<A: Answer> ErasedAnswer for A {
    fn respond(self: Box<Self>, responder: &Responder) {
        Answer::respond(*self, responder);
    }

    fn failure(&self) -> Option<&HubError> {
        Answer::failure(self)
    }
}

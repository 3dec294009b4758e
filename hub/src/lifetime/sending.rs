//! The future of a send.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::HubResult;

/// What is left of a send once its message is queued: usually nothing.
///
/// # Cancel safety
///
/// The message is queued for every recipient before this future exists. Dropping it only gives up waiting for slow
/// recipients; nothing is taken back.
#[must_use = "the message is queued, but an error or a slow client would go unnoticed"]
pub struct Sending(State);

enum State {
    Ready(Option<HubResult<()>>),
    Waiting(Pin<Box<dyn Future<Output = HubResult<()>> + Send>>),
}

impl Sending {
    /// Nothing is left to be done.
    pub fn ready(result: HubResult<()>) -> Self {
        Self(State::Ready(Some(result)))
    }

    /// `future` is left: for room in the queues of slow clients, or for other servers.
    pub fn waiting(future: impl Future<Output = HubResult<()>> + Send + 'static) -> Self {
        Self(State::Waiting(Box::pin(future)))
    }
}

impl Future for Sending {
    type Output = HubResult<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Ready(result) => Poll::Ready(result.take().unwrap_or(Ok(()))),
            State::Waiting(future) => future.as_mut().poll(context),
        }
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.0 {
            State::Ready(_) => "ready",
            State::Waiting(_) => "waiting",
        };
        formatter.debug_tuple("Sending").field(&state).finish()
    }
}

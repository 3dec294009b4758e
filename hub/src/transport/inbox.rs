//! What a client posts, on its way to the connection's task.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use campanile_web::Body;
use http_body_util::BodyExt;
use tokio::sync::Notify;

/// The most bytes of one request, ASP.NET Core's default.
const LARGEST_BODY: usize = 30_000_000;

/// A bounded pipe of bytes from requests to the task of their connection.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// How many bytes may wait before requests are held back.
    limit: usize,
    state: Mutex<State>,
    room: Notify,
    /// Requests of one connection deliver one after the other.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Bytes>,
    bytes: usize,
    closed: bool,
    reader: Option<Waker>,
}

/// Why a request was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InboxError {
    /// The connection is over.
    Closed,
    /// The request's body ended with an error, or never ended.
    Unreadable,
}

impl Inbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit: limit.max(1),
            state: Mutex::default(),
            room: Notify::new(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Hands over the body of a request, and waits while the connection has more than it can take.
    ///
    /// Dropped half-way, what was handed over stays.
    pub(crate) async fn deliver(&self, mut body: Body) -> Result<(), InboxError> {
        let _turn = self.turn.lock().await;
        let mut total = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| InboxError::Unreadable)?;
            let Ok(bytes) = frame.into_data() else {
                continue;
            };
            total += bytes.len();
            if total > LARGEST_BODY {
                return Err(InboxError::Unreadable);
            }
            self.push(bytes)?;
            self.wait_for_room().await?;
        }
        if self.lock().closed {
            Err(InboxError::Closed)
        } else {
            Ok(())
        }
    }

    fn push(&self, bytes: Bytes) -> Result<(), InboxError> {
        let mut state = self.lock();
        if state.closed {
            return Err(InboxError::Closed);
        }
        state.bytes += bytes.len();
        state.chunks.push_back(bytes);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(())
    }

    async fn wait_for_room(&self) -> Result<(), InboxError> {
        loop {
            let room = self.room.notified();
            {
                let state = self.lock();
                if state.closed {
                    return Err(InboxError::Closed);
                }
                if state.bytes <= self.limit {
                    return Ok(());
                }
            }
            room.await;
        }
    }

    /// The next bytes; none once the inbox is closed.
    pub(crate) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut state = self.lock();
        if let Some(bytes) = state.chunks.pop_front() {
            let was_full = state.bytes > self.limit;
            state.bytes -= bytes.len();
            let has_room = state.bytes <= self.limit;
            drop(state);
            if was_full && has_room {
                self.room.notify_waiters();
            }
            return Poll::Ready(Some(bytes));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        match &mut state.reader {
            Some(reader) => reader.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Nothing is taken any more. What has arrived can still be read.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let reader = state.reader.take();
        drop(state);
        self.room.notify_waiters();
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_full_inbox_holds_requests_back() {
        let inbox = Arc::new(Inbox::new(4));
        let first = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.deliver(Body::from("too much")).await }
        });
        tokio::task::yield_now().await;
        assert!(!first.is_finished());
        assert_eq!(
            poll_fn(|context| inbox.poll_next(context)).await.unwrap(),
            "too much"
        );
        assert_eq!(first.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn a_closed_inbox_takes_nothing_and_lets_everybody_go() {
        let inbox = Arc::new(Inbox::new(1));
        let held = tokio::spawn({
            let inbox = inbox.clone();
            async move { inbox.deliver(Body::from("ab")).await }
        });
        tokio::task::yield_now().await;
        inbox.close();
        assert_eq!(held.await.unwrap(), Err(InboxError::Closed));
        assert_eq!(
            inbox.deliver(Body::from("c")).await,
            Err(InboxError::Closed)
        );
        assert_eq!(
            poll_fn(|context| inbox.poll_next(context)).await.unwrap(),
            "ab"
        );
        assert_eq!(poll_fn(|context| inbox.poll_next(context)).await, None);
    }
}

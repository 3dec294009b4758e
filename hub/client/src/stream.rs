//! What a streaming method of a hub gives.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use crate::ClientError;
use crate::calls::CallGuard;
use crate::items::Items;
use crate::record::CallRecord;

/// The items of a streaming method, as they come.
///
/// An error is the last item: what the server said, the loss of the connection, or an item of another type. Dropping the
/// stream before its end tells the server to end it. What comes faster than it is read waits in memory, as in the official
/// clients: a method that may send without bounds needs a reader that keeps up.
pub struct HubStream<T> {
    items: Items<Result<T, ClientError>>,
    _call: CallGuard,
    record: CallRecord,
}

impl<T> HubStream<T> {
    pub(crate) fn new(
        items: Items<Result<T, ClientError>>,
        call: CallGuard,
        record: CallRecord,
    ) -> Self {
        Self {
            items,
            _call: call,
            record,
        }
    }

    /// The next item; none at the end.
    ///
    /// # Errors
    ///
    /// What ended the stream too early. Nothing comes after it.
    ///
    /// # Cancel safety
    ///
    /// It is cancel safe: no item is lost.
    pub async fn next(&mut self) -> Option<Result<T, ClientError>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, ClientError>>> {
        let item = std::task::ready!(self.items.poll_next(cx));
        match &item {
            Some(Ok(_)) => {}
            Some(Err(error)) => self.record.end(Some(error)),
            None => self.record.end(None),
        }
        Poll::Ready(item)
    }
}

impl<T> Stream for HubStream<T> {
    type Item = Result<T, ClientError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }
}

impl<T> fmt::Debug for HubStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubStream").finish_non_exhaustive()
    }
}

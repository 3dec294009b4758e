//! Streams from a client to the hub method that it called.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use campanile_host::CancellationToken;
use campanile_hub_protocol::RawValue;
use futures_util::Stream;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::{HubError, HubResult};

/// A stream that the client uploads while the method runs: a parameter of a hub method.
///
/// A method can have any number of them; clients pass them beside the other arguments, in the order in which they stand.
/// The counterpart of .NET's `IAsyncEnumerable<T>` and `ChannelReader<T>` parameters.
///
/// Up to [`HubOptions::stream_buffer_capacity`](crate::HubOptions::stream_buffer_capacity) items wait for the method.
/// Then nothing of that client is read until it takes one: a stream that nobody reads stops its connection. The stream
/// ends when the client says so, or with an error: the client's own, one item that is no `T`, or
/// [`HubError::ConnectionClosed`]. It ends at the latest with the invocation that it belongs to.
///
/// ```
/// use campanile_host::Inject;
/// use campanile_hub::{HubResult, UploadStream, hub};
/// use futures_util::TryStreamExt;
///
/// #[derive(Inject)]
/// pub struct CountingHub;
///
/// #[hub]
/// impl CountingHub {
///     pub async fn sum(&self, numbers: UploadStream<u64>) -> HubResult<u64> {
///         numbers.try_fold(0, async |sum, number| Ok(sum + number)).await
///     }
/// }
/// ```
#[doc(alias = "ChannelReader")]
pub struct UploadStream<T> {
    items: Receiver<T>,
    failure: Failure,
    aborted: CancellationToken,
    /// Waits for the connection's end; made when there is nothing else to wait for.
    closed: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    ended: bool,
}

/// Why a stream ended, where not by its end. Behind the items, which come first.
type Failure = Arc<Mutex<Option<HubError>>>;

impl<T> UploadStream<T> {
    fn end(&mut self, error: Option<HubError>) -> Option<HubResult<T>> {
        self.ended = true;
        self.closed = None;
        error.map(Err)
    }
}

impl<T> Stream for UploadStream<T> {
    type Item = HubResult<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        match self.items.poll_recv(context) {
            Poll::Ready(Some(item)) => return Poll::Ready(Some(Ok(item))),
            Poll::Ready(None) => {
                let failure = take(&self.failure);
                return Poll::Ready(self.end(failure));
            }
            Poll::Pending => {}
        }
        let Self {
            closed, aborted, ..
        } = &mut *self;
        let closed = closed.get_or_insert_with(|| Box::pin(aborted.clone().cancelled_owned()));
        match closed.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(self.end(Some(HubError::ConnectionClosed))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T> fmt::Debug for UploadStream<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UploadStream")
            .field("waiting", &self.items.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// The end of an upload stream that the connection has.
pub(crate) type Upload = Arc<dyn Deliver>;

/// Takes what a client uploads, whatever its type is.
pub(crate) trait Deliver: fmt::Debug + Send + Sync {
    /// Decodes an item and passes it on.
    fn deliver(&self, item: &RawValue<'_>) -> Delivered;

    /// Waits until an item finds room, or nobody reads any more.
    fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Says why the stream is going to end.
    fn fail(&self, error: HubError);
}

/// What became of an item.
pub(crate) enum Delivered {
    Done,
    /// Not taken: the buffer is full.
    Full,
    /// It is none of those that the method takes.
    Unfit(campanile_hub_protocol::BindingError),
}

struct Sink<T> {
    items: Sender<T>,
    failure: Failure,
}

impl<T> fmt::Debug for Sink<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Sink")
            .field("room", &self.items.capacity())
            .finish_non_exhaustive()
    }
}

/// An upload stream and the end of it that the connection has.
pub(crate) fn upload<T: DeserializeOwned + Send + 'static>(
    capacity: usize,
    aborted: CancellationToken,
) -> (Upload, UploadStream<T>) {
    let (sender, items) = mpsc::channel(capacity.max(1));
    let failure = Failure::default();
    let sink = Sink {
        items: sender,
        failure: failure.clone(),
    };
    let stream = UploadStream {
        items,
        failure,
        aborted,
        closed: None,
        ended: false,
    };
    (Arc::new(sink), stream)
}

impl<T: DeserializeOwned + Send + 'static> Deliver for Sink<T> {
    fn deliver(&self, item: &RawValue<'_>) -> Delivered {
        let permit = match self.items.try_reserve() {
            Ok(permit) => permit,
            Err(TrySendError::Full(())) => return Delivered::Full,
            Err(TrySendError::Closed(())) => return Delivered::Done,
        };
        match item.deserialize() {
            Ok(item) => {
                permit.send(item);
                Delivered::Done
            }
            Err(error) => Delivered::Unfit(error),
        }
    }

    fn room(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let items = self.items.clone();
        Box::pin(async move {
            let _ = items.reserve().await;
        })
    }

    fn fail(&self, error: HubError) {
        // Nothing panics while it is held.
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}

fn take(failure: &Failure) -> Option<HubError> {
    failure
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
}

//! Streams from a hub method to the client that called it.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use campanile_host::BoxError;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::{HubError, HubResult};

/// A stream of results of a hub method: a boxed [`Stream`] that has one type, whatever makes it.
///
/// A hub method that returns any stream is a streaming method; this type is for those whose branches return different
/// ones, or whose signature is to stay short. The counterpart of .NET's `IAsyncEnumerable<T>` and `ChannelReader<T>`.
///
/// ```
/// use campanile_host::Inject;
/// use campanile_hub::{HubResult, HubStream, hub};
/// use futures_util::stream;
///
/// #[derive(Inject)]
/// pub struct BellHub;
///
/// #[hub]
/// impl BellHub {
///     /// The strokes of an hour.
///     pub fn strokes(&self, hour: u32) -> HubStream<u32> {
///         if hour == 0 {
///             return HubStream::new(stream::empty::<u32>());
///         }
///         HubStream::new(stream::iter(1..=hour))
///     }
/// }
/// ```
#[doc(alias = "IAsyncEnumerable")]
#[doc(alias = "ChannelReader")]
pub struct HubStream<T>(Pin<Box<dyn Stream<Item = HubResult<T>> + Send>>);

impl<T: Send + 'static> HubStream<T> {
    /// Boxes a stream of values, or of `Result`s of them. The first error ends it for the client; it may be anything that
    /// converts into [`BoxError`], a text among them.
    ///
    /// Which of the two it is follows from `T`, so `T` has to be known from elsewhere: mostly from what the method returns.
    pub fn new<S, K: 'static>(stream: S) -> Self
    where
        S: Stream<Item: IntoStreamItem<T, K, Error: StreamError>> + Send + 'static,
    {
        Self(Box::pin(stream.map(|item| {
            item.into_item().map_err(StreamError::into_hub_error)
        })))
    }

    /// What comes out of a channel, until all of its senders are gone.
    pub fn from_receiver<I, K: 'static>(mut receiver: mpsc::Receiver<I>) -> Self
    where
        I: IntoStreamItem<T, K, Error: StreamError> + Send + 'static,
    {
        Self::new(futures_util::stream::poll_fn(move |context| {
            receiver.poll_recv(context)
        }))
    }
}

impl<T> Stream for HubStream<T> {
    type Item = HubResult<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T> fmt::Debug for HubStream<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("HubStream")
            .field(&std::any::type_name::<T>())
            .finish()
    }
}

/// What a stream of a hub method may consist of: values that implement `Serialize`, or `Result`s of them.
///
/// `K` only tells the two apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an item of a hub's stream",
    note = "an item implements `serde::Serialize`, or is a `Result` of what does with an error that converts into `BoxError`"
)]
pub trait StreamItem<K> {
    /// What is sent.
    type Value: Serialize;

    /// The item, or the error that ends the stream.
    #[expect(clippy::missing_errors_doc, reason = "the error is the item's own")]
    fn into_result(self) -> HubResult<Self::Value>;
}

/// What a [`HubStream<T>`](HubStream) is made of: `T` itself, or a `Result` of it.
///
/// `K` only tells the two apart. That `T` is named, and not found out from the item, decides of a `Result` whose error is
/// serialisable as well: it is an item that may fail, unless the stream is one of `Result`s.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an item of a `HubStream<{T}>`",
    label = "neither `{T}` nor a `Result` of it"
)]
pub trait IntoStreamItem<T, K> {
    /// By what it may fail.
    type Error;

    /// The item, or the error that ends the stream.
    #[expect(clippy::missing_errors_doc, reason = "the error is the item's own")]
    fn into_item(self) -> Result<T, Self::Error>;
}

impl<T> IntoStreamItem<T, Plain> for T {
    type Error = Infallible;

    fn into_item(self) -> Result<T, Infallible> {
        Ok(self)
    }
}

// Whatever the error is: `HubStream::new` has a better word for one that is none.
impl<T, E> IntoStreamItem<T, Fallible> for Result<T, E> {
    type Error = E;

    fn into_item(self) -> Self {
        self
    }
}

/// What may end a [`HubStream`]: all that converts into [`BoxError`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a hub's stream",
    label = "it does not convert into `BoxError`",
    note = "an error implements `std::error::Error`, or is a `String` or a `&str`: `map_err` makes one of the others"
)]
pub trait StreamError {
    /// As the client is told of it.
    fn into_hub_error(self) -> HubError;
}

impl<E: Into<BoxError>> StreamError for E {
    fn into_hub_error(self) -> HubError {
        HubError::from_error(self)
    }
}

/// Marks items that cannot fail.
#[derive(Clone, Copy, Debug)]
pub enum Plain {}

/// Marks items that are a `Result`.
#[derive(Clone, Copy, Debug)]
pub enum Fallible {}

impl<T: Serialize> StreamItem<Plain> for T {
    type Value = T;

    fn into_result(self) -> HubResult<T> {
        Ok(self)
    }
}

impl<T: Serialize, E: Into<BoxError>> StreamItem<Fallible> for Result<T, E> {
    type Value = T;

    fn into_result(self) -> HubResult<T> {
        self.map_err(HubError::from_error)
    }
}

//! What hub methods return: a value, or a stream of values.

use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use campanile_host::CancellationToken;
use futures_util::Stream;
use serde::Serialize;

use super::Responder;
use super::call::panic_text;
use super::turn::Turn;
use crate::connection::Pushed;
use crate::stream::StreamItem;
use crate::{HubError, HubResult};

/// What a hub method may return, beside a `Result` of it: a value that implements `Serialize`, or a
/// [`Stream`] of such values or of `Result`s of them.
///
/// The type alone decides whether clients invoke the method or stream from it. `K` only tells the two apart.
#[diagnostic::on_unimplemented(
    message = "a hub method cannot return `{Self}`",
    label = "neither `Serialize` nor a `Stream`",
    note = "it returns what implements `serde::Serialize`, or a `Stream` (`HubStream<T>`, `impl Stream<Item = T>`) of it, or a `Result` of either"
)]
pub trait MethodOutput<K>: Sized {
    /// What is left to say when the method is done.
    type Answer: Answer;

    /// Sends what has to be sent before the answer.
    fn send(
        self,
        stream: Option<Box<StreamResponder>>,
    ) -> impl Future<Output = HubResult<Self::Answer>> + Send;
}

/// The end of an invocation.
pub trait Answer: Send + 'static {
    /// Whether clients have to stream from the method.
    const STREAMING: bool;

    /// The error that it tells of, where it does.
    fn failure(&self) -> Option<&HubError> {
        None
    }

    /// Sends it.
    fn respond(self, responder: &Responder);
}

/// Marks methods that give one value.
#[derive(Clone, Copy, Debug)]
pub enum Value {}

/// Marks methods that give a stream; `K` marks its items.
#[derive(Debug)]
pub struct Streaming<K>(std::marker::PhantomData<K>);

/// A value on its way to the client.
#[derive(Debug)]
pub struct Reply<T>(T);

/// How a stream ended.
#[derive(Debug)]
pub struct StreamEnd(HubResult<()>);

/// Where the items of a stream go.
#[derive(Debug)]
pub struct StreamResponder {
    pub(crate) responder: Responder,
    pub(crate) cancelled: CancellationToken,
}

impl<T> Reply<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize + Send + 'static> MethodOutput<Value> for T {
    type Answer = Reply<T>;

    fn send(
        self,
        _stream: Option<Box<StreamResponder>>,
    ) -> impl Future<Output = HubResult<Self::Answer>> + Send {
        ready(Ok(Reply(self)))
    }
}

impl<T: Serialize + Send + 'static> Answer for Reply<T> {
    const STREAMING: bool = false;

    fn respond(self, responder: &Responder) {
        responder.respond(&self.0);
    }
}

impl<S, K> MethodOutput<Streaming<K>> for S
where
    S: Stream<Item: StreamItem<K>> + Send,
{
    type Answer = StreamEnd;

    async fn send(self, stream: Option<Box<StreamResponder>>) -> HubResult<StreamEnd> {
        // Only streaming methods get here, and each of them has been given its responder.
        let Some(stream) = stream else {
            return Ok(StreamEnd(Ok(())));
        };
        let StreamResponder {
            responder,
            cancelled,
        } = *stream;
        let mut items = pin!(self);
        let mut cancelled = pin!(cancelled.cancelled());
        let mut turn = Turn::begin();
        loop {
            let item = std::future::poll_fn(|context| {
                if turn.is_to_look() && cancelled.as_mut().poll(context).is_ready() {
                    return Poll::Ready(None);
                }
                let item = poll_item(items.as_mut(), context);
                if item.is_pending() && cancelled.as_mut().poll(context).is_ready() {
                    return Poll::Ready(None);
                }
                item
            });
            let sent = match item.await {
                None => return Ok(StreamEnd(Ok(()))),
                Some(item) => item.and_then(|value| responder.item(&value)),
            };
            match sent {
                Err(error) => return Ok(StreamEnd(Err(error))),
                Ok(Pushed::Done) => {}
                Ok(Pushed::WaitForRoom) => tokio::select! {
                    biased;
                    () = cancelled.as_mut() => return Ok(StreamEnd(Ok(()))),
                    () = responder.connection.queue.room() => {}
                },
                // There is nobody left.
                Ok(Pushed::Overflow) => return Ok(StreamEnd(Ok(()))),
            }
            turn.count().await;
        }
    }
}

/// What the items of a stream are sent as.
type ValueOf<S, K> = <<S as Stream>::Item as StreamItem<K>>::Value;

/// The next item; a panic is an error like any other.
fn poll_item<S, K>(
    items: Pin<&mut S>,
    context: &mut Context<'_>,
) -> Poll<Option<HubResult<ValueOf<S, K>>>>
where
    S: Stream<Item: StreamItem<K>>,
{
    match catch_unwind(AssertUnwindSafe(|| items.poll_next(context))) {
        Ok(Poll::Ready(item)) => Poll::Ready(item.map(StreamItem::into_result)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Some(Err(HubError::Panic(panic_text(&*panic))))),
    }
}

impl Answer for StreamEnd {
    const STREAMING: bool = true;

    fn failure(&self) -> Option<&HubError> {
        self.0.as_ref().err()
    }

    fn respond(self, responder: &Responder) {
        responder.end_stream(self.0);
    }
}

//! The task of a connection: it alone reads from the transport and writes to it.
//!
//! ```text
//! handshake -> lifetime manager -> on_connected -> messages ... -> Close -> on_disconnected -> lifetime manager
//! ```
//!
//! While it waits it watches four things at once: whether the connection is to end, whether something is queued,
//! whether the transport takes what is being written, and whether the client sends. An invocation is polled once right
//! here; most are done then. One that has to wait becomes a task of its own, and with one slot for invocations the
//! next one is not read before it has ended.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::BytesMut;
use campanile_host::CancellationToken;
use futures_util::FutureExt;

use super::close::Stop;
use super::handshake::{Opening, shake_hands};
use super::rate::Rate;
use super::{Connection, End, close};
use crate::dispatch::{HubDispatcher, panic_text};
use crate::metrics::Closure;
use crate::transport::{Received, Transport};
use crate::{HttpTransportType, HubError, HubResult};

/// Serves one client until it is gone.
///
/// What a waiting connection keeps is this future, so that whatever runs only at its beginning or its end is boxed: it is
/// gone again when the connection waits; so is what it was opened with.
pub(crate) async fn serve<T: Transport>(
    mut transport: Box<T>,
    opening: Box<Opening>,
    hub: Arc<dyn HubDispatcher>,
) -> Closure {
    let stop = opening.stop.clone();
    let shaken = Box::pin(shake_hands(&mut *transport, opening, &hub)).await;
    let Some((connection, input)) = shaken else {
        return Closure::of(&*transport);
    };
    let rate = hub.options().maximum_invocations_per_second;
    let rate = rate.map(|rate| Box::new(Rate::new(rate)));
    let mut session = Session {
        transport,
        connection,
        hub,
        input: BytesMut::from(&*input),
        blocked: false,
        rate,
        gone: false,
    };
    let welcomed = Box::pin(session.welcome(&stop.stopping)).await;
    let end = match welcomed {
        Ok(()) => {
            let exchanged = AssertUnwindSafe(session.exchange()).catch_unwind().await;
            exchanged.unwrap_or_else(|panic| session.panicked(&*panic))
        }
        Err(error) => {
            tracing::error!(hub = session.hub.name(), connection_id = &*session.connection.id, %error, "a client could not be connected");
            End::Rejected(error)
        }
    };
    let closure = Closure::of(&*session.transport);
    Box::pin(session.end(end, &stop)).await;
    closure
}

pub(super) struct Session<T> {
    pub(super) transport: Box<T>,
    pub(super) connection: Arc<Connection>,
    pub(super) hub: Arc<dyn HubDispatcher>,
    /// What has been received and not yet been parsed: the beginning of a message, or what waits for a slot.
    pub(super) input: BytesMut,
    /// Whether the next message in `input` is an invocation that has to wait for a slot.
    pub(super) blocked: bool,
    /// How fast the client may call, where there is a limit.
    pub(super) rate: Option<Box<Rate>>,
    /// Whether there is nobody left to write to.
    gone: bool,
}

enum Event {
    End(End),
    Received(Received),
    Unblocked,
}

impl<T: Transport> Session<T> {
    /// Lets the client in.
    async fn welcome(&mut self, stopping: &CancellationToken) -> HubResult<()> {
        let (hub, connection) = (self.hub.clone(), self.connection.clone());
        self.while_writing(hub.lifetime().connected(&connection))
            .await?;
        // Whoever stops the hub walks the connections that have joined; who joins later finds out here.
        if stopping.is_cancelled() {
            connection.end(End::Stopping);
        }
        self.while_writing(hub.on_connected(connection)).await
    }

    /// Says goodbye to the client and tells the hub, both at once.
    async fn end(mut self, end: End, stop: &Stop) {
        let (hub, connection) = (self.hub.clone(), self.connection.clone());
        if matches!(end, End::Stopping) {
            self.let_invocations_end(&stop.aborted).await;
        }
        match &end {
            End::Stuck => {
                tracing::warn!(
                    hub = hub.name(),
                    connection_id = &*connection.id,
                    "a client is dropped: a write to it did not end in time"
                );
            }
            End::Failed(error @ HubError::ClientTooSlow { .. }) => {
                tracing::warn!(hub = hub.name(), connection_id = &*connection.id, %error, "a client is dropped: it is too slow");
            }
            _ => {}
        }
        tracing::debug!(
            hub = hub.name(),
            connection_id = &*connection.id,
            ?end,
            "a connection ends"
        );
        self.transport.ends();
        close::say_goodbye(&connection, &end, hub.options());
        let gone = self.gone || matches!(end, End::Stuck);
        if gone {
            drop(self);
            tell_hub(&hub, &connection, end).await;
        } else {
            let goodbye = close::finish(&mut *self.transport, &connection, hub.options(), stop);
            tokio::join!(goodbye, tell_hub(&hub, &connection, end));
        }
    }

    /// Code of the application that reads messages has panicked, a `Deserialize` or a protocol of its own: the connection ends as
    /// any other, and is not left behind.
    fn panicked(&self, panic: &(dyn Any + Send)) -> End {
        let error = HubError::Panic(panic_text(panic));
        tracing::error!(hub = self.hub.name(), connection_id = &*self.connection.id, %error, "a client's message could not be handled");
        End::Failed(error)
    }

    /// Receives and handles messages until the connection is to end.
    async fn exchange(&mut self) -> End {
        // What came behind the handshake.
        if let Some(end) = self.handle(&[]).await {
            return end;
        }
        loop {
            let event = poll_fn(|context| self.poll_event(context)).await;
            let end = match event {
                Event::End(end) => Some(end),
                Event::Received(Received::Bytes(bytes)) => self.handle(&bytes).await,
                Event::Received(Received::Control) => None,
                Event::Received(Received::Resumed) => {
                    // What was not handled is not acknowledged: it comes again, whole.
                    self.input.clear();
                    self.unblock();
                    None
                }
                Event::Received(Received::TooLarge) => Some(End::Failed(self.too_large())),
                Event::Received(Received::Close) => Some(End::ClientGone),
                Event::Received(Received::Gone(error)) => {
                    tracing::debug!(connection_id = &*self.connection.id, %error, "the client's socket is gone");
                    self.gone = true;
                    Some(End::ClientGone)
                }
                Event::Unblocked => self.handle(&[]).await,
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        if let Some(end) = self.connection.take_end(context.waker()) {
            return Poll::Ready(Event::End(end));
        }
        loop {
            if !self.poll_write(context) {
                return Poll::Ready(Event::End(End::ClientGone));
            }
            if self.blocked {
                if self.can_go_on() {
                    return Poll::Ready(Event::Unblocked);
                }
                return Poll::Pending;
            }
            // Who does not take what it asked for is not asked for more.
            if self.connection.queue.is_over_limit() && !self.transport.waits_for_client() {
                return Poll::Pending;
            }
            let received = self.transport.poll_receive(context);
            match received {
                Poll::Ready(received) => return Poll::Ready(Event::Received(received)),
                Poll::Pending if self.transport.has_pending() && !self.is_writing() => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Writes what is queued; `false` once the socket is broken.
    fn poll_write(&mut self, context: &mut Context<'_>) -> bool {
        let before = self.transport.total_written();
        let flushed = self.transport.poll_flush(&self.connection.queue, context);
        // A poll that has not come yet is no write that is stuck.
        let stuck = flushed.is_pending()
            && T::KIND != HttpTransportType::LongPolling
            && !self.transport.is_away();
        self.connection.beat.writing.store(stuck, Ordering::Relaxed);
        if self.transport.total_written() != before {
            self.connection.beat.stuck_ticks.store(0, Ordering::Relaxed);
        }
        if let Poll::Ready(Err(error)) = flushed {
            tracing::debug!(connection_id = &*self.connection.id, %error, "the client cannot be written to");
            self.gone = true;
        }
        !self.gone
    }

    fn is_writing(&self) -> bool {
        self.connection.beat.writing.load(Ordering::Relaxed)
    }

    /// Waits for `future`, writing what is queued meanwhile and reading nothing.
    pub(super) async fn while_writing<F: Future>(&mut self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            let outcome = future.as_mut().poll(context);
            if !self.gone {
                self.poll_write(context);
            }
            outcome
        })
        .await
    }

    /// Gives running invocations the time that the host has for its shutdown.
    async fn let_invocations_end(&mut self, aborted: &CancellationToken) {
        let connection = self.connection.clone();
        let ended = self.while_writing(poll_fn(|context| {
            connection.take_end(context.waker());
            if connection.has_invocations() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        }));
        tokio::select! {
            () = ended => {}
            () = aborted.cancelled() => {}
        }
    }
}

/// Tells whoever has to know that a connection is over: its methods, its hub, the lifetime manager.
async fn tell_hub(hub: &Arc<dyn HubDispatcher>, connection: &Arc<Connection>, end: End) {
    connection.aborted().cancel();
    let welcomed = !matches!(end, End::Rejected(_));
    let error = end.into_error();
    if welcomed
        && let Err(error) = hub
            .clone()
            .on_disconnected(connection.clone(), error.as_ref())
            .await
    {
        tracing::error!(hub = hub.name(), connection_id = &*connection.id, %error, "on_disconnected failed");
    }
    hub.metrics().fold(connection.queue.tally().0);
    if let Err(error) = hub.lifetime().disconnected(connection).await {
        tracing::error!(hub = hub.name(), connection_id = &*connection.id, %error, "a connection could not be taken out");
    }
}

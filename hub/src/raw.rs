//! Connections without a hub protocol: bytes in, bytes out, under the same transports.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use bytes::Bytes;
use campanile_host::{BoxError, CancellationToken};
use campanile_hub_protocol::{HubProtocol, TransferFormat};
use futures_util::FutureExt;
use tokio::sync::mpsc;

use crate::connection::{Connection, End, Frame, Opening, finish};
use crate::lifetime::{HubLifetimeManager, MemoryLifetimeManager};
use crate::metrics::Closure;
use crate::transport::{Received, Transport};
use crate::{HubOptions, RequestHead};

/// How many pieces of what a client sent wait for the handler before no more is read.
const PIECES: usize = 16;

/// Handles connections of bytes. The counterpart of .NET's `ConnectionHandler`.
///
/// ```
/// use campanile_host::BoxError;
/// use campanile_hub::{ConnectionHandler, RawConnection};
///
/// /// What comes in goes out.
/// struct Echo;
///
/// impl ConnectionHandler for Echo {
///     async fn on_connected(&self, mut connection: RawConnection) -> Result<(), BoxError> {
///         while let Some(bytes) = connection.receive().await {
///             connection.send(bytes).await?;
///         }
///         Ok(())
///     }
/// }
/// ```
#[doc(alias = "MapConnectionHandler")]
pub trait ConnectionHandler: Send + Sync + 'static {
    /// Serves one connection, which ends when this returns.
    ///
    /// # Errors
    ///
    /// An error is logged.
    fn on_connected(
        &self,
        connection: RawConnection,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// A connection of bytes.
pub struct RawConnection {
    connection: Arc<Connection>,
    received: mpsc::Receiver<Bytes>,
    format: TransferFormat,
}

/// The connection is over; what was to be sent goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is over")]
pub struct ConnectionClosed;

impl RawConnection {
    /// The connection's public id.
    #[must_use]
    pub fn connection_id(&self) -> &str {
        &self.connection.id
    }

    /// The HTTP request that opened the connection.
    #[must_use]
    pub fn request(&self) -> &RequestHead {
        &self.connection.request
    }

    /// Who opened the connection.
    #[must_use]
    pub fn principal(&self) -> &campanile_web::Principal {
        self.connection.request.principal()
    }

    /// Cancelled when the connection is over.
    #[must_use]
    pub fn aborted(&self) -> CancellationToken {
        self.connection.aborted().clone()
    }

    /// Sends WebSocket messages of this format from now on. Text unless told otherwise, as in ASP.NET Core; text that is
    /// no UTF-8 is refused by clients.
    pub fn set_transfer_format(&mut self, format: TransferFormat) {
        self.format = format;
    }

    /// The next bytes from the client; none once it is gone. How they are cut says nothing.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn receive(&mut self) -> Option<Bytes> {
        self.received.recv().await
    }

    /// Sends bytes as one piece, and waits until the connection has room for more.
    ///
    /// # Errors
    ///
    /// [`ConnectionClosed`] once it is over.
    ///
    /// # Cancel safety
    ///
    /// The bytes are queued when the future is first polled. Dropped later, it only gives up waiting.
    pub async fn send(&self, bytes: impl AsRef<[u8]>) -> Result<(), ConnectionClosed> {
        if self.connection.aborted().is_cancelled() {
            return Err(ConnectionClosed);
        }
        let built = Frame::build::<std::convert::Infallible>(self.format, None, |out| {
            out.extend_from_slice(bytes.as_ref());
            Ok(())
        });
        let Ok(frame) = built;
        if self.connection.send(frame) {
            self.connection.queue.room().await;
        }
        Ok(())
    }
}

impl fmt::Debug for RawConnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RawConnection")
            .field("connection_id", &self.connection.id)
            .finish_non_exhaustive()
    }
}

/// The object-safe twin of [`ConnectionHandler`].
trait ErasedHandler: Send + Sync {
    fn on_connected<'a>(
        &'a self,
        connection: RawConnection,
    ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;
}

impl<H: ConnectionHandler> ErasedHandler for H {
    fn on_connected<'a>(
        &'a self,
        connection: RawConnection,
    ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>> {
        Box::pin(ConnectionHandler::on_connected(self, connection))
    }
}

/// A handler at its path.
pub(crate) struct RawEndpoint {
    handler: Box<dyn ErasedHandler>,
    options: HubOptions,
    lifetime: Arc<dyn HubLifetimeManager>,
}

impl RawEndpoint {
    pub(crate) fn new(handler: impl ConnectionHandler, options: HubOptions) -> Self {
        Self {
            handler: Box::new(handler),
            options,
            lifetime: Arc::new(MemoryLifetimeManager::default()),
        }
    }

    pub(crate) fn options(&self) -> &HubOptions {
        &self.options
    }

    pub(crate) fn lifetime(&self) -> &Arc<dyn HubLifetimeManager> {
        &self.lifetime
    }
}

impl fmt::Debug for RawEndpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RawEndpoint")
            .finish_non_exhaustive()
    }
}

/// Serves one raw connection until the handler has returned.
pub(crate) async fn serve<T: Transport>(
    mut transport: Box<T>,
    opening: Box<Opening>,
    endpoint: Arc<RawEndpoint>,
) -> Closure {
    let stop = opening.stop.clone();
    let protocol = HubProtocol::Json;
    let connection = Connection::new(
        opening.id,
        protocol,
        T::KIND,
        opening.request,
        None,
        &endpoint.options,
    );
    let connection = Arc::new(connection);
    if let Err(error) = endpoint.lifetime.connected(&connection).await {
        tracing::error!(%error, "a connection could not be taken in");
        return Closure::Normal;
    }
    if stop.stopping.is_cancelled() {
        connection.end(End::Stopping);
    }
    let (sender, received) = mpsc::channel(PIECES);
    let raw = RawConnection {
        connection: connection.clone(),
        received,
        format: TransferFormat::Text,
    };
    let handled = AssertUnwindSafe(endpoint.handler.on_connected(raw)).catch_unwind();
    let gone = drive(&mut *transport, &connection, sender, handled).await;
    let closure = Closure::of(&*transport);
    transport.ends();
    connection.queue.close();
    connection.aborted().cancel();
    if !gone {
        finish(&mut *transport, &connection, &endpoint.options, &stop).await;
    }
    if let Err(error) = endpoint.lifetime.disconnected(&connection).await {
        tracing::error!(%error, "a connection could not be taken out");
    }
    closure
}

/// Moves bytes both ways until the handler has returned; tells whether the client is gone by then.
async fn drive<T: Transport>(
    transport: &mut T,
    connection: &Arc<Connection>,
    sender: mpsc::Sender<Bytes>,
    handled: impl Future<Output = std::thread::Result<Result<(), BoxError>>>,
) -> bool {
    let mut handled = pin!(handled);
    let mut sender = Some(sender);
    let mut gone = false;
    let outcome = poll_fn(|context| {
        if let Some(end) = connection.take_end(context.waker()) {
            tracing::debug!(
                connection_id = &*connection.id,
                ?end,
                "a raw connection ends"
            );
            gone |= matches!(end, End::Stuck);
            sender = None;
            connection.aborted().cancel();
        }
        loop {
            if let Poll::Ready(outcome) = handled.as_mut().poll(context) {
                return Poll::Ready(outcome);
            }
            if gone {
                return Poll::Pending;
            }
            let flushed = transport.poll_flush(&connection.queue, context);
            let stuck = flushed.is_pending() && T::KIND != crate::HttpTransportType::LongPolling;
            connection.beat.writing.store(stuck, Ordering::Relaxed);
            if let Poll::Ready(Err(_)) = flushed {
                (gone, sender) = (true, None);
                connection.aborted().cancel();
                continue;
            }
            // The handler takes what was received before more is read; its taking wakes this task, being part of it.
            let Some(open) = sender.as_ref().filter(|sender| sender.capacity() > 0) else {
                return Poll::Pending;
            };
            match transport.poll_receive(context) {
                Poll::Ready(Received::Bytes(bytes)) => {
                    // There is room for it.
                    let _ = open.try_send(bytes);
                }
                Poll::Ready(Received::Control | Received::Resumed) => {}
                Poll::Ready(Received::Close) => sender = None,
                Poll::Ready(Received::TooLarge | Received::Gone(_)) => {
                    (gone, sender) = (true, None);
                    connection.aborted().cancel();
                }
                Poll::Pending if transport.has_pending() && !stuck => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    match outcome.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(
                connection_id = &*connection.id,
                error,
                "a connection handler failed"
            );
        }
        Err(_) => tracing::error!(
            connection_id = &*connection.id,
            "a connection handler panicked"
        ),
    }
    gone
}

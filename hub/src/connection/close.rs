//! The end of a connection.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use campanile_host::CancellationToken;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Connection, End, Frame};
use crate::transport::{Received, WebSocketTransport};
use crate::{HubError, HubOptions};

impl End {
    /// What the client is told, if there is anybody to be told: an error, and whether to come back.
    fn message(&self, detailed: bool) -> Option<(Option<String>, bool)> {
        let text = "Connection closed with an error.";
        match self {
            Self::ClientGone | Self::Stuck => None,
            Self::ClientClosed(_) | Self::Aborted => Some((None, false)),
            Self::Stopping => Some((None, true)),
            Self::Failed(error) => Some((Some(error.describe(text, detailed)), true)),
            Self::Rejected(error) => Some((Some(error.describe(text, detailed)), false)),
        }
    }

    /// What the hub's `on_disconnected` is told.
    pub(super) fn into_error(self) -> Option<HubError> {
        match self {
            Self::Failed(error) | Self::Rejected(error) => Some(error),
            Self::ClientClosed(Some(text)) => Some(HubError::Message(text)),
            Self::Stuck => Some(HubError::SendTimeout),
            Self::ClientGone | Self::ClientClosed(None) | Self::Aborted | Self::Stopping => None,
        }
    }
}

/// Queues the last messages of a connection: the Close message for the client, and the socket's close frame.
pub(super) fn say_goodbye(connection: &Connection, end: &End, options: &HubOptions) {
    connection.queue.close();
    if let Some((error, allow_reconnect)) = end.message(options.enable_detailed_errors) {
        let protocol = connection.protocol;
        let built =
            Frame::build::<std::convert::Infallible>(protocol.transfer_format(), None, |out| {
                protocol.write_close(out, error.as_deref(), allow_reconnect);
                Ok(())
            });
        let Ok(frame) = built;
        connection.queue.push_last(frame);
    }
    connection.queue.push_last(Frame::close());
}

/// Writes what is left, then waits for the client to close its side: at most the hub's close timeout for each.
pub(super) async fn finish<S>(
    transport: &mut WebSocketTransport<S>,
    connection: &Arc<Connection>,
    options: &HubOptions,
    aborted: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let flush = poll_fn(|context| transport.poll_flush(&connection.queue, context));
    if within(options, aborted, flush)
        .await
        .is_some_and(|result| result.is_ok())
    {
        linger(transport, options, aborted).await;
    }
}

/// Waits for the client to close the socket, after our close frame; what it still sends is not looked at.
pub(super) async fn linger<S>(
    transport: &mut WebSocketTransport<S>,
    options: &HubOptions,
    aborted: &CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let closed = poll_fn(|context| {
        loop {
            if let Poll::Ready(Err(_)) = transport.poll_drain(context) {
                return Poll::Ready(());
            }
            match transport.poll_receive(context) {
                Poll::Ready(Received::Close | Received::TooLarge | Received::Gone(_)) => {
                    return Poll::Ready(());
                }
                Poll::Ready(Received::Bytes(_) | Received::Control) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    });
    within(options, aborted, closed).await;
}

async fn within<F: Future>(
    options: &HubOptions,
    aborted: &CancellationToken,
    future: F,
) -> Option<F::Output> {
    tokio::select! {
        outcome = tokio::time::timeout(options.close_timeout, future) => outcome.ok(),
        () = aborted.cancelled() => None,
    }
}

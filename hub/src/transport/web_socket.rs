//! The WebSocket transport.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::{fmt, io};

use bytes::Bytes;
use futures_util::Stream;
use hyper_tungstenite::WebSocketStream;
use hyper_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use hyper_tungstenite::tungstenite::{Error, Message};
use tokio::io::{AsyncRead, AsyncWrite};

use super::shared_writes::SharedWrites;
use crate::connection::{Frame, SendQueue};

/// What is allocated for reading, for as long as the connection lives.
const READ_BUFFER: usize = 2048;

/// The least that a WebSocket message may hold: it can carry many hub messages.
const SMALLEST_MESSAGE_LIMIT: usize = 1024 * 1024;

/// One client's WebSocket.
pub(crate) struct WebSocketTransport<S> {
    socket: WebSocketStream<SharedWrites<S>>,
    /// Bytes that have left since the queue was told.
    written: usize,
}

/// What came from the client.
#[derive(Debug)]
pub(crate) enum Received {
    /// Some bytes of its stream of messages.
    Bytes(Bytes),
    /// A ping or pong of the socket's own; its answer, if any, is to be written.
    Control,
    /// It closes the socket properly.
    Close,
    /// More bytes in one WebSocket message than the server takes.
    TooLarge,
    /// It is gone, or what it sends is no WebSocket any more.
    Gone(Error),
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocketTransport<S> {
    /// Takes over a stream whose upgrade is done. Hub messages may have `maximum` bytes.
    pub(crate) async fn new(stream: S, maximum: Option<usize>) -> Self {
        let limit = maximum.map(|maximum| maximum.saturating_mul(4).max(SMALLEST_MESSAGE_LIMIT));
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(limit)
            .max_frame_size(limit);
        let socket =
            WebSocketStream::from_raw_socket(SharedWrites::new(stream), Role::Server, Some(config))
                .await;
        Self { socket, written: 0 }
    }

    /// Writes all that `queue` has. Ready when there is nothing left; then the queue wakes the task.
    pub(crate) fn poll_flush(
        &mut self,
        queue: &SendQueue,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_drain(context))?;
            let written = std::mem::take(&mut self.written);
            if !queue.take(written, self.socket.get_mut().pending(), context) {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Puts a frame behind those that are being written, past any queue.
    pub(crate) fn push(&mut self, frame: Frame) {
        self.socket
            .get_mut()
            .pending()
            .push_back(frame.into_bytes());
    }

    /// Writes what has been taken from a queue or pushed.
    pub(crate) fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.get_mut().poll_drain(&mut self.written, context)
    }

    /// Whether the socket's own answers wait to be written.
    pub(crate) fn has_pending(&self) -> bool {
        self.socket.get_ref().has_pending()
    }

    /// How many bytes have ever left.
    pub(crate) fn total_written(&self) -> u64 {
        self.socket.get_ref().total()
    }

    /// What the client sends next. Text, binary and continued frames are all one stream of bytes.
    pub(crate) fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Received> {
        Poll::Ready(
            match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(Message::Text(text))) => Received::Bytes(text.into()),
                Some(Ok(Message::Binary(bytes))) => Received::Bytes(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                    Received::Control
                }
                Some(Ok(Message::Close(_))) => Received::Close,
                Some(Err(Error::Capacity(_))) => Received::TooLarge,
                Some(Err(error)) => Received::Gone(error),
                None => Received::Gone(Error::ConnectionClosed),
            },
        )
    }
}

impl<S> fmt::Debug for WebSocketTransport<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebSocketTransport")
            .finish_non_exhaustive()
    }
}

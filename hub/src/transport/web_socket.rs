//! The WebSocket transport.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, io};

use futures_util::Stream;
use hyper_tungstenite::WebSocketStream;
use hyper_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use hyper_tungstenite::tungstenite::{Error, Message};
use tokio::io::{AsyncRead, AsyncWrite};

use super::shared_writes::SharedWrites;
use super::{HttpTransportType, Received, Transport};
use crate::HubOptions;
use crate::connection::{BATCH_BYTES, Frame, SendQueue};

/// What is allocated for reading, for as long as the connection lives.
const READ_BUFFER: usize = 2048;

/// The least that a WebSocket message may hold: it can carry many hub messages.
const SMALLEST_MESSAGE_LIMIT: usize = 1024 * 1024;

/// One client's WebSocket.
pub(crate) struct WebSocketTransport<S> {
    socket: WebSocketStream<SharedWrites<S>>,
    /// Bytes that have left since the queue was told.
    written: usize,
    /// Whether the library has said that it needs more of the stream.
    starved: bool,
    closing: Closing,
}

/// How far the end of the transport has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    /// It has not begun.
    Open,
    /// Our close frame is on its way, and the client's is waited for.
    Saying,
    /// The client's has come, or cannot come any more.
    Said,
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
        Self {
            socket,
            written: 0,
            starved: false,
            closing: Closing::Open,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Transport for WebSocketTransport<S> {
    const KIND: HttpTransportType = HttpTransportType::WebSockets;

    fn push(&mut self, frame: Frame) {
        self.socket
            .get_mut()
            .pending()
            .push_back(frame.into_bytes());
    }

    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.get_mut().poll_drain(&mut self.written, context)
    }

    fn poll_flush(&mut self, queue: &SendQueue, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_drain(context))?;
            let written = std::mem::take(&mut self.written);
            let pending = self.socket.get_mut().pending();
            if !queue.take(
                written,
                BATCH_BYTES,
                |frame| pending.push_back(frame.into_bytes()),
                context,
            ) {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Text, binary and continued frames are all one stream of bytes.
    ///
    /// A task that is woken to write mostly finds nothing to read. The stream tells so for less than the library, which clears
    /// its buffer for each attempt.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Received> {
        if self.starved {
            ready!(self.socket.get_mut().poll_read_ahead(READ_BUFFER, context));
        }
        let received = Pin::new(&mut self.socket).poll_next(context);
        self.starved = received.is_pending();
        Poll::Ready(match ready!(received) {
            Some(Ok(Message::Text(text))) => Received::Bytes(text.into()),
            Some(Ok(Message::Binary(bytes))) => Received::Bytes(bytes),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Received::Control,
            Some(Ok(Message::Close(_))) => Received::Close,
            Some(Err(Error::Capacity(_))) => Received::TooLarge,
            Some(Err(error)) => Received::Gone(error.to_string()),
            None => Received::Gone(Error::ConnectionClosed.to_string()),
        })
    }

    /// Sends a close frame, and waits for the client's; what it still sends is not looked at. Then the stream below is ended:
    /// TLS has a farewell of its own, without which the client cannot tell the end from a cut (RFC 8446, section 6.1).
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.closing == Closing::Open {
            self.closing = Closing::Saying;
            self.push(Frame::close());
        }
        while self.closing == Closing::Saying {
            if let Poll::Ready(Err(_)) = self.poll_drain(context) {
                return Poll::Ready(());
            }
            match ready!(self.poll_receive(context)) {
                Received::Close | Received::TooLarge | Received::Gone(_) => {
                    self.closing = Closing::Said;
                }
                Received::Bytes(_) | Received::Control | Received::Resumed => {}
            }
        }
        // Who closed first gets the answer that is still pending.
        if ready!(self.poll_drain(context)).is_err() {
            return Poll::Ready(());
        }
        Pin::new(self.socket.get_mut())
            .poll_shutdown(context)
            .map(drop)
    }

    fn patience(options: &HubOptions) -> Duration {
        options.close_timeout
    }

    fn total_written(&self) -> u64 {
        self.socket.get_ref().total()
    }

    fn has_pending(&self) -> bool {
        self.socket.get_ref().has_pending()
    }
}

impl<S> fmt::Debug for WebSocketTransport<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("WebSocketTransport")
            .finish_non_exhaustive()
    }
}

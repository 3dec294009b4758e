//! How bytes reach a client and come from it.

mod inbox;
mod long_polling;
mod resuming;
mod server_sent_events;
mod shared_writes;
mod web_socket;

use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use campanile_hub_protocol::{HubProtocol, SequenceError, TransferFormat};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
pub(crate) use inbox::{Inbox, InboxError};
pub(crate) use long_polling::{LongPollingTransport, PollAnswer, PollSlot};
pub(crate) use resuming::{Phase, ResumeSlot, ResumingTransport};
pub(crate) use server_sent_events::ServerSentEventsTransport;
pub(crate) use web_socket::WebSocketTransport;

use crate::HubOptions;
use crate::connection::{Frame, SendQueue};

/// The transports of SignalR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpTransportType {
    /// RFC 6455.
    WebSockets,
    /// A response that never ends, and a POST for everything that the client has to say. Text only.
    ServerSentEvents,
    /// A request that is answered when there is something to say, over and over.
    LongPolling,
}

impl HttpTransportType {
    /// The name that negotiation uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSockets => "WebSockets",
            Self::ServerSentEvents => "ServerSentEvents",
            Self::LongPolling => "LongPolling",
        }
    }

    pub(crate) fn supports(self, format: TransferFormat) -> bool {
        self != Self::ServerSentEvents || format == TransferFormat::Text
    }
}

impl fmt::Display for HttpTransportType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Where the next socket of a connection is handed over.
pub(crate) type SocketSlot = ResumeSlot<WebSocketTransport<TokioIo<Upgraded>>>;

/// One client's transport, in the hands of the one task that uses it.
pub(crate) trait Transport: Send {
    const KIND: HttpTransportType;

    /// Puts a frame behind those that are being written, past any queue.
    fn push(&mut self, frame: Frame);

    /// Writes what was pushed or taken from a queue.
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Writes all that `queue` has. Ready when there is nothing left; then the queue wakes the task.
    fn poll_flush(&mut self, queue: &SendQueue, context: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// What the client sends next, as one stream of bytes.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Received>;

    /// Ends the transport, once all is written, and waits until the client has noticed.
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()>;

    /// How long the last writes and the end may take.
    fn patience(options: &HubOptions) -> Duration;

    /// The same when the server stops.
    fn patience_when_stopping(options: &HubOptions) -> Duration {
        Self::patience(options)
    }

    /// How many bytes have ever left.
    fn total_written(&self) -> u64;

    /// Whether the transport's own answers wait to be written.
    fn has_pending(&self) -> bool;

    /// Whether the client has no socket at the moment, and may come back.
    fn is_away(&self) -> bool {
        false
    }

    /// Whether the client has stayed away for too long.
    fn was_given_up(&self) -> bool {
        false
    }

    /// Whether nothing more is written before the client has said something.
    fn waits_for_client(&self) -> bool {
        false
    }

    /// The client has chosen a protocol, and the version of it that says what else it can do.
    fn handshake_done(&mut self, _protocol: HubProtocol, _version: i32) {}

    /// Counts a message of the client; `false` where it has been handled before.
    fn count_received(&mut self) -> bool {
        true
    }

    /// The client has got the messages up to this number.
    fn acknowledged(&mut self, _sequence_id: u64) {}

    /// The client's next message has this number.
    fn sequence(&mut self, _sequence_id: u64) -> Result<(), SequenceError> {
        Ok(())
    }

    /// The server ends the connection for good; what it still has to say comes after this.
    fn ends(&mut self) {}
}

/// What came from the client.
#[derive(Debug)]
pub(crate) enum Received {
    /// Some bytes of its stream of messages.
    Bytes(Bytes),
    /// Something of the transport's own; its answer, if any, is to be written.
    Control,
    /// It is back on a new socket: what it had begun to send comes again.
    Resumed,
    /// It ends the transport properly.
    Close,
    /// More bytes at once than the server takes.
    TooLarge,
    /// It is gone, or what it sends is nothing that the transport knows.
    Gone(String),
}

//! How bytes come and go.

mod http_link;
mod server_sent_events;
mod web_socket;

use bytes::Bytes;

use crate::ClientError;
use crate::outbox::Outbox;

pub(crate) use http_link::HttpLink;
pub(crate) use web_socket::WebSocketLink;

/// What comes over a transport.
#[derive(Debug)]
pub(crate) enum Arrival {
    Bytes(Bytes),
    /// The server ended the connection properly.
    End,
    /// It is gone. `final_` where the server ended it, and so the same connection cannot be resumed.
    Lost {
        error: ClientError,
        final_: bool,
    },
}

/// A transport that is open.
#[derive(Debug)]
pub(crate) enum Link {
    WebSocket(Box<WebSocketLink>),
    Http(Box<HttpLink>),
}

impl Link {
    /// Writes what is in the outbox, and gives what comes next.
    ///
    /// Cancel safety: nothing is lost where it is dropped and called again.
    pub(crate) async fn exchange(&mut self, outbox: &Outbox) -> Arrival {
        match self {
            Self::WebSocket(link) => link.exchange(outbox).await,
            Self::Http(link) => link.exchange(outbox).await,
        }
    }

    /// Whether the transport itself notices that the server is gone.
    pub(crate) fn keeps_alive(&self) -> bool {
        matches!(self, Self::Http(link) if link.is_polling())
    }

    /// Writes what is still in the outbox and closes. Where `wait` is set, the other side gets the time to close as well.
    pub(crate) async fn close(self, outbox: &Outbox, wait: bool) {
        match self {
            Self::WebSocket(link) => link.close(outbox, wait).await,
            Self::Http(link) => link.close(outbox).await,
        }
    }
}

//! How bytes come and go.

mod http_link;
mod server_sent_events;
mod web_socket;

use std::future::poll_fn;
use std::task::{Context, Poll};

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
        poll_fn(|cx| self.poll_exchange(cx, outbox)).await
    }

    pub(crate) fn poll_exchange(&mut self, cx: &mut Context<'_>, outbox: &Outbox) -> Poll<Arrival> {
        match self {
            Self::WebSocket(link) => link.poll_exchange(cx, outbox),
            Self::Http(link) => link.poll_exchange(cx, outbox),
        }
    }

    /// What comes next, for a caller that has just exchanged: where reading has nothing to do with writing, the outbox is not
    /// looked into again.
    pub(crate) fn poll_more(&mut self, cx: &mut Context<'_>, outbox: &Outbox) -> Poll<Arrival> {
        match self {
            Self::WebSocket(link) => link.poll_read(cx),
            Self::Http(link) => link.poll_exchange(cx, outbox),
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

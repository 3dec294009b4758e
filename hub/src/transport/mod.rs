//! How bytes reach a client and come from it.

mod shared_writes;
mod web_socket;

use std::fmt;

pub(crate) use web_socket::{Received, WebSocketTransport};

/// The transports of SignalR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpTransportType {
    /// RFC 6455.
    WebSockets,
}

impl HttpTransportType {
    /// The name that negotiation uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSockets => "WebSockets",
        }
    }
}

impl fmt::Display for HttpTransportType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

//! What can go wrong.

use std::sync::Arc;

use campanile_hub_protocol::{BindingError, ProtocolError, WriteError};
use http::StatusCode;

use crate::HubConnectionState;

/// What a [`HubConnection`](crate::HubConnection) could not do.
///
/// It is cheap to clone: the same loss of a connection fails every call that was under way.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
#[doc(alias = "HubException")]
pub enum ClientError {
    /// The server answered a call with this error. The text is the server's own.
    #[error("{0}")]
    Hub(String),
    /// The server refused the handshake, with this text.
    #[error("the server refused the handshake: {0}")]
    HandshakeRefused(String),
    /// The server ended the connection and said why.
    #[error("The server closed the connection with the following error: {0}")]
    ClosedByServer(String),
    /// The server refused the negotiation, with this text.
    #[error("the server refused the negotiation: {0}")]
    NegotiationRefused(String),
    /// The URL is none that a client can connect to.
    #[error("'{url}' is not the URL of a hub: {reason}")]
    Url {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A setting that cannot be.
    #[error("{0}")]
    Configuration(String),
    /// The server answered a request with this status.
    #[error("{request} was answered with {status}")]
    Status {
        /// The request: method and path.
        request: String,
        /// The answer's status.
        status: StatusCode,
    },
    /// What answered the negotiation is not a SignalR server.
    #[error("the answer of {request} is not a negotiation of SignalR: {reason}")]
    NotSignalR {
        /// The request: method and path.
        request: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// More redirects than are followed.
    #[error("the negotiation was redirected more than {0} times")]
    TooManyRedirects(usize),
    /// Every transport that was tried failed, or there was none to try.
    #[error("no transport leads to the server: {}", described(.0))]
    NoTransport(Vec<(String, Self)>),
    /// The network failed.
    #[error("{what}: {source}")]
    Network {
        /// What was being done.
        what: String,
        /// The failure.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// Something took longer than is allowed.
    #[error("{0} took too long")]
    Timeout(&'static str),
    /// Nothing came from the server for the server timeout.
    #[error("the server was silent for {} ms", .0.as_millis())]
    ServerSilent(std::time::Duration),
    /// The server sent what is no message, or one that cannot be at this point.
    #[error("the server sent what is not a message of the protocol: {0}")]
    Protocol(String),
    /// An argument or an item cannot be written.
    #[error("it cannot be written: {0}")]
    Write(#[source] Arc<WriteError>),
    /// A result or an item is not of the type that is asked for.
    #[error("what the server answered is not of the type that was asked for: {0}")]
    Result(#[source] Arc<BindingError>),
    /// The application's own code panicked when it read a message: a `Deserialize`, or a protocol of its own. The connection ends
    /// with it.
    #[error("reading a message panicked: {0}")]
    Panic(String),
    /// The access token provider failed.
    #[error("the access token provider failed: {0}")]
    Token(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The connection is not in the state that this needs.
    #[error("the connection is {state}; {needed}")]
    State {
        /// The state it is in.
        state: HubConnectionState,
        /// What the call needed.
        needed: &'static str,
    },
    /// The connection was lost while this was under way.
    #[error("the connection was lost{}", .0.as_ref().map_or_else(String::new, |it| format!(": {it}")))]
    ConnectionLost(Option<Arc<Self>>),
    /// The user gave it up: by stopping the connection, or by dropping the start.
    #[error("it was cancelled")]
    Cancelled,
}

fn described(attempts: &[(String, ClientError)]) -> String {
    if attempts.is_empty() {
        return "it offers none that is allowed here and can carry the protocol".to_owned();
    }
    let each: Vec<String> = attempts
        .iter()
        .map(|(transport, error)| format!("{transport}: {error}"))
        .collect();
    each.join("; ")
}

impl ClientError {
    pub(crate) fn network(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Network {
            what: what.into(),
            source: Arc::from(source.into()),
        }
    }

    /// What kind of error it is, for spans.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Hub(_) => "Hub",
            Self::HandshakeRefused(_) => "HandshakeRefused",
            Self::ClosedByServer(_) => "ClosedByServer",
            Self::NegotiationRefused(_) => "NegotiationRefused",
            Self::Url { .. } => "Url",
            Self::Configuration(_) => "Configuration",
            Self::Status { .. } => "Status",
            Self::NotSignalR { .. } => "NotSignalR",
            Self::TooManyRedirects(_) => "TooManyRedirects",
            Self::NoTransport(_) => "NoTransport",
            Self::Network { .. } => "Network",
            Self::Timeout(_) => "Timeout",
            Self::ServerSilent(_) => "ServerSilent",
            Self::Protocol(_) => "Protocol",
            Self::Write(_) => "Write",
            Self::Result(_) => "Result",
            Self::Panic(_) => "Panic",
            Self::Token(_) => "Token",
            Self::State { .. } => "State",
            Self::ConnectionLost(_) => "ConnectionLost",
            Self::Cancelled => "Cancelled",
        }
    }

    /// What the server itself said, where this error is that.
    #[must_use]
    pub fn server_text(&self) -> Option<&str> {
        match self {
            Self::Hub(text)
            | Self::HandshakeRefused(text)
            | Self::ClosedByServer(text)
            | Self::NegotiationRefused(text) => Some(text),
            _ => None,
        }
    }

    /// The HTTP status that led to this, where one did.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::NoTransport(attempts) => attempts.iter().find_map(|(_, error)| error.status()),
            Self::ConnectionLost(Some(error)) => error.status(),
            _ => None,
        }
    }
}

impl From<ProtocolError> for ClientError {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error.to_string())
    }
}

impl From<WriteError> for ClientError {
    fn from(error: WriteError) -> Self {
        Self::Write(Arc::new(error))
    }
}

impl From<BindingError> for ClientError {
    fn from(error: BindingError) -> Self {
        Self::Result(Arc::new(error))
    }
}

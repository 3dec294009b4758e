//! What can go wrong between a hub and its clients.

use campanile_host::BoxError;
use campanile_hub_protocol::ProtocolError;

/// The result of a hub method, a callback or a send.
pub type HubResult<T> = Result<T, HubError>;

/// An error of a hub.
///
/// Only [`HubError::Message`] is told to clients, and what says so below. Every other error stays on the server, unless
/// [`HubOptions::enable_detailed_errors`](crate::HubOptions::enable_detailed_errors) is on: the caller then gets a
/// general text, and the log has the rest. The same rule holds in ASP.NET Core, where `Message` is `HubException`.
///
/// ```
/// use campanile_hub::{HubError, HubResult};
///
/// fn seat(number: u32) -> HubResult<u32> {
///     if number > 40 {
///         return Err(HubError::message("there are only 40 seats"));
///     }
///     Ok(number)
/// }
/// # assert_eq!(seat(41).unwrap_err().to_string(), "there are only 40 seats");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// A text that the calling client is meant to read (.NET: `HubException`).
    #[doc(alias = "HubException")]
    #[error("{0}")]
    Message(String),
    /// A client called a method that the hub does not have. The client is told so.
    #[error("Method does not exist.")]
    NoSuchMethod,
    /// A message could not be written in a client's hub protocol; it was sent to nobody who speaks that protocol.
    #[error("cannot serialise the arguments of '{target}': {source}")]
    Serialization {
        /// The method of the client that was to be called.
        target: String,
        /// What the serialiser said.
        source: BoxError,
    },
    /// A client sent what its hub protocol does not allow.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// A client that had pinged before fell silent.
    #[error("Client hasn't sent a message/ping within the configured ClientTimeoutInterval.")]
    ClientTimeout,
    /// A client did not take its messages, and the hub's policy is to disconnect it.
    #[error("more than {limit} bytes are waiting for the client")]
    ClientTooSlow {
        /// [`HubOptions::maximum_queued_bytes`](crate::HubOptions::maximum_queued_bytes).
        limit: usize,
    },
    /// A write to the client was stuck for longer than
    /// [`HubOptions::transport_send_timeout`](crate::HubOptions::transport_send_timeout).
    #[error("a write to the client did not end in time")]
    SendTimeout,
    /// The client that was to be asked is not connected.
    #[error("Connection '{connection_id}' does not exist.")]
    NoSuchClient {
        /// The id that no connection has.
        connection_id: String,
    },
    /// The client that was asked left without an answer.
    #[error("Connection '{connection_id}' disconnected.")]
    ClientDisconnected {
        /// The connection that was asked.
        connection_id: String,
    },
    /// The client that was asked did not answer within
    /// [`HubOptions::client_result_timeout`](crate::HubOptions::client_result_timeout).
    #[error("the client did not answer within {timeout:?}")]
    ClientResultTimeout {
        /// How long it had.
        timeout: std::time::Duration,
    },
    /// A client was to be asked while `on_connected` of the caller ran: it could not answer before that has ended.
    #[error("Client results inside OnConnectedAsync Hub methods are not allowed.")]
    AskedWhileConnecting,
    /// A client answered what another one was asked.
    #[error("Connection ID '{connection_id}' is not valid for invocation ID '{invocation_id}'.")]
    NotAsked {
        /// Who answered.
        connection_id: String,
        /// The question.
        invocation_id: String,
    },
    /// A connection was to join more groups than
    /// [`HubOptions::maximum_groups_per_connection`](crate::HubOptions::maximum_groups_per_connection). The client is told so.
    #[error("a connection is in {limit} groups at most")]
    TooManyGroups {
        /// How many it may be in.
        limit: usize,
    },
    /// An upload ended because its connection did.
    #[error("The underlying connection was closed.")]
    ConnectionClosed,
    /// What connects the servers of a farm cannot be reached, or does not do what is asked of it.
    #[error("the other servers cannot be reached: {0}")]
    Backplane(BoxError),
    /// A server of the farm was asked, and none answered in time.
    #[error("no server answered within {timeout:?}")]
    BackplaneTimeout {
        /// How long they had.
        timeout: std::time::Duration,
    },
    /// A hub method or callback panicked, or what reads a message into a type of the application.
    #[error("panicked: {0}")]
    Panic(String),
    /// Any other error, kept from clients.
    #[error(transparent)]
    Other(BoxError),
}

impl HubError {
    /// An error whose text the calling client is told.
    pub fn message(text: impl Into<String>) -> Self {
        Self::Message(text.into())
    }

    /// Keeps an error from clients, unless it is a [`HubError`] already.
    pub fn from_error(error: impl Into<BoxError>) -> Self {
        match error.into().downcast::<Self>() {
            Ok(hub_error) => *hub_error,
            Err(other) => Self::Other(other),
        }
    }

    /// Whether clients may know of it in any case.
    pub(crate) fn is_told(&self) -> bool {
        matches!(
            self,
            Self::Message(_) | Self::NoSuchMethod | Self::TooManyGroups { .. }
        )
    }

    /// `text`, and behind it what happened where clients may know: always for a message, else if `detailed`.
    pub(crate) fn describe(&self, text: &str, detailed: bool) -> String {
        if self.is_told() {
            format!("{text} HubException: {self}")
        } else if detailed {
            format!("{text} {}: {self}", self.kind())
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Message(_) | Self::NoSuchMethod | Self::TooManyGroups { .. } => "HubException",
            Self::Serialization { .. } => "SerializationError",
            Self::Protocol(error) => error.error_type(),
            Self::ClientTimeout => "ClientTimeoutError",
            Self::ClientTooSlow { .. } => "ClientTooSlowError",
            Self::SendTimeout => "SendTimeoutError",
            Self::NoSuchClient { .. } => "NoSuchClientError",
            Self::ClientDisconnected { .. } => "ClientDisconnectedError",
            Self::ClientResultTimeout { .. } => "ClientResultTimeoutError",
            Self::AskedWhileConnecting => "AskedWhileConnectingError",
            Self::NotAsked { .. } => "NotAskedError",
            Self::ConnectionClosed => "ConnectionClosedError",
            Self::Backplane(_) => "BackplaneError",
            Self::BackplaneTimeout { .. } => "BackplaneTimeoutError",
            Self::Panic(_) => "Panic",
            Self::Other(_) => "Error",
        }
    }
}

impl From<BoxError> for HubError {
    fn from(error: BoxError) -> Self {
        Self::from_error(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_are_told_to_clients() {
        assert_eq!(
            HubError::message("no").describe("Failed.", false),
            "Failed. HubException: no"
        );
        let hidden = HubError::from_error("disk full");
        assert_eq!(hidden.describe("Failed.", false), "Failed.");
        assert_eq!(hidden.describe("Failed.", true), "Failed. Error: disk full");
    }

    #[test]
    fn a_message_survives_a_box() {
        let boxed: BoxError = HubError::message("told").into();
        assert!(matches!(HubError::from(boxed), HubError::Message(text) if text == "told"));
    }
}

//! How a connection is made.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use campanile_hub_protocol::HubProtocol;
use futures_util::future::BoxFuture;
use http::HeaderMap;

use crate::proxy::ProxySetting;
#[cfg(feature = "tls")]
use crate::tls::TlsSettings;
use crate::{ClientError, RetryPolicy};

/// A way to reach a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[doc(alias = "HttpTransportType")]
pub enum Transport {
    /// A WebSocket: one connection, both ways.
    WebSockets,
    /// Server-Sent Events from the server, a request for what goes to it. Text alone, so not with MessagePack.
    ServerSentEvents,
    /// Requests that wait for messages, a request for what goes to the server.
    LongPolling,
}

impl Transport {
    /// All of them, in the order in which a server offers them.
    pub const ALL: [Self; 3] = [Self::WebSockets, Self::ServerSentEvents, Self::LongPolling];

    /// Its name in a negotiation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSockets => "WebSockets",
            Self::ServerSentEvents => "ServerSentEvents",
            Self::LongPolling => "LongPolling",
        }
    }
}

pub(crate) type TokenResult = Result<Option<String>, ClientError>;
pub(crate) type TokenProvider = dyn Fn() -> BoxFuture<'static, TokenResult> + Send + Sync;

#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) url: String,
    pub(crate) protocol: HubProtocol,
    pub(crate) transports: Vec<Transport>,
    pub(crate) skip_negotiation: bool,
    pub(crate) headers: HeaderMap,
    /// Names and values, for the hub's host alone.
    pub(crate) cookies: Vec<(String, String)>,
    pub(crate) proxy: ProxySetting,
    #[cfg(feature = "tls")]
    pub(crate) tls: TlsSettings,
    pub(crate) token_provider: Option<Arc<TokenProvider>>,
    pub(crate) handshake_timeout: Duration,
    pub(crate) server_timeout: Duration,
    pub(crate) keep_alive: Duration,
    pub(crate) retry: Option<Arc<dyn RetryPolicy>>,
    /// The buffer's size in bytes, where stateful reconnects are wanted.
    pub(crate) stateful: Option<usize>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("protocol", &self.protocol)
            .field("transports", &self.transports)
            .field("skip_negotiation", &self.skip_negotiation)
            .finish_non_exhaustive()
    }
}

impl Options {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            protocol: HubProtocol::Json,
            transports: Transport::ALL.to_vec(),
            skip_negotiation: false,
            headers: HeaderMap::new(),
            cookies: Vec::new(),
            proxy: ProxySetting::default(),
            #[cfg(feature = "tls")]
            tls: TlsSettings::default(),
            token_provider: None,
            handshake_timeout: Duration::from_secs(15),
            server_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
            retry: None,
            stateful: None,
        }
    }
}

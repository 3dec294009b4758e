//! [`HubConnectionBuilder`].

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use campanile_hub_protocol::HubProtocol;
use futures_util::FutureExt;
use http::{HeaderName, HeaderValue};

use crate::cookies;
use crate::net::Network;
use crate::options::{Options, Transport};
use crate::proxy::ProxySetting;
use crate::url::HubUrl;
use crate::{ClientError, HubConnection, RetryDelays, RetryPolicy};

/// Makes a [`HubConnection`].
///
/// ```no_run
/// # async fn example() -> Result<(), campanile_hub_client::ClientError> {
/// use campanile_hub_client::HubConnectionBuilder;
///
/// let connection = HubConnectionBuilder::new("http://localhost:5000/hubs/clock")
///     .automatic_reconnect()
///     .build()?;
/// connection.on("ShowTime", |time: String| async move { println!("{time}") });
/// connection.start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct HubConnectionBuilder {
    options: Options,
    error: Option<ClientError>,
}

impl HubConnectionBuilder {
    /// A connection to the hub at `url`: `http`, `https`, `ws` or `wss`; what is secure needs the crate's feature `tls`.
    #[doc(alias = "WithUrl")]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            options: Options::new(url.into()),
            error: None,
        }
    }

    /// The protocol of the messages: JSON unless told otherwise, MessagePack, or a
    /// [custom](campanile_hub_protocol::CustomHubProtocol) one that the server has as well.
    #[doc(alias = "AddMessagePackProtocol")]
    pub fn protocol(mut self, protocol: HubProtocol) -> Self {
        self.options.protocol = protocol;
        self
    }

    /// The transports that may be used. All unless told otherwise; which comes first is the server's choice.
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.options.transports = transports.into_iter().collect();
        self
    }

    /// Opens a WebSocket without asking first, which saves a request. WebSockets have to be the only transport allowed.
    pub fn skip_negotiation(mut self) -> Self {
        self.options.skip_negotiation = true;
        self
    }

    /// A header for every request, whoever the negotiation leads to.
    ///
    /// What is no header is told by [`build`](Self::build).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(value)) => {
                self.options.headers.insert(name, value);
            }
            _ => {
                self.error.get_or_insert_with(|| {
                    ClientError::Configuration(format!("'{name}' and its value are not a header"))
                });
            }
        }
        self
    }

    /// A cookie for the hub's own host, as if that had set it; not for others that the negotiation leads to.
    ///
    /// What servers set is kept as long as the connection is there, over reconnects and restarts, and goes along with later
    /// requests of any transport as RFC 6265 has it: to the host, path and security that it was set for, until it expires. So
    /// does a load balancer find the server that a client has negotiated with.
    ///
    /// What is no cookie is told by [`build`](Self::build).
    #[doc(alias = "HttpConnectionOptions.Cookies")]
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        match cookies::check(name, value) {
            Ok(()) => {
                let cookie = (name.to_owned(), value.to_owned());
                self.options.cookies.push(cookie);
            }
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
        self
    }

    /// The proxy of HTTP that leads to the server: `http://host:port`, or `http://user:password@host:port`.
    ///
    /// Unless told otherwise the environment says it, as it does for many programs: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, and
    /// `NO_PROXY` for hosts that are reached without; servers on this machine (`localhost`) always are. WebSockets and what is
    /// secure go through a tunnel (CONNECT), other requests are sent to the proxy itself.
    #[doc(alias = "HttpConnectionOptions.Proxy")]
    pub fn proxy(mut self, url: &str) -> Self {
        self.options.proxy = ProxySetting::Url(url.to_owned());
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.options.proxy = ProxySetting::None;
        self
    }

    /// Trusts servers whose certificates come from these roots, a PEM text, instead of those that Mozilla trusts.
    #[cfg(feature = "tls")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.tls.roots = Some(pem.into());
        self
    }

    /// The client's own certificate, with those between it and its root, and its key, both PEM texts. Servers that ask for one
    /// are shown it.
    #[cfg(feature = "tls")]
    #[doc(alias = "ClientCertificates")]
    pub fn client_certificate(
        mut self,
        chain: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.options.tls.identity = Some((chain.into(), key.into()));
        self
    }

    /// Who gives the access token, which goes along as `Authorization: Bearer`.
    ///
    /// It is asked for every negotiation and for every WebSocket, and once more where a request is answered with 401. None
    /// and an empty text stand for no token.
    #[doc(alias = "AccessTokenProvider")]
    pub fn access_token_provider<F, R, E>(mut self, provider: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<Option<String>, E>> + Send + 'static,
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.options.token_provider = Some(Arc::new(move || {
            let token = provider();
            async move {
                token
                    .await
                    .map_err(|error| ClientError::Token(Arc::from(error.into())))
            }
            .boxed()
        }));
        self
    }

    /// How long the server may take to answer the handshake. 15 seconds unless told otherwise.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.options.handshake_timeout = timeout;
        self
    }

    /// How long the server may be silent until it counts as lost. 30 seconds unless told otherwise; it should be twice the
    /// server's own keep-alive interval. It is noticed by a quarter of that time later, at most a second.
    #[doc(alias = "WithServerTimeout")]
    pub fn server_timeout(mut self, timeout: Duration) -> Self {
        self.options.server_timeout = timeout;
        self
    }

    /// How often the server is told that this client is there. 15 seconds unless told otherwise.
    #[doc(alias = "WithKeepAliveInterval")]
    pub fn keep_alive_interval(mut self, interval: Duration) -> Self {
        self.options.keep_alive = interval;
        self
    }

    /// Makes a lost connection anew, after 0, 2, 10 and 30 seconds: [`RetryDelays::default`].
    ///
    /// The first [`start`](HubConnection::start) is not repeated.
    #[doc(alias = "WithAutomaticReconnect")]
    pub fn automatic_reconnect(self) -> Self {
        self.automatic_reconnect_with(RetryDelays::default())
    }

    /// Makes a lost connection anew, as this policy says.
    pub fn automatic_reconnect_with(mut self, policy: impl RetryPolicy) -> Self {
        self.options.retry = Some(Arc::new(policy));
        self
    }

    /// Asks the server for a connection that survives the loss of its WebSocket: both sides keep what the other has not
    /// acknowledged, and nothing is lost or doubled. At most about 100,000 bytes are kept.
    ///
    /// A server that does not grant it gives an ordinary connection.
    #[doc(alias = "WithStatefulReconnect")]
    pub fn stateful_reconnect(self) -> Self {
        self.stateful_reconnect_with(100_000)
    }

    /// The same with a buffer of that many bytes. One message may go beyond it; what comes after waits.
    pub fn stateful_reconnect_with(mut self, buffer_size: usize) -> Self {
        self.options.stateful = Some(buffer_size);
        self
    }

    /// Makes the connection. It is not started yet.
    ///
    /// # Errors
    ///
    /// Where the URL, a header, a cookie, a certificate or a combination of settings is none.
    pub fn build(self) -> Result<HubConnection, ClientError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let url = HubUrl::parse(&self.options.url)?;
        if url.secure && !cfg!(feature = "tls") {
            return Err(ClientError::Url {
                url: self.options.url.clone(),
                reason: "it needs TLS, which is the feature `tls` of campanile-hub-client"
                    .to_owned(),
            });
        }
        for (name, time) in [
            ("handshake timeout", self.options.handshake_timeout),
            ("server timeout", self.options.server_timeout),
            ("keep-alive interval", self.options.keep_alive),
        ] {
            if time.is_zero() {
                return Err(ClientError::Configuration(format!(
                    "the {name} cannot be 0"
                )));
            }
        }
        let network = Network::new(&self.options)?;
        Ok(HubConnection::new(url, self.options, network))
    }
}

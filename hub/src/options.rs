//! What can be set for a hub.

use std::time::Duration;

use campanile_host::services::Inject;
use campanile_web::Policy;

use crate::HubFilter;
use crate::filter::HubFilters;
use crate::request::KeepFeature;

/// The settings of one hub, with ASP.NET Core's defaults.
///
/// Times are rounded up to the heartbeat, which is one second.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HubOptions {
    /// How long a client may take from connecting to its complete handshake. Default: 15 s.
    pub handshake_timeout: Duration,
    /// How often the server pings each client. Default: 15 s. Clients give up after 30 s of silence by default, so more
    /// than half of what they are set to loses them.
    pub keep_alive_interval: Duration,
    /// How long a client that has pinged once may stay silent before it is disconnected. Default: 30 s.
    pub client_timeout_interval: Duration,
    /// The largest message taken from a client, in bytes and with its framing; `None` lifts the limit. Default: 32,768.
    pub maximum_receive_message_size: Option<usize>,
    /// Whether clients are told the errors of hub methods that are no [`HubError::Message`](crate::HubError::Message).
    /// Off by default: the texts can hold what is nobody's business.
    pub enable_detailed_errors: bool,
    /// How many ordinary invocations of one client may run at once, at least 1. With the default of 1 they never
    /// overlap, and their results come in order.
    pub maximum_parallel_invocations_per_client: usize,
    /// How many calls one client may make in a second, of any kind; it may save up a second's worth. Any number by default:
    /// what is too much depends on the application, and a client's calls run one at a time anyway. Those beyond it are
    /// answered with an error, and the connection goes on.
    pub maximum_invocations_per_second: Option<u32>,
    /// How many streams one connection may have open, to the client and from it together; `None` lifts the limit.
    /// Default: 100. A call that wants more is answered with an error, and the connection goes on.
    pub maximum_streams_per_connection: Option<usize>,
    /// How many groups one connection may be in; `None` lifts the limit. Default: 1,000. Joining one more is
    /// [`HubError::TooManyGroups`](crate::HubError::TooManyGroups).
    pub maximum_groups_per_connection: Option<usize>,
    /// How many items of an upload wait for the hub method at most, at least 1. Default: 10. Then nothing more is read
    /// from that client until the method takes one.
    pub stream_buffer_capacity: usize,
    /// How long a client may take to answer what it is asked; `None` for ever, as in ASP.NET Core. Default: 30 s. Where a hub is
    /// mounted twice, the value of the path counts that the client is connected to; of a client of another server, the longest.
    pub client_result_timeout: Option<Duration>,
    /// How many bytes may wait for one client before [`slow_client`](Self::slow_client) applies. Default: 65,536.
    #[doc(alias = "TransportMaxBufferSize")]
    pub maximum_queued_bytes: usize,
    /// How many bytes that a client posted may wait before its requests are held back. Default: 65,536.
    pub application_max_buffer_size: usize,
    /// What happens to messages for a client that has let [`maximum_queued_bytes`](Self::maximum_queued_bytes) pile up.
    pub slow_client: SlowClientPolicy,
    /// How long a started write may take before the connection is cut; `None` for ever. Default: 10 s.
    pub transport_send_timeout: Option<Duration>,
    /// How long the server waits for the client's close frame after its own. Default: 5 s.
    pub close_timeout: Duration,
    /// How long a poll waits for something to say before it is answered with nothing. Default: 90 s.
    pub long_polling_timeout: Duration,
    /// How long a negotiated connection may stay without a transport, and a polling one without a poll. Default: 15 s.
    pub disconnect_timeout: Duration,
    /// Whether a client whose WebSocket is cut may come back to the same connection, losing nothing. Off by default: the
    /// server keeps what such a client has not acknowledged, and the connection for
    /// [`disconnect_timeout`](Self::disconnect_timeout).
    pub allow_stateful_reconnects: bool,
    /// How many bytes are kept that a client has not acknowledged before sends to it wait. Default: 100,000.
    pub stateful_reconnect_buffer_size: usize,
    /// The lowest negotiate version that is served, 0 or 1. Default: 0.
    pub minimum_protocol_version: i32,
    /// Who may connect: others get 401 or 403 instead of a negotiation or a transport. Everybody by default.
    ///
    /// On our own server [`require_authorization`](campanile_web::AuthHostBuilderExt::require_authorization) says the same.
    #[doc(alias = "AuthorizationData")]
    pub authorization: Option<Policy>,
    /// Whether a connection ends when the token expires that it was opened with; the client is told to come back. Off by
    /// default.
    pub close_on_authentication_expiration: bool,
    /// The origins whose pages may open WebSockets (`https://bells.example`, as browsers write it in the header `Origin`), the
    /// server's own among them; pages of others get 403. Any origin by default, as in ASP.NET Core.
    ///
    /// CORS is not asked for WebSockets, so a hub that knows its users by cookies has to name origins here. Requests without
    /// the header are no browser's, and let in.
    #[doc(alias = "WebSocketOptions")]
    pub allowed_origins: Vec<String>,
    /// The transports that are offered.
    pub transports: HttpTransports,
    /// The names of the hub protocols that are spoken, ignoring case; `None`, the default, for all: `json`, `messagepack`, and
    /// those of [`add_hub_protocol`](crate::HubHostBuilderExt::add_hub_protocol). A client that wants another one is refused.
    pub supported_protocols: Option<Vec<String>>,
    /// What runs around the hub's methods and callbacks.
    pub(crate) filters: HubFilters,
    /// What connections keep of the request that opened them.
    pub(crate) features: Vec<KeepFeature>,
}

impl HubOptions {
    /// Puts a [filter](crate::HubFilter) around the methods and callbacks of the hub, inside of those that are there.
    ///
    /// Each invocation gets the one that the container has, or makes: one of its own unless it was registered as a singleton
    /// or as scoped.
    #[doc(alias = "AddFilter")]
    pub fn add_filter<F: HubFilter + Inject>(&mut self) -> &mut Self {
        self.filters.add::<F>();
        self
    }

    /// The same with a filter that is there already, and serves all invocations.
    #[doc(alias = "AddFilter")]
    pub fn add_filter_instance(&mut self, filter: impl HubFilter) -> &mut Self {
        self.filters.add_instance(filter);
        self
    }

    /// Has connections keep the value of the type `T` that is in the extensions of the request that opened them:
    /// [`RequestHead::feature`](crate::RequestHead::feature) gives it. Servers and layers put values there, ours the address of
    /// the client among them. Nothing is kept unless it is named: it takes memory for as long as the connection lasts.
    ///
    /// ```
    /// # use campanile_hub::{HubCaller, HubOptions};
    /// use campanile_web::RemoteAddress;
    ///
    /// let mut options = HubOptions::default();
    /// options.keep_feature::<RemoteAddress>();
    ///
    /// fn address<H>(caller: &HubCaller<H>) -> Option<String> {
    ///     caller.request().feature::<RemoteAddress>().map(ToString::to_string)
    /// }
    /// ```
    #[doc(alias = "Features")]
    pub fn keep_feature<T: Clone + Send + Sync + 'static>(&mut self) -> &mut Self {
        self.features.push(|extensions, kept| {
            if let Some(value) = extensions.get::<T>() {
                kept.insert(value.clone());
            }
        });
        self
    }
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(15),
            keep_alive_interval: Duration::from_secs(15),
            client_timeout_interval: Duration::from_secs(30),
            maximum_receive_message_size: Some(32 * 1024),
            enable_detailed_errors: false,
            maximum_parallel_invocations_per_client: 1,
            maximum_invocations_per_second: None,
            maximum_streams_per_connection: Some(100),
            maximum_groups_per_connection: Some(1000),
            stream_buffer_capacity: 10,
            client_result_timeout: Some(Duration::from_secs(30)),
            maximum_queued_bytes: 64 * 1024,
            application_max_buffer_size: 64 * 1024,
            slow_client: SlowClientPolicy::default(),
            transport_send_timeout: Some(Duration::from_secs(10)),
            close_timeout: Duration::from_secs(5),
            long_polling_timeout: Duration::from_secs(90),
            disconnect_timeout: Duration::from_secs(15),
            allow_stateful_reconnects: false,
            stateful_reconnect_buffer_size: 100_000,
            minimum_protocol_version: 0,
            authorization: None,
            close_on_authentication_expiration: false,
            allowed_origins: Vec::new(),
            transports: HttpTransports::default(),
            supported_protocols: None,
            filters: HubFilters::default(),
            features: Vec::new(),
        }
    }
}

/// What happens to a message for a client whose queue is full.
///
/// Results of the client's own calls, pings and the Close message are never dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlowClientPolicy {
    /// The message is queued, and the send waits until half of the queue has left. ASP.NET Core's behaviour.
    #[default]
    Wait,
    /// The oldest messages make room.
    DropOldest,
    /// Older messages that call the same client method make room, then the oldest ones. For state of which only the
    /// newest matters, such as the time.
    KeepNewest,
    /// The client is disconnected, and may come back.
    Disconnect,
}

impl SlowClientPolicy {
    const ALL: [Self; 4] = [
        Self::Wait,
        Self::DropOldest,
        Self::KeepNewest,
        Self::Disconnect,
    ];

    /// Its name, by which other servers are told of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "Wait",
            Self::DropOldest => "DropOldest",
            Self::KeepNewest => "KeepNewest",
            Self::Disconnect => "Disconnect",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// The transports that a hub offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpTransports {
    pub(crate) web_sockets: bool,
    pub(crate) server_sent_events: bool,
    pub(crate) long_polling: bool,
}

impl HttpTransports {
    /// None at all.
    pub const NONE: Self = Self {
        web_sockets: false,
        server_sent_events: false,
        long_polling: false,
    };
    /// Every transport.
    pub const ALL: Self = Self {
        web_sockets: true,
        server_sent_events: true,
        long_polling: true,
    };
    /// WebSockets only: clients may then skip negotiation, and servers need no sticky sessions.
    pub const WEB_SOCKETS: Self = Self {
        web_sockets: true,
        ..Self::NONE
    };
    /// Server-Sent Events only.
    pub const SERVER_SENT_EVENTS: Self = Self {
        server_sent_events: true,
        ..Self::NONE
    };
    /// Long polling only.
    pub const LONG_POLLING: Self = Self {
        long_polling: true,
        ..Self::NONE
    };

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            web_sockets: self.web_sockets || other.web_sockets,
            server_sent_events: self.server_sent_events || other.server_sent_events,
            long_polling: self.long_polling || other.long_polling,
        }
    }
}

impl Default for HttpTransports {
    fn default() -> Self {
        Self::ALL
    }
}

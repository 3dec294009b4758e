//! What can be set for the farm.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use campanile_hub::Hub;

/// How a server joins its farm. From a [connection string](Self::parse), and changed from there.
#[derive(Clone)]
#[non_exhaustive]
pub struct RedisOptions {
    /// The host and port of each Redis; the first that answers and is no replica is used. With
    /// [`service_name`](Self::service_name) they are sentinels. Default: `127.0.0.1:6379`.
    pub endpoints: Vec<(String, u16)>,
    /// The name of a master that the endpoints, sentinels then, are asked for.
    pub service_name: Option<String>,
    /// Who to log in as; nobody in particular where there is only a password.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The number of the database. Messages do not care.
    pub database: i64,
    /// Whether to speak TLS. Needs the feature `tls`.
    pub tls: bool,
    /// A file of certificates, in PEM: Redis has to show one that one of them has signed. Without it, the roots of the system
    /// count. Read at every attempt to connect, as the next two are.
    #[doc(alias = "TrustIssuer")]
    pub trusted_issuer: Option<PathBuf>,
    /// The file of the certificate that this server shows to Redis, in PEM, with what it was signed by; for a Redis that asks
    /// for one (`tls-auth-clients yes`).
    #[doc(alias = "SetUserPemCertificate")]
    pub client_certificate: Option<PathBuf>,
    /// The file of its key, in PEM.
    pub client_certificate_key: Option<PathBuf>,
    /// What the name of every channel begins with: farms of different prefixes do not hear each other. None by default.
    pub channel_prefix: String,
    /// How long connecting may take. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long Redis may take to answer before the connection counts as lost. Default: 5 s.
    pub response_timeout: Duration,
    /// How often Redis is asked whether it is there, where there is nothing else to say. Default: 10 s.
    pub keep_alive: Duration,
    /// The longest pause between two attempts to connect. Default: 5 s.
    pub reconnect_delay: Duration,
    /// Whether the host does not start without Redis. Off by default, as in ASP.NET Core's backplane.
    pub abort_on_connect_fail: bool,
    /// What becomes of clients and messages while there is no Redis.
    pub when_unreachable: WhenUnreachable,
    /// How many bytes of messages wait for Redis at most while it is gone. Default: 0, sends fail at once.
    pub queued_while_unreachable: usize,
    /// How many bytes of messages wait for Redis at most while it is there. Default: 64 MiB. Then sends fail.
    pub queued_bytes: usize,
    /// How long another server may take to put a connection into a group. Default: 30 s, as in ASP.NET Core.
    pub acknowledgement_timeout: Duration,
    /// The name that each hub has on Redis, by its own [name](Hub::NAME); its own where there is none.
    pub hub_names: BTreeMap<String, String>,
}

/// What becomes of clients and messages while Redis cannot be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhenUnreachable {
    /// Clients that come are refused, sends fail. Clients that are there stay.
    #[default]
    Refuse,
    /// Clients that come are served, and sends reach the clients of this server alone.
    ServeLocally,
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self {
            endpoints: vec![("127.0.0.1".to_owned(), 6379)],
            service_name: None,
            user: None,
            password: None,
            database: 0,
            tls: false,
            trusted_issuer: None,
            client_certificate: None,
            client_certificate_key: None,
            channel_prefix: String::new(),
            connect_timeout: Duration::from_secs(5),
            response_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(10),
            reconnect_delay: Duration::from_secs(5),
            abort_on_connect_fail: false,
            when_unreachable: WhenUnreachable::default(),
            queued_while_unreachable: 0,
            queued_bytes: 64 * 1024 * 1024,
            acknowledgement_timeout: Duration::from_secs(30),
            hub_names: BTreeMap::new(),
        }
    }
}

impl RedisOptions {
    /// Calls the hub `H` by another name on Redis, such as that of a .NET hub whose clients it shares: `MyApp.ChatHub`, the
    /// full name of the type.
    pub fn hub_name<H: Hub>(&mut self, name: impl Into<String>) -> &mut Self {
        self.hub_names.insert(H::NAME.to_owned(), name.into());
        self
    }

    pub(crate) fn name_of(&self, hub: &str) -> String {
        let found = self.hub_names.iter();
        let name = found
            .clone()
            .find(|(it, _)| it.eq_ignore_ascii_case(hub))
            .map_or(hub, |(_, name)| name);
        format!("{}{name}", self.channel_prefix)
    }

    /// Whether the certificates are such that they can be shown.
    pub(crate) fn check_certificates(&self) -> Result<(), &'static str> {
        let (certificate, key) = (&self.client_certificate, &self.client_certificate_key);
        if certificate.is_some() != key.is_some() {
            return Err(
                "a client certificate for Redis and its key go together: one of them is missing",
            );
        }
        if !self.tls && (certificate.is_some() || self.trusted_issuer.is_some()) {
            return Err("certificates for Redis are named, and there is no TLS: set ssl=true");
        }
        Ok(())
    }

    /// The endpoints, as a log shows them.
    pub(crate) fn shown(&self) -> String {
        let endpoints = self.endpoints.iter();
        let endpoints: Vec<_> = endpoints
            .map(|(host, port)| format!("{host}:{port}"))
            .collect();
        endpoints.join(",")
    }
}

/// Without the password.
impl fmt::Debug for RedisOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisOptions")
            .field("endpoints", &self.shown())
            .field("service_name", &self.service_name)
            .field("user", &self.user)
            .field("tls", &self.tls)
            .field("channel_prefix", &self.channel_prefix)
            .field("when_unreachable", &self.when_unreachable)
            .field("hub_names", &self.hub_names)
            .finish_non_exhaustive()
    }
}

//! What is measured, under ASP.NET Core's names.

use std::time::Duration;

use campanile_host::metrics::{
    CounterSeries, DURATION_BUCKETS, Histogram, HistogramSeries, Metrics, UpDownCounter,
    UpDownCounterSeries,
};

use crate::address::{Address, Target};

/// ASP.NET Core's bounds for what may last long.
const LONG_BUCKETS: &[f64] = &[
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];

/// The instruments of a server.
#[derive(Clone, Debug)]
pub(crate) struct Instruments {
    metrics: std::sync::Arc<Metrics>,
    pub(crate) request_duration: Histogram,
    pub(crate) active_requests: UpDownCounter,
}

/// Those of an endpoint, with its attributes.
#[derive(Debug)]
pub(crate) struct EndpointInstruments {
    pub(crate) active: UpDownCounterSeries,
    pub(crate) upgraded: UpDownCounterSeries,
    pub(crate) rejected: CounterSeries,
    duration: HistogramSeries,
    #[cfg(feature = "tls")]
    pub(crate) handshakes: UpDownCounterSeries,
    #[cfg(feature = "tls")]
    handshake_duration: Histogram,
    #[cfg(feature = "tls")]
    attributes: Attributes,
}

impl Instruments {
    pub(crate) fn new(metrics: std::sync::Arc<Metrics>) -> Self {
        Self {
            request_duration: metrics.histogram(
                "http.server.request.duration",
                "s",
                "Duration of HTTP server requests.",
                DURATION_BUCKETS,
            ),
            active_requests: metrics.up_down_counter(
                "http.server.active_requests",
                "{request}",
                "Number of active HTTP server requests.",
            ),
            metrics,
        }
    }

    pub(crate) fn endpoint(&self, address: &Address) -> EndpointInstruments {
        let attributes = Attributes::of(address);
        let pairs = attributes.pairs();
        let connections = |name, description| {
            self.metrics
                .up_down_counter(name, "{connection}", description)
                .with(&pairs)
        };
        EndpointInstruments {
            active: connections(
                "kestrel.active_connections",
                "Number of connections that are currently active on the server.",
            ),
            upgraded: connections(
                "kestrel.upgraded_connections",
                "Number of connections that were upgraded, as WebSockets are.",
            ),
            rejected: self
                .metrics
                .counter(
                    "kestrel.rejected_connections",
                    "{connection}",
                    "Number of connections rejected because there were too many.",
                )
                .with(&pairs),
            duration: self
                .metrics
                .histogram(
                    "kestrel.connection.duration",
                    "s",
                    "The duration of connections on the server.",
                    LONG_BUCKETS,
                )
                .with(&pairs),
            #[cfg(feature = "tls")]
            handshakes: self
                .metrics
                .up_down_counter(
                    "kestrel.active_tls_handshakes",
                    "{handshake}",
                    "Number of TLS handshakes that are currently in progress on the server.",
                )
                .with(&pairs),
            #[cfg(feature = "tls")]
            handshake_duration: self.metrics.histogram(
                "kestrel.tls_handshake.duration",
                "s",
                "The duration of TLS handshakes on the server.",
                DURATION_BUCKETS,
            ),
            #[cfg(feature = "tls")]
            attributes,
        }
    }
}

impl Default for Instruments {
    /// Measures for nobody.
    fn default() -> Self {
        Self::new(std::sync::Arc::default())
    }
}

impl EndpointInstruments {
    pub(crate) fn ended(&self, duration: Duration) {
        self.duration.record_duration(duration);
    }

    /// A handshake is over; what was agreed on, or why there was nothing.
    #[cfg(feature = "tls")]
    pub(crate) fn handshake_ended(&self, duration: Duration, outcome: (&'static str, &str)) {
        self.handshakes.add(-1);
        let mut pairs = self.attributes.pairs();
        pairs.push(outcome);
        self.handshake_duration.record_duration(duration, &pairs);
    }
}

/// What an endpoint's measures are told apart by.
#[derive(Clone, Debug)]
struct Attributes {
    transport: &'static str,
    network: Option<&'static str>,
    address: String,
    port: Option<String>,
}

impl Attributes {
    fn of(address: &Address) -> Self {
        let (network, host, port) = match &address.target {
            Target::Ip(socket) => (
                if socket.is_ipv4() { "ipv4" } else { "ipv6" },
                socket.ip().to_string(),
                socket.port(),
            ),
            // Both families, of which one has to be told.
            Target::Loopback { name, port } => ("ipv4", name.clone(), *port),
            Target::Any { port } => ("ipv6", "::".to_owned(), *port),
            Target::Unix(path) => {
                return Self {
                    transport: "unix",
                    network: None,
                    address: path.display().to_string(),
                    port: None,
                };
            }
        };
        Self {
            transport: "tcp",
            network: Some(network),
            address: host,
            port: Some(port.to_string()),
        }
    }

    fn pairs(&self) -> Vec<(&'static str, &str)> {
        let mut pairs = vec![("network.transport", self.transport)];
        pairs.extend(self.network.map(|it| ("network.type", it)));
        pairs.push(("server.address", &self.address));
        pairs.extend(self.port.as_deref().map(|it| ("server.port", it)));
        pairs
    }
}

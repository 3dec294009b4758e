//! What a hub counts.
//!
//! Nothing here takes a lock. What comes with every message is counted in the queue of its connection, and folded in by the
//! heartbeat and at the connection's end.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use campanile_host::metrics::{
    Counter, CounterSeries, DURATION_BUCKETS, Histogram, HistogramSeries, Metrics,
    UpDownCounterSeries,
};

use crate::connection::Tally;
use crate::transport::Transport;
use crate::{HttpTransportType, HubError};

/// ASP.NET Core's, for how long connections last.
const CONNECTION_BUCKETS: [f64; 14] = [
    0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0,
];

const HUB: &str = "signalr.hub";

/// What is counted of the connections of an endpoint.
#[derive(Debug)]
pub(crate) struct ConnectionMetrics {
    duration: Histogram,
    /// By transport.
    active: [UpDownCounterSeries; 3],
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closure {
    Normal,
    /// The client has stayed away.
    Timeout,
    /// The server stopped.
    Shutdown,
}

impl Closure {
    /// The end of a connection by its transport, as long as the server does not stop.
    pub(crate) fn of<T: Transport>(transport: &T) -> Self {
        if transport.was_given_up() {
            Self::Timeout
        } else {
            Self::Normal
        }
    }
}

impl ConnectionMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let active = metrics.up_down_counter(
            "signalr.server.active_connections",
            "{connection}",
            "Number of connections that are currently active on the server.",
        );
        Self {
            duration: metrics.histogram(
                "signalr.server.connection.duration",
                "s",
                "The duration of connections on the server.",
                &CONNECTION_BUCKETS,
            ),
            active: TRANSPORTS
                .map(|transport| active.with(&[("signalr.transport", transport_name(transport))])),
        }
    }

    pub(crate) fn begin(&self, transport: HttpTransportType) {
        self.change(transport, 1);
    }

    pub(crate) fn end(&self, transport: HttpTransportType, began: Instant, closure: Closure) {
        self.change(transport, -1);
        let status = match closure {
            Closure::Normal => "normal_closure",
            Closure::Timeout => "timeout",
            Closure::Shutdown => "app_shutdown",
        };
        self.duration.record_duration(
            began.elapsed(),
            &[
                ("signalr.connection.status", status),
                ("signalr.transport", transport_name(transport)),
            ],
        );
    }

    fn change(&self, transport: HttpTransportType, by: i64) {
        let at = TRANSPORTS.iter().position(|it| *it == transport);
        if let Some(series) = at.and_then(|at| self.active.get(at)) {
            series.add(by);
        }
    }
}

const TRANSPORTS: [HttpTransportType; 3] = [
    HttpTransportType::WebSockets,
    HttpTransportType::ServerSentEvents,
    HttpTransportType::LongPolling,
];

fn transport_name(transport: HttpTransportType) -> &'static str {
    match transport {
        HttpTransportType::WebSockets => "web_sockets",
        HttpTransportType::ServerSentEvents => "server_sent_events",
        HttpTransportType::LongPolling => "long_polling",
    }
}

/// What is counted of a hub.
#[derive(Debug)]
pub(crate) struct HubMetrics {
    hub: &'static str,
    duration: Histogram,
    refused: Counter,
    /// As the hub's methods stand in their table.
    methods: Box<[MethodMetrics]>,
    sent_messages: CounterSeries,
    sent_bytes: CounterSeries,
    dropped_messages: CounterSeries,
    queued_bytes: UpDownCounterSeries,
    /// What `queued_bytes` says of this server's connections.
    queued: AtomicI64,
}

#[derive(Debug)]
struct MethodMetrics {
    name: &'static str,
    succeeded: HistogramSeries,
    active: UpDownCounterSeries,
}

impl HubMetrics {
    pub(crate) fn new(
        metrics: &Metrics,
        hub: &'static str,
        methods: impl Iterator<Item = &'static str>,
    ) -> Self {
        let duration = metrics.histogram(
            "signalr.server.invocation.duration",
            "s",
            "The duration of the invocations of hub methods; those with error.type have failed.",
            DURATION_BUCKETS,
        );
        let active = metrics.up_down_counter(
            "signalr.server.active_invocations",
            "{invocation}",
            "Number of invocations of hub methods that are currently running.",
        );
        let methods = methods.map(|name| {
            let attributes = [(HUB, hub), (METHOD, name)];
            MethodMetrics {
                name,
                succeeded: duration.with(&attributes),
                active: active.with(&attributes),
            }
        });
        let methods = methods.collect();
        let of_hub =
            |name, unit, description| metrics.counter(name, unit, description).with(&[(HUB, hub)]);
        Self {
            hub,
            methods,
            duration,
            refused: metrics.counter(
                "signalr.server.refused_invocations",
                "{invocation}",
                "Number of invocations that reached no hub method.",
            ),
            sent_messages: of_hub(
                "signalr.server.sent_messages",
                "{message}",
                "Number of messages that were written to clients.",
            ),
            sent_bytes: of_hub(
                "signalr.server.sent_bytes",
                "By",
                "Bytes that were written to clients, as WebSocket frames.",
            ),
            dropped_messages: of_hub(
                "signalr.server.dropped_messages",
                "{message}",
                "Number of messages that the policy for slow clients has dropped.",
            ),
            queued_bytes: metrics
                .up_down_counter(
                    "signalr.server.queued_bytes",
                    "By",
                    "Bytes that wait to be written to clients.",
                )
                .with(&[(HUB, hub)]),
            queued: AtomicI64::new(0),
        }
    }

    /// Counts an invocation of the method at a place of the table, until it ends.
    pub(crate) fn begin(&self, method: usize) -> Running<'_> {
        let method = self.methods.get(method);
        if let Some(method) = method {
            method.active.add(1);
        }
        Running {
            metrics: self,
            method,
            began: Instant::now(),
        }
    }

    /// Counts a call that reached no method.
    pub(crate) fn refuse(&self, reason: &'static str) {
        let attributes = [(HUB, self.hub), ("signalr.refusal", reason)];
        self.refused.add(1, &attributes);
    }

    /// Adds what a connection has counted.
    pub(crate) fn fold(&self, tally: Tally) {
        if tally.messages > 0 {
            self.sent_messages.add(tally.messages);
            self.sent_bytes.add(tally.bytes);
        }
        if tally.dropped > 0 {
            self.dropped_messages.add(tally.dropped);
        }
    }

    /// Says how much waits for all connections together.
    pub(crate) fn queued(&self, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let before = self.queued.swap(bytes, Ordering::Relaxed);
        if before != bytes {
            self.queued_bytes.add(bytes - before);
        }
    }
}

impl Drop for HubMetrics {
    fn drop(&mut self) {
        self.queued(0);
    }
}

const METHOD: &str = "signalr.method";

/// An invocation that is being counted.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    metrics: &'a HubMetrics,
    method: Option<&'a MethodMetrics>,
    began: Instant,
}

impl Running<'_> {
    /// Counts its end, with what it failed by.
    pub(crate) fn end(mut self, failure: Option<&HubError>) {
        let Some(method) = self.method.take() else {
            return;
        };
        method.active.add(-1);
        match failure {
            None => method.succeeded.record_duration(self.began.elapsed()),
            Some(error) => self.metrics.duration.record_duration(
                self.began.elapsed(),
                &[
                    (HUB, self.metrics.hub),
                    (METHOD, method.name),
                    ("error.type", error.kind()),
                ],
            ),
        }
    }
}

/// One that nobody waits for any more.
impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(method) = self.method {
            method.active.add(-1);
        }
    }
}

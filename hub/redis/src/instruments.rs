//! What is measured of the farm.

use campanile_host::metrics::{
    CounterSeries, DURATION_BUCKETS, HistogramSeries, Metrics, UpDownCounterSeries,
};

/// The instruments of the link, looked up once.
#[derive(Debug)]
pub(crate) struct Instruments {
    pub(crate) published: CounterSeries,
    pub(crate) published_bytes: CounterSeries,
    pub(crate) received: CounterSeries,
    pub(crate) received_bytes: CounterSeries,
    pub(crate) failed: CounterSeries,
    pub(crate) rejected: CounterSeries,
    pub(crate) connections: CounterSeries,
    pub(crate) connected: UpDownCounterSeries,
    pub(crate) channels: UpDownCounterSeries,
    pub(crate) waiting: UpDownCounterSeries,
    pub(crate) round_trip: HistogramSeries,
}

impl Instruments {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let counter = |name, unit, text| metrics.counter(name, unit, text).with(&[]);
        let level = |name, unit, text| metrics.up_down_counter(name, unit, text).with(&[]);
        #[rustfmt::skip]
        let instruments = Self {
            published: counter("signalr.backplane.published", "{message}", "Messages sent to the other servers."),
            published_bytes: counter("signalr.backplane.published.size", "By", "Bytes of the messages sent to the other servers."),
            received: counter("signalr.backplane.received", "{message}", "Messages of all servers, this one among them."),
            received_bytes: counter("signalr.backplane.received.size", "By", "Bytes of the messages of all servers."),
            failed: counter("signalr.backplane.failed", "{message}", "What could not be sent to the other servers."),
            rejected: counter("signalr.backplane.rejected", "{message}", "What came and is no message of a server."),
            connections: counter("signalr.backplane.connections", "{connection}", "How often a connection to Redis was made; one more than reconnects."),
            connected: level("signalr.backplane.connected", "{connection}", "1 while there is a connection to Redis, else 0."),
            channels: level("signalr.backplane.channels", "{channel}", "Channels that are heard, or would be if there were a connection."),
            waiting: level("signalr.backplane.waiting", "{request}", "Commands and questions that other servers have not answered."),
            round_trip: metrics.histogram("signalr.backplane.round_trip", "s", "How long Redis takes to answer.", DURATION_BUCKETS).with(&[]),
        };
        instruments
    }
}

//! Counters, up-down counters and histograms, cheap enough for hot paths, and their text for Prometheus.
//!
//! One [`Metrics`] is a service of every host: inject `Arc<Metrics>`, make the instruments once, keep them.
//!
//! ```
//! use campanile_host::metrics::Metrics;
//!
//! let metrics = Metrics::new();
//! let strikes = metrics.counter("bell.strikes", "{strike}", "Strikes of all bells.");
//! strikes.add(1, &[("bell", "Emma")]);
//!
//! let emma = strikes.with(&[("bell", "Emma")]); // looked up once: what follows is one atomic addition
//! emma.add(11);
//! assert!(metrics.to_prometheus().contains(r#"bell_strikes_total{bell="Emma"} 12"#));
//! ```
//!
//! An update takes no lock. One without attributes, or by a handle from `with`, is an atomic addition; one with attributes is a
//! look-up of them as well, which allocates when a combination is new. Attributes are for values of which there are few: beyond
//! [`MAX_SERIES`] combinations an instrument counts in the series `otel_metric_overflow="true"`, as OpenTelemetry does.

mod attributes;
mod counter;
mod family;
mod histogram;
mod prometheus;
mod registry;
mod snapshot;

pub use counter::{Counter, CounterSeries, UpDownCounter, UpDownCounterSeries};
pub use family::MAX_SERIES;
pub use histogram::{DURATION_BUCKETS, Histogram, HistogramSeries};
pub use prometheus::PROMETHEUS_CONTENT_TYPE;
pub use registry::Metrics;
pub use snapshot::{AllSeries, Distribution, Series, Snapshot};

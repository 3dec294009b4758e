//! What is measured many times.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::family::Family;
use super::snapshot::Distribution;

/// The upper bounds in seconds of .NET's and OpenTelemetry's histograms of durations.
pub const DURATION_BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// How measured values are spread; from [`Metrics::histogram`](super::Metrics::histogram). Clones record together.
#[derive(Clone, Debug)]
pub struct Histogram(pub(super) Arc<Family<Buckets>>);

/// A [`Histogram`] for fixed attributes: recording is two atomic additions and one of a float.
#[derive(Clone, Debug)]
pub struct HistogramSeries(Arc<Buckets>);

#[derive(Debug)]
pub(super) struct Buckets {
    bounds: Arc<[f64]>,
    /// One more than bounds: the last has no upper end. Each counts what is in it alone.
    counts: Box<[AtomicU64]>,
    /// The bits of an `f64`.
    sum: AtomicU64,
}

impl Histogram {
    /// Records a value in the series of these attributes. One that is no number is left out.
    pub fn record(&self, value: f64, attributes: &[(&'static str, &str)]) {
        self.0.update(attributes, |it| it.record(value));
    }

    /// Records a duration in seconds.
    pub fn record_duration(&self, duration: Duration, attributes: &[(&'static str, &str)]) {
        self.record(duration.as_secs_f64(), attributes);
    }

    /// The series of these attributes, to keep.
    #[must_use]
    pub fn with(&self, attributes: &[(&'static str, &str)]) -> HistogramSeries {
        HistogramSeries(self.0.series(attributes))
    }

    /// How many values the series has recorded.
    #[must_use]
    pub fn count(&self, attributes: &[(&'static str, &str)]) -> u64 {
        self.0.series(attributes).count()
    }
}

impl HistogramSeries {
    /// Records a value. One that is no number is left out.
    pub fn record(&self, value: f64) {
        self.0.record(value);
    }

    /// Records a duration in seconds.
    pub fn record_duration(&self, duration: Duration) {
        self.record(duration.as_secs_f64());
    }

    /// How many values were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.count()
    }
}

impl Buckets {
    pub(super) fn new(bounds: Arc<[f64]>) -> Self {
        Self {
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            bounds,
            sum: AtomicU64::new(0f64.to_bits()),
        }
    }

    fn record(&self, value: f64) {
        if value.is_nan() {
            return;
        }
        // A value on a bound belongs below it. There is one count more than bounds.
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let add = |bits| Some((f64::from_bits(bits) + value).to_bits());
        // It is always Some.
        let _ = self
            .sum
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub(super) fn count(&self) -> u64 {
        self.counts
            .iter()
            .map(|it| it.load(Ordering::Relaxed))
            .sum()
    }

    pub(super) fn distribution(&self) -> Distribution {
        Distribution {
            bounds: self.bounds.to_vec(),
            counts: self
                .counts
                .iter()
                .map(|it| it.load(Ordering::Relaxed))
                .collect(),
            sum: f64::from_bits(self.sum.load(Ordering::Relaxed)),
        }
    }
}

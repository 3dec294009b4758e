//! What counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use super::family::Family;

/// A sum that only grows; from [`Metrics::counter`](super::Metrics::counter). Clones count together.
#[derive(Clone, Debug)]
pub struct Counter(pub(super) Arc<Family<Sum>>);

/// A sum that goes up and down, as the number of connections; from
/// [`Metrics::up_down_counter`](super::Metrics::up_down_counter). Clones count together.
#[doc(alias = "Gauge")]
#[derive(Clone, Debug)]
pub struct UpDownCounter(pub(super) Arc<Family<Level>>);

/// A [`Counter`] for fixed attributes: an update is an atomic addition.
#[derive(Clone, Debug)]
pub struct CounterSeries(Arc<Sum>);

/// An [`UpDownCounter`] for fixed attributes: an update is an atomic addition.
#[derive(Clone, Debug)]
pub struct UpDownCounterSeries(Arc<Level>);

#[derive(Debug, Default)]
pub(super) struct Sum(AtomicU64);

#[derive(Debug, Default)]
pub(super) struct Level {
    value: AtomicI64,
    /// Zero is news only for what was not zero before.
    used: AtomicBool,
}

impl Counter {
    /// Adds to the series of these attributes, which are pairs of a name and a value.
    pub fn add(&self, count: u64, attributes: &[(&'static str, &str)]) {
        self.0.update(attributes, |it| it.add(count));
    }

    /// The series of these attributes, to keep.
    #[must_use]
    pub fn with(&self, attributes: &[(&'static str, &str)]) -> CounterSeries {
        CounterSeries(self.0.series(attributes))
    }

    /// What the series counts so far.
    #[must_use]
    pub fn value(&self, attributes: &[(&'static str, &str)]) -> u64 {
        self.0.series(attributes).value()
    }
}

impl UpDownCounter {
    /// Adds to the series of these attributes, or takes away with a negative number.
    pub fn add(&self, change: i64, attributes: &[(&'static str, &str)]) {
        self.0.update(attributes, |it| it.add(change));
    }

    /// The series of these attributes, to keep.
    #[must_use]
    pub fn with(&self, attributes: &[(&'static str, &str)]) -> UpDownCounterSeries {
        UpDownCounterSeries(self.0.series(attributes))
    }

    /// Where the series stands.
    #[must_use]
    pub fn value(&self, attributes: &[(&'static str, &str)]) -> i64 {
        self.0.series(attributes).value()
    }
}

impl CounterSeries {
    /// Adds.
    pub fn add(&self, count: u64) {
        self.0.add(count);
    }

    /// What is counted so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0.value()
    }
}

impl UpDownCounterSeries {
    /// Adds, or takes away with a negative number.
    pub fn add(&self, change: i64) {
        self.0.add(change);
    }

    /// Where it stands.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.0.value()
    }
}

impl Sum {
    fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Level {
    fn add(&self, change: i64) {
        self.value.fetch_add(change, Ordering::Relaxed);
        // A load mostly, so that the line is not written twice.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn value(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }

    pub(super) fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }
}

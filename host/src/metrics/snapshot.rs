//! What all instruments say at one moment.

use super::attributes::Owned;
use super::counter::{Level, Sum};
use super::family::Family;
use super::histogram::Buckets;
use super::registry::{Instrument, Kind, Metrics};

/// An instrument at one moment; from [`Metrics::snapshot`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// Its name, as it was made: `http.server.requests`.
    pub name: String,
    /// Its unit, one of UCUM; may be empty.
    pub unit: String,
    /// What it is about; may be empty.
    pub description: String,
    /// The series that have been updated, ordered by their attributes; the one without attributes if none has.
    pub series: AllSeries,
}

/// The series of an instrument, by its kind.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AllSeries {
    /// Of a [`Counter`](super::Counter).
    Counter(Vec<Series<u64>>),
    /// Of an [`UpDownCounter`](super::UpDownCounter).
    UpDownCounter(Vec<Series<i64>>),
    /// Of a [`Histogram`](super::Histogram).
    Histogram(Vec<Series<Distribution>>),
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Series<V> {
    /// What tells it apart: names and values.
    pub attributes: Vec<(&'static str, String)>,
    /// What it has come to since the instrument was made.
    pub value: V,
}

/// How the values of a histogram are spread.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Distribution {
    /// The upper bound of each bucket but the last, which has none; values on a bound are in the bucket below it.
    pub bounds: Vec<f64>,
    /// How many values are in each bucket: one more than there are bounds.
    pub counts: Vec<u64>,
    /// The sum of all values.
    pub sum: f64,
}

impl Distribution {
    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

impl Metrics {
    /// What all instruments say, ordered by their names: for those who tell it elsewhere.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Snapshot> {
        self.all().into_iter().map(snapshot).collect()
    }
}

fn snapshot(instrument: Instrument) -> Snapshot {
    let series = match &instrument.kind {
        Kind::Counter(family) => AllSeries::Counter(all(family, |it| it.value() > 0, Sum::value)),
        Kind::UpDownCounter(family) => {
            AllSeries::UpDownCounter(all(family, Level::is_used, Level::value))
        }
        Kind::Histogram(family) => {
            AllSeries::Histogram(all(family, |it| it.count() > 0, Buckets::distribution))
        }
    };
    Snapshot {
        name: instrument.name,
        unit: instrument.unit,
        description: instrument.description,
        series,
    }
}

fn all<S, V>(
    family: &Family<S>,
    is_used: impl Fn(&S) -> bool,
    value: impl Fn(&S) -> V,
) -> Vec<Series<V>> {
    let attributed = family.all();
    let plain = family.plain();
    let plain = (attributed.is_empty() || is_used(plain)).then(|| Series {
        attributes: Vec::new(),
        value: value(plain),
    });
    let attributed = attributed.iter().map(|(attributes, series)| Series {
        attributes: owned(attributes),
        value: value(series),
    });
    plain.into_iter().chain(attributed).collect()
}

fn owned(attributes: &Owned) -> Vec<(&'static str, String)> {
    let pairs = attributes.iter();
    pairs
        .map(|(name, value)| (name, value.to_owned()))
        .collect()
}

//! All instruments of a process or of a host.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::counter::{Counter, Level, Sum, UpDownCounter};
use super::family::Family;
use super::histogram::{Buckets, Histogram};

/// All instruments of a host. A service of every host: inject `Arc<Metrics>`.
///
/// Making an instrument takes a lock; using it does not. A name that was made before is the same instrument again, with the
/// unit and the description of the first.
#[doc(alias = "IMeterFactory")]
#[doc(alias = "Meter")]
#[derive(Default)]
pub struct Metrics {
    instruments: Mutex<Vec<Instrument>>,
}

/// An instrument, as it is told.
#[derive(Clone, Debug)]
pub(super) struct Instrument {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) description: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Counter(Arc<Family<Sum>>),
    UpDownCounter(Arc<Family<Level>>),
    Histogram(Arc<Family<Buckets>>),
}

impl Metrics {
    /// No instruments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A sum that only grows. Names are OpenTelemetry's (`http.server.requests`), units those of UCUM (`s`, `By`, `{request}`).
    ///
    /// A name that is another kind of instrument already gives one that counts for itself and is not told, with a line in the log.
    pub fn counter(&self, name: &str, unit: &str, description: &str) -> Counter {
        let make = || Kind::Counter(Arc::new(Family::new(Sum::default)));
        match self.instrument(name, unit, description, make) {
            Kind::Counter(family) => Counter(family),
            _ => Counter(Arc::new(Family::new(Sum::default))),
        }
    }

    /// A sum that goes up and down; otherwise as [`counter`](Self::counter).
    pub fn up_down_counter(&self, name: &str, unit: &str, description: &str) -> UpDownCounter {
        let make = || Kind::UpDownCounter(Arc::new(Family::new(Level::default)));
        match self.instrument(name, unit, description, make) {
            Kind::UpDownCounter(family) => UpDownCounter(family),
            _ => UpDownCounter(Arc::new(Family::new(Level::default))),
        }
    }

    /// A histogram with these upper bounds, such as [`DURATION_BUCKETS`](super::DURATION_BUCKETS); otherwise as
    /// [`counter`](Self::counter). Bounds that are not in order are put in order.
    pub fn histogram(
        &self,
        name: &str,
        unit: &str,
        description: &str,
        bounds: &[f64],
    ) -> Histogram {
        let mut bounds: Vec<f64> = bounds.iter().copied().filter(|it| it.is_finite()).collect();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let bounds: Arc<[f64]> = bounds.into();
        let family = || {
            let bounds = Arc::clone(&bounds);
            Arc::new(Family::new(move || Buckets::new(Arc::clone(&bounds))))
        };
        match self.instrument(name, unit, description, || Kind::Histogram(family())) {
            Kind::Histogram(family) => Histogram(family),
            _ => Histogram(family()),
        }
    }

    fn instrument(
        &self,
        name: &str,
        unit: &str,
        description: &str,
        make: impl FnOnce() -> Kind,
    ) -> Kind {
        let made = make();
        let mut instruments = self.lock();
        if let Some(known) = instruments.iter().find(|it| it.name == name) {
            if std::mem::discriminant(&known.kind) != std::mem::discriminant(&made) {
                tracing::error!(
                    "the metric {name} is made as two kinds of instruments; the second is not told"
                );
            }
            return known.kind.clone();
        }
        instruments.push(Instrument {
            name: name.to_owned(),
            unit: unit.to_owned(),
            description: description.to_owned(),
            kind: made.clone(),
        });
        made
    }

    /// All instruments by name.
    pub(super) fn all(&self) -> Vec<Instrument> {
        let mut all = self.lock().clone();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Instrument>> {
        // The list is whole whoever panicked.
        self.instruments
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.all().into_iter().map(|it| it.name).collect();
        f.debug_struct("Metrics")
            .field("instruments", &names)
            .finish()
    }
}

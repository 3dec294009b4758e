//! All series of one instrument.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::attributes::{Attributes, Owned};

/// How many combinations of attributes an instrument keeps apart.
pub const MAX_SERIES: usize = 2000;

const OVERFLOW: Attributes<'static> = &[("otel_metric_overflow", "true")];

/// The series of an instrument, by their attributes. Readers take no lock; a new series replaces the whole table.
pub(super) struct Family<S> {
    make: Box<dyn Fn() -> S + Send + Sync>,
    /// Of the updates without attributes, which come most.
    plain: Arc<S>,
    table: ArcSwap<Table<S>>,
    growing: Mutex<()>,
    hash: RandomState,
}

type Entry<S> = (u64, Owned, Arc<S>);

/// Sorted by the hash of the attributes.
struct Table<S>(Vec<Entry<S>>);

impl<S> Family<S> {
    pub(super) fn new(make: impl Fn() -> S + Send + Sync + 'static) -> Self {
        Self {
            plain: Arc::new(make()),
            make: Box::new(make),
            table: ArcSwap::from_pointee(Table(Vec::new())),
            growing: Mutex::new(()),
            hash: RandomState::new(),
        }
    }

    /// The series without attributes.
    pub(super) fn plain(&self) -> &Arc<S> {
        &self.plain
    }

    /// Runs `update` on a series.
    pub(super) fn update(&self, attributes: Attributes<'_>, update: impl FnOnce(&S)) {
        if attributes.is_empty() {
            return update(&self.plain);
        }
        let hash = self.hash(attributes);
        let table = self.table.load();
        if let Some(series) = table.find(hash, attributes) {
            return update(series);
        }
        drop(table);
        update(&self.grow(hash, attributes));
    }

    pub(super) fn series(&self, attributes: Attributes<'_>) -> Arc<S> {
        if attributes.is_empty() {
            return Arc::clone(&self.plain);
        }
        let hash = self.hash(attributes);
        if let Some(series) = self.table.load().find(hash, attributes) {
            return Arc::clone(series);
        }
        self.grow(hash, attributes)
    }

    /// All series with attributes, in the order in which they should be shown.
    pub(super) fn all(&self) -> Vec<(Owned, Arc<S>)> {
        let table = self.table.load();
        let mut all: Vec<_> = table
            .0
            .iter()
            .map(|(_, attributes, series)| (attributes.clone(), Arc::clone(series)))
            .collect();
        all.sort_by(|(a, _), (b, _)| a.iter().cmp(b.iter()));
        all
    }

    fn hash(&self, attributes: Attributes<'_>) -> u64 {
        let mut hasher = self.hash.build_hasher();
        for (name, value) in attributes {
            hasher.write(name.as_bytes());
            hasher.write_u8(0xFF);
            hasher.write(value.as_bytes());
            hasher.write_u8(0xFF);
        }
        hasher.finish()
    }

    fn grow(&self, hash: u64, attributes: Attributes<'_>) -> Arc<S> {
        // What it guards is replaced whole.
        let _growing = self.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let table = self.table.load();
        if let Some(series) = table.find(hash, attributes) {
            return Arc::clone(series);
        }
        let (hash, attributes) = if table.0.len() < MAX_SERIES {
            (hash, attributes)
        } else {
            let hash = self.hash(OVERFLOW);
            if let Some(series) = table.find(hash, OVERFLOW) {
                return Arc::clone(series);
            }
            (hash, OVERFLOW)
        };
        let series = Arc::new((self.make)());
        let mut entries = table.0.clone();
        let at = entries.partition_point(|(other, ..)| *other < hash);
        entries.insert(at, (hash, Owned::new(attributes), Arc::clone(&series)));
        self.table.store(Arc::new(Table(entries)));
        series
    }
}

impl<S> Table<S> {
    fn find(&self, hash: u64, attributes: Attributes<'_>) -> Option<&Arc<S>> {
        let from = self.0.partition_point(|(other, ..)| *other < hash);
        self.0[from..]
            .iter()
            .take_while(|(other, ..)| *other == hash)
            .find(|(_, owned, _)| owned.is(attributes))
            .map(|(_, _, series)| series)
    }
}

impl<S> fmt::Debug for Family<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Family")
            .field("series", &self.table.load().0.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    fn family() -> Family<AtomicU64> {
        Family::new(AtomicU64::default)
    }

    #[test]
    fn a_series_is_made_once_and_found_again() {
        let family = family();
        let emma = family.series(&[("bell", "Emma")]);
        family.update(&[("bell", "Emma")], |it| {
            it.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(emma.load(Ordering::Relaxed), 1);
        assert!(!Arc::ptr_eq(&emma, &family.series(&[("bell", "Susanne")])));
        assert!(!Arc::ptr_eq(&emma, family.plain()));
        assert_eq!(family.all().len(), 2);
    }

    #[test]
    fn too_many_combinations_are_counted_together() {
        let family = family();
        for number in 0..MAX_SERIES {
            family.series(&[("number", &number.to_string())]);
        }
        let one = family.series(&[("number", "one more")]);
        let two = family.series(&[("number", "and another")]);
        assert!(Arc::ptr_eq(&one, &two));
        assert_eq!(family.all().len(), MAX_SERIES + 1);
    }
}

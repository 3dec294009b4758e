//! The sources of a configuration behind what was read of them, so that they can be read again.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::error::{ConfigurationError, ReloadError};
use super::files::ConfigurationFile;
use super::fingerprint::Fingerprint;
use super::layer::{Layer, Provider};
use super::listeners::Listeners;
use super::tree::Tree;

/// What all handles on one configuration share.
pub(super) struct Live {
    state: ArcSwap<State>,
    /// Locked while sources are read again, so that two who do that do not mix.
    slots: Mutex<Vec<Slot>>,
    pub(super) listeners: Arc<Listeners<Change>>,
    version: watch::Sender<u64>,
}

/// The configuration at one time.
pub(super) struct State {
    pub(super) tree: Arc<Tree>,
    pub(super) files: Arc<[ConfigurationFile]>,
}

/// From what to what a configuration has changed.
pub(crate) struct Change {
    pub(super) old: Arc<Tree>,
    pub(super) new: Arc<Tree>,
}

impl Change {
    /// Whether anything below one of these sections is not what it was.
    pub(crate) fn concerns(&self, sections: &[Option<&str>]) -> bool {
        let (old, new) = (self.old.view(sections), self.new.view(sections));
        !old.has_same_values(&new)
    }
}

/// A source, and what it gave when it could last be read.
struct Slot {
    provider: Arc<dyn Provider>,
    layer: Layer,
    /// Of a source that is to be watched.
    fingerprint: Option<Fingerprint>,
}

impl Live {
    pub(super) fn load(sources: &[Arc<dyn Provider>]) -> Result<Self, ConfigurationError> {
        let mut slots = Vec::with_capacity(sources.len());
        for provider in sources {
            // Before the file is read, so that what happens in between counts as a change.
            let fingerprint = provider.fingerprint();
            slots.push(Slot {
                layer: provider.load()?,
                provider: Arc::clone(provider),
                fingerprint,
            });
        }
        Ok(Self {
            state: ArcSwap::from_pointee(State::of(&slots)),
            slots: Mutex::new(slots),
            listeners: Arc::default(),
            version: watch::Sender::new(0),
        })
    }

    /// A configuration that stays as this one is now.
    pub(super) fn frozen(&self) -> Self {
        Self {
            state: ArcSwap::new(self.state()),
            slots: Mutex::default(),
            listeners: Arc::default(),
            version: watch::Sender::new(0),
        }
    }

    pub(super) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Whether there is a source whose files are to be watched.
    pub(super) fn is_watched(&self) -> bool {
        self.slots().iter().any(|slot| slot.fingerprint.is_some())
    }

    /// What the files are now, if any is not what it was when it was last read.
    pub(super) fn changed_files(&self) -> Option<Vec<Fingerprint>> {
        let slots = self.slots();
        let now = fingerprints(&slots);
        let known = slots.iter().filter_map(|slot| slot.fingerprint.as_ref());
        let is_same = known.zip(&now).all(|(known, now)| known.is_same(now));
        (!is_same).then_some(now)
    }

    pub(super) fn files_now(&self) -> Vec<Fingerprint> {
        fingerprints(&self.slots())
    }

    /// Reads the sources again: all of them, or those whose files have changed.
    ///
    /// A source that cannot be read keeps the values that it had. Says whether any value is another one now; everybody
    /// who wants to know has been told then.
    pub(super) fn reload(&self, all: bool) -> Result<bool, ReloadError> {
        let mut errors = Vec::new();
        let change = {
            let mut slots = self.slots();
            for slot in &mut *slots {
                let now = slot.provider.fingerprint();
                let is_same = match (&slot.fingerprint, &now) {
                    (Some(known), Some(now)) => known.is_same(now),
                    _ => true,
                };
                if is_same && !all {
                    continue;
                }
                slot.fingerprint = now;
                match slot.provider.load() {
                    Ok(layer) => slot.layer = layer,
                    Err(error) => errors.push(error),
                }
            }
            let new = Arc::new(State::of(&slots));
            let old = self.state.swap(Arc::clone(&new));
            Change {
                old: Arc::clone(&old.tree),
                new: Arc::clone(&new.tree),
            }
        };
        let has_changed = !change.old.has_same_values(&change.new);
        if has_changed {
            self.listeners.call(&change);
            self.version.send_modify(|version| *version += 1);
        }
        if errors.is_empty() {
            Ok(has_changed)
        } else {
            Err(ReloadError::new(errors, has_changed))
        }
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fingerprints(slots: &[Slot]) -> Vec<Fingerprint> {
    slots
        .iter()
        .filter(|slot| slot.fingerprint.is_some())
        .filter_map(|slot| slot.provider.fingerprint())
        .collect()
}

impl State {
    fn of(slots: &[Slot]) -> Self {
        let layers = slots.iter().map(|slot| slot.layer.leaves.as_slice());
        let files = slots.iter().filter_map(|slot| slot.layer.file.clone());
        Self {
            tree: Arc::new(Tree::merge(layers)),
            files: files.collect(),
        }
    }
}

//! Options that are made anew when their section changes.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::error::OptionsError;
use super::step::Recipe;
use crate::configuration::{Change, ChangeRegistration, Listeners};

/// The options of one name, as they are now.
pub(super) struct LiveOptions<T> {
    current: ArcSwap<T>,
    /// Locked while they are made anew, so that an older value never follows a newer one.
    making: Mutex<()>,
    pub(super) listeners: Arc<Listeners<Arc<T>>>,
    version: watch::Sender<u64>,
    registration: OnceLock<ChangeRegistration>,
}

impl<T> LiveOptions<T> {
    pub(super) fn new(value: Arc<T>) -> Self {
        Self {
            current: ArcSwap::new(value),
            making: Mutex::new(()),
            listeners: Arc::default(),
            version: watch::Sender::new(0),
            registration: OnceLock::new(),
        }
    }

    pub(super) fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }
}

impl<T: Send + Sync + 'static> LiveOptions<T> {
    /// Makes options, and keeps them up to date.
    pub(super) fn make(recipe: &Arc<Recipe<T>>) -> Result<Arc<Self>, OptionsError> {
        let configuration = recipe.configuration.clone();
        let moment = configuration.as_ref().map(|it| it.moment());
        let live = Arc::new(Self::new(Arc::new(recipe.make()?)));
        let Some(configuration) = configuration.filter(|_| !recipe.sections().is_empty()) else {
            return Ok(live);
        };
        let weak: Weak<Self> = Arc::downgrade(&live);
        // The recipe holds the configuration, which holds this callback.
        let known = Arc::downgrade(recipe);
        let registration = configuration.on_change_of(move |change: &Change| {
            if let (Some(live), Some(recipe)) = (weak.upgrade(), known.upgrade())
                && change.concerns(&recipe.sections())
            {
                live.renew(&recipe);
            }
        });
        let _ = live.registration.set(registration);
        // It may have changed before there was anybody to be told.
        if moment != Some(configuration.moment()) {
            live.renew(recipe);
        }
        Ok(live)
    }

    /// What cannot be made, stays as it was.
    fn renew(&self, recipe: &Recipe<T>) {
        let making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        match recipe.make() {
            Ok(value) => {
                let value = Arc::new(value);
                self.current.store(Arc::clone(&value));
                drop(making);
                self.announce(&value);
            }
            Err(error) => tracing::error!(
                target: "Campanile.Hosting.Options",
                "the options {} have changed, but cannot be used, and stay as they were: {error}",
                std::any::type_name::<T>()
            ),
        }
    }

    pub(super) fn replace(&self, value: T) {
        let value = Arc::new(value);
        self.current.store(Arc::clone(&value));
        self.announce(&value);
    }

    fn announce(&self, value: &Arc<T>) {
        self.listeners.call(value);
        self.version.send_modify(|version| *version += 1);
    }
}

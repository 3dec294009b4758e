//! Who wants to be told of changes.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

type Callback<A> = Arc<dyn Fn(&A) + Send + Sync>;

/// Callbacks, called in order of registration.
pub(crate) struct Listeners<A> {
    next: AtomicU64,
    callbacks: Mutex<Vec<(u64, Callback<A>)>>,
}

impl<A: 'static> Listeners<A> {
    pub(crate) fn add(
        self: &Arc<Self>,
        callback: impl Fn(&A) + Send + Sync + 'static,
    ) -> ChangeRegistration {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.lock().push((id, Arc::new(callback)));
        let listeners: Weak<dyn Remove> = Arc::downgrade(&(Arc::clone(self) as Arc<dyn Remove>));
        ChangeRegistration {
            listeners: Some(listeners),
            id,
        }
    }

    /// Nothing is locked while they run, so that they may register and take out others.
    pub(crate) fn call(&self, argument: &A) {
        let callbacks: Vec<Callback<A>> = self.lock().iter().map(|(_, it)| it.clone()).collect();
        for callback in callbacks {
            callback(argument);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Callback<A>)>> {
        self.callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> Default for Listeners<A> {
    fn default() -> Self {
        Self {
            next: AtomicU64::new(0),
            callbacks: Mutex::default(),
        }
    }
}

impl<A> fmt::Debug for Listeners<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listeners").finish_non_exhaustive()
    }
}

trait Remove: Send + Sync {
    fn remove(&self, id: u64);
}

impl<A: 'static> Remove for Listeners<A> {
    fn remove(&self, id: u64) {
        self.lock().retain(|(other, _)| *other != id);
    }
}

/// A callback that is told of changes, until this is dropped.
#[must_use = "the callback is taken out when this is dropped; `detach` keeps it"]
pub struct ChangeRegistration {
    listeners: Option<Weak<dyn Remove>>,
    id: u64,
}

impl ChangeRegistration {
    /// Keeps the callback for as long as there is something that can change.
    pub fn detach(mut self) {
        self.listeners = None;
    }
}

impl Drop for ChangeRegistration {
    fn drop(&mut self) {
        if let Some(listeners) = self.listeners.as_ref().and_then(Weak::upgrade) {
            listeners.remove(self.id);
        }
    }
}

impl fmt::Debug for ChangeRegistration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeRegistration").finish_non_exhaustive()
    }
}

//! [`Subscription`]: handlers that can be removed again.

use std::sync::{Arc, Weak};

use crate::handlers::Handlers;

/// Handlers that have been added; they can be [removed](Self::remove). Dropping this leaves them where they are.
#[derive(Debug, Clone)]
pub struct Subscription {
    handlers: Weak<Handlers>,
    /// The methods' names with the handlers' numbers.
    added: Vec<(String, u64)>,
}

/// Handlers that are there as long as this is: see [`Subscription::until_dropped`].
#[derive(Debug)]
#[must_use = "the handlers are removed when this is dropped"]
pub struct SubscriptionGuard(Option<Subscription>);

impl Subscription {
    pub(crate) fn new(handlers: &Arc<Handlers>) -> Self {
        Self {
            handlers: Arc::downgrade(handlers),
            added: Vec::new(),
        }
    }

    pub(crate) fn to(handlers: &Arc<Handlers>, method: &str, id: u64) -> Self {
        let mut subscription = Self::new(handlers);
        subscription.add(method, id);
        subscription
    }

    pub(crate) fn add(&mut self, method: &str, id: u64) {
        self.added.push((method.to_owned(), id));
    }

    /// Removes the handlers. What the server has called before may still run.
    pub fn remove(self) {
        if let Some(handlers) = self.handlers.upgrade() {
            for (method, added) in &self.added {
                handlers.remove(method, |id| id != *added);
            }
        }
    }

    /// Removes the handlers when the guard is dropped.
    pub fn until_dropped(self) -> SubscriptionGuard {
        SubscriptionGuard(Some(self))
    }
}

impl Drop for SubscriptionGuard {
    fn drop(&mut self) {
        if let Some(subscription) = self.0.take() {
            subscription.remove();
        }
    }
}

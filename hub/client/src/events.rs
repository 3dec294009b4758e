//! What users are told about the life of a connection.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ClientError;

type OnError = dyn Fn(Option<&ClientError>) + Send + Sync;
type OnId = dyn Fn(Option<&str>) + Send + Sync;

#[derive(Clone)]
enum Listener {
    Closed(Arc<OnError>),
    Reconnecting(Arc<OnError>),
    Reconnected(Arc<OnId>),
}

/// Who listens. They are called one after another, without a lock being held.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<Listener>>);

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Events {
    fn add(&self, listener: Listener) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(listener);
    }

    pub(crate) fn on_closed(&self, f: impl Fn(Option<&ClientError>) + Send + Sync + 'static) {
        self.add(Listener::Closed(Arc::new(f)));
    }

    pub(crate) fn on_reconnecting(&self, f: impl Fn(Option<&ClientError>) + Send + Sync + 'static) {
        self.add(Listener::Reconnecting(Arc::new(f)));
    }

    pub(crate) fn on_reconnected(&self, f: impl Fn(Option<&str>) + Send + Sync + 'static) {
        self.add(Listener::Reconnected(Arc::new(f)));
    }

    fn listeners(&self) -> Vec<Listener> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn closed(&self, error: Option<&ClientError>) {
        for listener in self.listeners() {
            if let Listener::Closed(tell) = listener {
                tell(error);
            }
        }
    }

    pub(crate) fn reconnecting(&self, error: Option<&ClientError>) {
        for listener in self.listeners() {
            if let Listener::Reconnecting(tell) = listener {
                tell(error);
            }
        }
    }

    pub(crate) fn reconnected(&self, id: Option<&str>) {
        for listener in self.listeners() {
            if let Listener::Reconnected(tell) = listener {
                tell(id);
            }
        }
    }
}

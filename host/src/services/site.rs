use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use super::entry::Entry;

/// Where a constructor finds a service that it needs: looked up the first time, and known from then on.
///
/// It is what an `Arc<S>` remembers, see [`Injectable::Site`](super::Injectable::Site).
// Two registrations that hold each other would never be freed. There are none: what needs itself is not built.
pub struct ServiceSite<S: ?Sized>(OnceLock<Arc<Entry<S>>>);

impl<S: ?Sized> ServiceSite<S> {
    /// The registration that answers, if it is known.
    #[inline]
    pub(crate) fn known(&self) -> Option<&Arc<Entry<S>>> {
        self.0.get()
    }

    /// Remembers it. Whoever comes first: all of them found the same one.
    pub(crate) fn remember(&self, entry: &Arc<Entry<S>>) {
        self.0.get_or_init(|| Arc::clone(entry));
    }
}

impl<S: ?Sized> Default for ServiceSite<S> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<S: ?Sized> fmt::Debug for ServiceSite<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceSite")
            .field("known", &self.known().is_some())
            .finish()
    }
}

/// The sites of one registration: of whatever type its constructor keeps them in.
#[derive(Default)]
pub(crate) struct Sites(OnceLock<Box<dyn Any + Send + Sync>>);

impl Sites {
    #[inline]
    pub(crate) fn get<T: Default + Send + Sync + 'static>(&self) -> Option<&T> {
        let sites = self.0.get_or_init(|| Box::new(T::default()));
        sites.downcast_ref()
    }
}

//! What an application keeps for a connection.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Values of the application's own, one of each type. The counterpart of `HubCallerContext.Items`.
///
/// ```
/// # use campanile_hub::Items;
/// #[derive(Debug, PartialEq)]
/// struct Nickname(String);
///
/// let items = Items::default();
/// items.set(Nickname("ann".into()));
/// assert_eq!(items.get::<Nickname>().as_deref(), Some(&Nickname("ann".into())));
/// ```
#[derive(Default)]
pub struct Items {
    /// Not there until something is set: most connections have none.
    values: Mutex<Option<Box<Values>>>,
}

type Values = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

impl Items {
    /// Keeps `value` in place of what was kept of its type, which is returned.
    pub fn set<T: Send + Sync + 'static>(&self, value: T) -> Option<Arc<T>> {
        let old = self
            .lock()
            .get_or_insert_default()
            .insert(TypeId::of::<T>(), Arc::new(value));
        old.and_then(|old| old.downcast().ok())
    }

    /// What is kept of the type `T`.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.lock().as_ref()?.get(&TypeId::of::<T>())?.clone();
        value.downcast().ok()
    }

    /// Takes out what is kept of the type `T`.
    pub fn remove<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = self.lock().as_mut()?.remove(&TypeId::of::<T>())?;
        value.downcast().ok()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Values>>> {
        // Nothing in here panics half-way through a change.
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Items {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.lock().as_ref().map_or(0, |values| values.len());
        formatter
            .debug_struct("Items")
            .field("count", &count)
            .finish_non_exhaustive()
    }
}

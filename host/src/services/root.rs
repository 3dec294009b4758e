use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use super::identity_hash::BuildIdentityHasher;
use super::index::Index;
use super::owner::Owner;
use super::provider::ServiceProvider;
use super::table::Table;

/// The container itself: what is registered, and the singletons.
pub(crate) struct Root {
    /// By service type, its `Table`.
    pub(crate) tables: HashMap<TypeId, Box<dyn Any + Send + Sync>, BuildIdentityHasher>,
    pub(crate) index: Index,
    pub(crate) owner: Owner,
}

impl Root {
    #[inline]
    pub(crate) fn table<S: ?Sized + Send + Sync + 'static>(&self) -> Option<&Table<S>> {
        self.tables.get(&TypeId::of::<S>())?.downcast_ref()
    }
}

/// Where a service is asked for: at the root, or in the scope of a provider.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) root: &'a Arc<Root>,
    pub(crate) scope: Option<&'a ServiceProvider>,
}

impl Place<'_> {
    pub(crate) fn at_root(self) -> Self {
        Self {
            scope: None,
            ..self
        }
    }
}

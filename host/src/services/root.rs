use std::sync::Arc;

use super::index::Index;
use super::initialize::Initialization;
use super::owner::Owner;
use super::provider::ServiceProvider;
use super::table::Table;
use super::type_map::TypeMap;

/// The container itself: what is registered, and the singletons.
pub(crate) struct Root {
    /// The `Table` of each service type.
    pub(crate) tables: TypeMap,
    pub(crate) index: Index,
    pub(crate) owner: Owner,
    pub(crate) initialization: Initialization,
}

impl Root {
    #[inline]
    pub(crate) fn table<S: ?Sized + Send + Sync + 'static>(&self) -> Option<&Table<S>> {
        self.tables.get()
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

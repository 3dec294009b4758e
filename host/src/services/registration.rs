use std::any::Any;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::dependency::Dependency;
use super::descriptor::{Implementation, ServiceDescriptor, ServiceLifetime};
use super::entry::Entry;
use super::error::ServiceError;
use super::path::{ServiceForm, ServiceId, ServicePath, ServiceStep};
use super::root::Place;
use super::table::Table;

/// What is known of a registration without its type.
#[derive(Debug)]
pub(crate) struct Info {
    pub(crate) service: ServiceId,
    pub(crate) implementation: Implementation,
    pub(crate) lifetime: ServiceLifetime,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) origin: Origin,
    /// Whether a host starts it.
    pub(crate) is_hosted: bool,
    /// Whether it is of no interest to people.
    pub(crate) is_internal: bool,
}

/// Where a service comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Constructor,
    Factory,
    AsyncFactory,
    Instance,
}

impl Info {
    pub(crate) fn is_awaited(&self) -> bool {
        self.origin == Origin::AsyncFactory
    }

    pub(crate) fn step(&self) -> ServiceStep {
        ServiceStep::new(self.service.clone(), ServiceForm::One)
            .implemented_by(self.implementation.type_name)
    }
}

/// A descriptor whose service type is hidden.
pub(crate) trait Registration: Send + Sync {
    fn info(&self) -> &Arc<Info>;

    /// An empty table for the services of this type.
    fn table(&self) -> Box<dyn Any + Send + Sync>;

    /// Adds it to such a table. The path is that to the scoped service it cannot do without, if there is one.
    fn add_to(&self, table: &mut (dyn Any + Send + Sync), needs_scope: Option<ServicePath>);

    /// Awaits its async factory, in the container that it was added to.
    fn initialize<'a>(&'a self, root: Place<'a>) -> BoxFuture<'a, Result<(), ServiceError>>;
}

pub(crate) struct Typed<S: ?Sized> {
    info: Arc<Info>,
    pub(crate) descriptor: ServiceDescriptor<S>,
}

impl<S: ?Sized + Send + Sync + 'static> Typed<S> {
    pub(crate) fn new(mut descriptor: ServiceDescriptor<S>) -> Self {
        let info = Info {
            service: descriptor.service(),
            implementation: descriptor.implementation,
            lifetime: descriptor.lifetime,
            dependencies: std::mem::take(&mut descriptor.dependencies),
            origin: descriptor.source.origin(),
            is_hosted: descriptor.is_hosted,
            is_internal: descriptor.is_internal,
        };
        Self {
            info: Arc::new(info),
            descriptor,
        }
    }
}

impl<S: ?Sized + Send + Sync + 'static> Registration for Typed<S> {
    fn info(&self) -> &Arc<Info> {
        &self.info
    }

    fn table(&self) -> Box<dyn Any + Send + Sync> {
        Box::new(Table::<S>::new())
    }

    fn add_to(&self, table: &mut (dyn Any + Send + Sync), needs_scope: Option<ServicePath>) {
        // A table is found by the type that it is for.
        if let Some(table) = table.downcast_mut::<Table<S>>() {
            table.add(Entry::new(&self.info, &self.descriptor, needs_scope));
        }
    }

    fn initialize<'a>(&'a self, root: Place<'a>) -> BoxFuture<'a, Result<(), ServiceError>> {
        let table = root.root.table::<S>();
        match table.and_then(|it| it.entry_of(&self.info)) {
            Some(entry) => entry.initialize(root).boxed(),
            None => std::future::ready(Ok(())).boxed(),
        }
    }
}

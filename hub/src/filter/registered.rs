//! Which filters there are.

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use campanile_host::services::{Inject, ServiceCollection, ServiceDescriptor, ServiceProvider};

use super::{Following, HubFilter, HubInvocationContext, HubLifetimeContext, Next};
use super::{HubError, InvocationResult};
use crate::HubResult;

/// The filters of one hub, the outermost first.
#[derive(Clone, Default)]
pub(crate) struct HubFilters(Vec<Arc<dyn FilterSource>>);

/// A filter of all hubs, as the container has it.
#[derive(Debug)]
pub(crate) struct GlobalHubFilter(pub(crate) Arc<dyn FilterSource>);

/// Where a filter comes from.
pub(crate) trait FilterSource: fmt::Debug + Send + Sync {
    fn resolve(&self, services: &ServiceProvider) -> HubResult<Arc<dyn ErasedHubFilter>>;

    /// Lets the container check what the filter needs.
    fn register(&self, services: &mut ServiceCollection);

    /// Whether it wants the services of the invocation.
    fn is_scoped(&self) -> bool;
}

impl HubFilters {
    pub(crate) fn add<F: HubFilter + Inject>(&mut self) {
        self.0.push(Arc::new(Typed::<F>::new()));
    }

    pub(crate) fn add_instance(&mut self, filter: impl HubFilter) {
        self.0.push(Arc::new(Instance::new(filter)));
    }

    pub(crate) fn register(&self, services: &mut ServiceCollection) {
        for filter in &self.0 {
            filter.register(services);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_scoped(&self) -> bool {
        self.0.iter().any(|filter| filter.is_scoped())
    }

    /// These, inside of those of all hubs.
    pub(crate) fn inside_of(&self, global: &[Arc<GlobalHubFilter>]) -> Self {
        let global = global.iter().map(|filter| filter.0.clone());
        Self(global.chain(self.0.iter().cloned()).collect())
    }

    pub(crate) fn resolve(
        &self,
        services: &ServiceProvider,
    ) -> HubResult<Vec<Arc<dyn ErasedHubFilter>>> {
        self.0.iter().map(|it| it.resolve(services)).collect()
    }
}

impl fmt::Debug for HubFilters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(&self.0).finish()
    }
}

/// A filter that the container makes.
pub(crate) struct Typed<F>(PhantomData<fn() -> F>);

impl<F> Typed<F> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<F: HubFilter + Inject> FilterSource for Typed<F> {
    fn resolve(&self, services: &ServiceProvider) -> HubResult<Arc<dyn ErasedHubFilter>> {
        let filter = match services.get::<F>().map_err(HubError::from_error)? {
            Some(filter) => filter,
            None => Arc::new(services.construct().map_err(HubError::from_error)?),
        };
        Ok(filter)
    }

    fn register(&self, services: &mut ServiceCollection) {
        services.try_add(ServiceDescriptor::transient::<F>());
    }

    fn is_scoped(&self) -> bool {
        true
    }
}

impl<F> fmt::Debug for Typed<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(type_name::<F>())
    }
}

/// A filter that is there.
pub(crate) struct Instance {
    filter: Arc<dyn ErasedHubFilter>,
    name: &'static str,
}

impl Instance {
    pub(crate) fn new<F: HubFilter>(filter: F) -> Self {
        Self {
            filter: Arc::new(filter),
            name: type_name::<F>(),
        }
    }
}

impl FilterSource for Instance {
    fn resolve(&self, _: &ServiceProvider) -> HubResult<Arc<dyn ErasedHubFilter>> {
        Ok(self.filter.clone())
    }

    fn register(&self, _: &mut ServiceCollection) {}

    fn is_scoped(&self) -> bool {
        false
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// The object-safe twin of [`HubFilter`].
pub(crate) trait ErasedHubFilter: Send + Sync {
    fn invoke<'a>(
        &'a self,
        invocation: &'a HubInvocationContext,
        following: Following<'a, InvocationResult>,
    ) -> Following<'a, InvocationResult>;

    fn on_connected<'a>(
        &'a self,
        lifetime: &'a HubLifetimeContext,
        following: Following<'a, ()>,
    ) -> Following<'a, ()>;

    fn on_disconnected<'a>(
        &'a self,
        lifetime: &'a HubLifetimeContext,
        error: Option<&'a HubError>,
        following: Following<'a, ()>,
    ) -> Following<'a, ()>;
}

impl<F: HubFilter> ErasedHubFilter for F {
    fn invoke<'a>(
        &'a self,
        invocation: &'a HubInvocationContext,
        following: Following<'a, InvocationResult>,
    ) -> Following<'a, InvocationResult> {
        Box::pin(async { HubFilter::invoke(self, invocation, Next::new(following)).await })
    }

    fn on_connected<'a>(
        &'a self,
        lifetime: &'a HubLifetimeContext,
        following: Following<'a, ()>,
    ) -> Following<'a, ()> {
        Box::pin(async { HubFilter::on_connected(self, lifetime, Next::new(following)).await })
    }

    fn on_disconnected<'a>(
        &'a self,
        lifetime: &'a HubLifetimeContext,
        error: Option<&'a HubError>,
        following: Following<'a, ()>,
    ) -> Following<'a, ()> {
        Box::pin(async move {
            HubFilter::on_disconnected(self, lifetime, error, Next::new(following)).await
        })
    }
}

//! How hosted services get into the container.

use std::marker::PhantomData;
use std::sync::Arc;

use super::erased::HostedService as ErasedHostedService;
use super::hosted_service::HostedService;
use crate::services::{
    Dependency, Factory, Inject, Resolver, ServiceCollection, ServiceDescriptor, ServiceError,
};

/// Hosted services.
impl ServiceCollection {
    /// Adds a hosted service that the container constructs, once: a type that has been added already is not added again.
    ///
    /// Hosted services are started in the order in which they are added, and constructed in that order when the host
    /// starts. They are not found as `Arc<T>`; what others are to use is a service of its own.
    #[doc(alias = "AddHostedService")]
    pub fn add_hosted_service<T: HostedService + Inject>(&mut self) -> &mut Self {
        self.try_add_to_all(
            ServiceDescriptor::singleton_as::<dyn ErasedHostedService, T>(|it| it).hosted(),
        );
        self
    }

    /// Adds this hosted service, whatever has been added before.
    pub fn add_hosted_service_instance<T: HostedService>(&mut self, service: Arc<T>) -> &mut Self {
        self.add(
            ServiceDescriptor::instance_as::<dyn ErasedHostedService, T>(service, |it| it).hosted(),
        )
    }

    /// Adds the hosted service that this [`Factory`] makes, whatever has been added before.
    pub fn add_hosted_service_factory<T: HostedService, Args: 'static>(
        &mut self,
        factory: impl Factory<T, Args>,
    ) -> &mut Self {
        let factory = Hosted {
            factory,
            makes: PhantomData,
        };
        self.add(
            ServiceDescriptor::singleton_factory::<dyn ErasedHostedService, _>(factory)
                .implemented_by::<T>()
                .hosted(),
        )
    }
}

/// A factory for `T` as a factory for any hosted service.
struct Hosted<T, Args, F> {
    factory: F,
    makes: PhantomData<fn(Args) -> T>,
}

/// Keeps [`Hosted`] apart from the functions that are factories.
struct HostedArguments<Args>(PhantomData<Args>);

impl<T, Args, F> Factory<dyn ErasedHostedService, HostedArguments<Args>> for Hosted<T, Args, F>
where
    T: HostedService,
    Args: 'static,
    F: Factory<T, Args>,
{
    fn dependencies() -> Vec<Dependency> {
        F::dependencies()
    }

    fn gives_shared() -> bool {
        F::gives_shared()
    }

    fn make(&self, resolver: &Resolver<'_>) -> Result<Arc<dyn ErasedHostedService>, ServiceError> {
        let service: Arc<T> = self.factory.make(resolver)?;
        Ok(service)
    }
}

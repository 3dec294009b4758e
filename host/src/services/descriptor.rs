use std::any::{TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use super::async_factory::AsyncFactory;
use super::dependency::Dependency;
use super::dispose::{AsyncDispose, Disposal, Dispose};
use super::factory::Factory;
use super::inject::Inject;
use super::key::ServiceKey;
use super::make::Source;
use super::path::ServiceId;
use crate::BoxError;

/// How long a service lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServiceLifetime {
    /// One for the whole container, constructed when it is first asked for.
    Singleton,
    /// One for each scope.
    Scoped,
    /// A new one each time.
    Transient,
}

impl fmt::Display for ServiceLifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Singleton => "singleton",
            Self::Scoped => "scoped",
            Self::Transient => "transient",
        })
    }
}

/// How the service `S` is had: its lifetime, its key, what it is made of.
///
/// ```
/// use campanile_host::Inject;
/// use campanile_host::services::{ServiceCollection, ServiceDescriptor};
///
/// trait Greeter: Send + Sync {}
///
/// #[derive(Inject)]
/// struct English;
///
/// impl Greeter for English {}
///
/// let mut services = ServiceCollection::new();
/// services.add(ServiceDescriptor::singleton_as::<dyn Greeter, English>(|it| it).keyed("en"));
/// ```
pub struct ServiceDescriptor<S: ?Sized = Undecided> {
    pub(crate) key: Option<ServiceKey>,
    pub(crate) lifetime: ServiceLifetime,
    pub(crate) implementation: Implementation,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) source: Source<S>,
    pub(crate) disposal: Option<Disposal<S>>,
    pub(crate) is_hosted: bool,
    pub(crate) is_internal: bool,
}

/// The place of the service in `ServiceDescriptor::singleton::<T>()` and its like, which decide it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Undecided;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Implementation {
    pub(crate) type_id: TypeId,
    pub(crate) type_name: &'static str,
}

impl Implementation {
    fn of<T: ?Sized + 'static>() -> Self {
        Self {
            type_id: TypeId::of::<T>(),
            type_name: type_name::<T>(),
        }
    }
}

impl ServiceDescriptor {
    /// A singleton `T`: one for the whole container.
    pub fn singleton<T: Inject>() -> ServiceDescriptor<T> {
        ServiceDescriptor::constructed(ServiceLifetime::Singleton, |it| it)
    }

    /// A singleton service `S` that is implemented by `T`; the conversion is `|it| it`.
    pub fn singleton_as<S, T>(convert: fn(Arc<T>) -> Arc<S>) -> ServiceDescriptor<S>
    where
        S: ?Sized + Send + Sync + 'static,
        T: Inject,
    {
        ServiceDescriptor::constructed(ServiceLifetime::Singleton, convert)
    }

    /// A singleton service that a [`Factory`] makes.
    pub fn singleton_factory<S, Args>(factory: impl Factory<S, Args>) -> ServiceDescriptor<S>
    where
        S: ?Sized + Send + Sync + 'static,
    {
        ServiceDescriptor::made(ServiceLifetime::Singleton, factory)
    }

    /// A singleton service that an [`AsyncFactory`] makes when the host starts.
    pub fn singleton_async_factory<S, Args>(
        factory: impl AsyncFactory<S, Args>,
    ) -> ServiceDescriptor<S>
    where
        S: ?Sized + Send + Sync + 'static,
    {
        ServiceDescriptor::awaited(factory)
    }

    /// A scoped `T`: one for each scope.
    pub fn scoped<T: Inject>() -> ServiceDescriptor<T> {
        ServiceDescriptor::constructed(ServiceLifetime::Scoped, |it| it)
    }

    /// A scoped service `S` that is implemented by `T`; the conversion is `|it| it`.
    pub fn scoped_as<S, T>(convert: fn(Arc<T>) -> Arc<S>) -> ServiceDescriptor<S>
    where
        S: ?Sized + Send + Sync + 'static,
        T: Inject,
    {
        ServiceDescriptor::constructed(ServiceLifetime::Scoped, convert)
    }

    /// A scoped service that a [`Factory`] makes.
    pub fn scoped_factory<S, Args>(factory: impl Factory<S, Args>) -> ServiceDescriptor<S>
    where
        S: ?Sized + Send + Sync + 'static,
    {
        ServiceDescriptor::made(ServiceLifetime::Scoped, factory)
    }

    /// A transient `T`: a new one each time.
    pub fn transient<T: Inject>() -> ServiceDescriptor<T> {
        ServiceDescriptor::constructed(ServiceLifetime::Transient, |it| it)
    }

    /// A transient service `S` that is implemented by `T`; the conversion is `|it| it`.
    pub fn transient_as<S, T>(convert: fn(Arc<T>) -> Arc<S>) -> ServiceDescriptor<S>
    where
        S: ?Sized + Send + Sync + 'static,
        T: Inject,
    {
        ServiceDescriptor::constructed(ServiceLifetime::Transient, convert)
    }

    /// A transient service that a [`Factory`] makes.
    pub fn transient_factory<S, Args>(factory: impl Factory<S, Args>) -> ServiceDescriptor<S>
    where
        S: ?Sized + Send + Sync + 'static,
    {
        ServiceDescriptor::made(ServiceLifetime::Transient, factory)
    }

    /// An object that exists already. It is the caller's: the container does not dispose it.
    pub fn instance<S: ?Sized + Send + Sync + 'static>(instance: Arc<S>) -> ServiceDescriptor<S> {
        let source = Source::Instance(instance);
        ServiceDescriptor::new(ServiceLifetime::Singleton, Vec::new(), source)
    }

    /// An object that exists already, as the service `S`; the conversion is `|it| it`.
    pub fn instance_as<S, T>(
        instance: Arc<T>,
        convert: fn(Arc<T>) -> Arc<S>,
    ) -> ServiceDescriptor<S>
    where
        S: ?Sized + Send + Sync + 'static,
        T: Send + Sync + 'static,
    {
        ServiceDescriptor {
            implementation: Implementation::of::<T>(),
            ..Self::instance(convert(instance))
        }
    }
}

impl<S: ?Sized + Send + Sync + 'static> ServiceDescriptor<S> {
    fn new(lifetime: ServiceLifetime, dependencies: Vec<Dependency>, source: Source<S>) -> Self {
        Self {
            key: None,
            lifetime,
            implementation: Implementation::of::<S>(),
            dependencies,
            source,
            disposal: None,
            is_hosted: false,
            is_internal: false,
        }
    }

    fn constructed<T: Inject>(lifetime: ServiceLifetime, convert: fn(Arc<T>) -> Arc<S>) -> Self {
        let source = Source::constructor(convert);
        Self::new(lifetime, T::dependencies(), source).implemented_by::<T>()
    }

    fn made<Args, F: Factory<S, Args>>(lifetime: ServiceLifetime, factory: F) -> Self {
        Self::new(lifetime, F::dependencies(), Source::factory(factory))
    }

    fn awaited<Args, F: AsyncFactory<S, Args>>(factory: F) -> Self {
        let source = Source::async_factory(factory);
        Self::new(ServiceLifetime::Singleton, F::dependencies(), source)
    }

    /// Only found with this key.
    #[doc(alias = "AddKeyedSingleton")]
    #[must_use]
    pub fn keyed(self, key: impl Into<ServiceKey>) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }

    /// Disposed in this way, whatever its type says. Without effect on an instance.
    #[must_use]
    pub fn disposed_as(self, disposal: Disposal<S>) -> Self {
        Self {
            disposal: Some(disposal),
            ..self
        }
    }

    /// Disposed by its [`Dispose`].
    #[must_use]
    pub fn disposed(self) -> Self
    where
        S: Dispose,
    {
        self.disposed_as(Disposal::none().with_dispose())
    }

    /// Disposed by its [`AsyncDispose`].
    #[must_use]
    pub fn disposed_async(self) -> Self
    where
        S: AsyncDispose + Sized,
    {
        self.disposed_as(Disposal::none().with_dispose_async())
    }

    /// Disposed by this function.
    #[must_use]
    pub fn disposed_by(
        self,
        dispose: impl Fn(&S) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.disposed_as(Disposal::none().with(dispose))
    }

    /// Implemented by `T`: for what a factory gives out, so that paths and
    /// [`try_add_to_all`](super::ServiceCollection::try_add_to_all) know it.
    #[must_use]
    pub fn implemented_by<T: ?Sized + 'static>(self) -> Self {
        Self {
            implementation: Implementation::of::<T>(),
            ..self
        }
    }

    /// Started by a host, as the description of all services says.
    pub(crate) fn hosted(self) -> Self {
        Self {
            is_hosted: true,
            ..self
        }
    }

    /// Of no interest to people: left out of the description of all services.
    pub(crate) fn internal(self) -> Self {
        Self {
            is_internal: true,
            ..self
        }
    }

    /// The service, with its key.
    pub fn service(&self) -> ServiceId {
        ServiceId::of::<S>().with_key(self.key.clone())
    }

    /// Its lifetime.
    pub fn lifetime(&self) -> ServiceLifetime {
        self.lifetime
    }
}

impl<S: ?Sized + 'static> fmt::Debug for ServiceDescriptor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceDescriptor")
            .field("service", &type_name::<S>())
            .field("key", &self.key)
            .field("lifetime", &self.lifetime)
            .field("implementation", &self.implementation.type_name)
            .finish_non_exhaustive()
    }
}

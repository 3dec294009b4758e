use std::sync::Arc;

use super::async_factory::AsyncFactory;
use super::collection::ServiceCollection;
use super::descriptor::ServiceDescriptor;
use super::factory::Factory;
use super::inject::Inject;
use super::key::ServiceKey;

// Written out, so that a compile error in a user's registration shows the method and not a macro.

/// The usual registrations, each short for [`ServiceCollection::add`] of a [`ServiceDescriptor`].
impl ServiceCollection {
    /// Adds a singleton `T`: one for the whole container.
    #[doc(alias = "AddSingleton")]
    pub fn add_singleton<T: Inject>(&mut self) -> &mut Self {
        self.add(ServiceDescriptor::singleton::<T>())
    }

    /// Adds a singleton service `S` that is implemented by `T`; the conversion is `|it| it`.
    #[doc(alias = "AddSingleton")]
    pub fn add_singleton_as<S, T>(&mut self, convert: fn(Arc<T>) -> Arc<S>) -> &mut Self
    where
        S: ?Sized + Send + Sync + 'static,
        T: Inject,
    {
        self.add(ServiceDescriptor::singleton_as::<S, T>(convert))
    }

    /// Adds a singleton service that a [`Factory`] makes.
    #[doc(alias = "AddSingleton")]
    pub fn add_singleton_factory<S, Args>(&mut self, factory: impl Factory<S, Args>) -> &mut Self
    where
        S: ?Sized + Send + Sync + 'static,
    {
        self.add(ServiceDescriptor::singleton_factory::<S, Args>(factory))
    }

    /// Adds a singleton service that an [`AsyncFactory`] makes when the host starts.
    pub fn add_singleton_async_factory<S, Args>(
        &mut self,
        factory: impl AsyncFactory<S, Args>,
    ) -> &mut Self
    where
        S: ?Sized + Send + Sync + 'static,
    {
        self.add(ServiceDescriptor::singleton_async_factory::<S, Args>(
            factory,
        ))
    }

    /// Adds a singleton `T` with a key.
    #[doc(alias = "AddKeyedSingleton")]
    pub fn add_keyed_singleton<T: Inject>(&mut self, key: impl Into<ServiceKey>) -> &mut Self {
        self.add(ServiceDescriptor::singleton::<T>().keyed(key))
    }

    /// Adds a scoped `T`: one for each scope.
    #[doc(alias = "AddScoped")]
    pub fn add_scoped<T: Inject>(&mut self) -> &mut Self {
        self.add(ServiceDescriptor::scoped::<T>())
    }

    /// Adds a scoped service `S` that is implemented by `T`; the conversion is `|it| it`.
    #[doc(alias = "AddScoped")]
    pub fn add_scoped_as<S, T>(&mut self, convert: fn(Arc<T>) -> Arc<S>) -> &mut Self
    where
        S: ?Sized + Send + Sync + 'static,
        T: Inject,
    {
        self.add(ServiceDescriptor::scoped_as::<S, T>(convert))
    }

    /// Adds a scoped service that a [`Factory`] makes.
    #[doc(alias = "AddScoped")]
    pub fn add_scoped_factory<S, Args>(&mut self, factory: impl Factory<S, Args>) -> &mut Self
    where
        S: ?Sized + Send + Sync + 'static,
    {
        self.add(ServiceDescriptor::scoped_factory::<S, Args>(factory))
    }

    /// Adds a scoped `T` with a key.
    #[doc(alias = "AddKeyedScoped")]
    pub fn add_keyed_scoped<T: Inject>(&mut self, key: impl Into<ServiceKey>) -> &mut Self {
        self.add(ServiceDescriptor::scoped::<T>().keyed(key))
    }

    /// Adds a transient `T`: a new one each time.
    #[doc(alias = "AddTransient")]
    pub fn add_transient<T: Inject>(&mut self) -> &mut Self {
        self.add(ServiceDescriptor::transient::<T>())
    }

    /// Adds a transient service `S` that is implemented by `T`; the conversion is `|it| it`.
    #[doc(alias = "AddTransient")]
    pub fn add_transient_as<S, T>(&mut self, convert: fn(Arc<T>) -> Arc<S>) -> &mut Self
    where
        S: ?Sized + Send + Sync + 'static,
        T: Inject,
    {
        self.add(ServiceDescriptor::transient_as::<S, T>(convert))
    }

    /// Adds a transient service that a [`Factory`] makes.
    #[doc(alias = "AddTransient")]
    pub fn add_transient_factory<S, Args>(&mut self, factory: impl Factory<S, Args>) -> &mut Self
    where
        S: ?Sized + Send + Sync + 'static,
    {
        self.add(ServiceDescriptor::transient_factory::<S, Args>(factory))
    }

    /// Adds a transient `T` with a key.
    #[doc(alias = "AddKeyedTransient")]
    pub fn add_keyed_transient<T: Inject>(&mut self, key: impl Into<ServiceKey>) -> &mut Self {
        self.add(ServiceDescriptor::transient::<T>().keyed(key))
    }

    /// Adds an object that exists already. It is the caller's: the container does not dispose it.
    #[doc(alias = "AddSingleton")]
    pub fn add_instance<S>(&mut self, instance: Arc<S>) -> &mut Self
    where
        S: ?Sized + Send + Sync + 'static,
    {
        self.add(ServiceDescriptor::instance(instance))
    }
}

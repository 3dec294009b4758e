use std::sync::Arc;

use super::collection::ServiceCollection;
use super::descriptor::ServiceDescriptor;
use super::factory::Factory;
use super::inject::Inject;
use super::key::ServiceKey;

macro_rules! additions {
    ($($plain:ident $converted:ident $factory:ident $keyed:ident
       from $of:ident $of_converted:ident $of_factory:ident, $name:literal $alias:literal $keyed_alias:literal;)*) => {
        /// The usual registrations, each short for [`ServiceCollection::add`] of a [`ServiceDescriptor`].
        impl ServiceCollection {$(
            #[doc = concat!("Adds a ", $name, " `T`.")]
            #[doc(alias = $alias)]
            pub fn $plain<T: Inject>(&mut self) -> &mut Self {
                self.add(ServiceDescriptor::$of::<T>())
            }

            #[doc = concat!("Adds a ", $name, " service `S` that is implemented by `T`; the conversion is `|it| it`.")]
            #[doc(alias = $alias)]
            pub fn $converted<S, T>(&mut self, convert: fn(Arc<T>) -> Arc<S>) -> &mut Self
            where
                S: ?Sized + Send + Sync + 'static,
                T: Inject,
            {
                self.add(ServiceDescriptor::$of_converted::<S, T>(convert))
            }

            #[doc = concat!("Adds a ", $name, " service that a [`Factory`] makes.")]
            #[doc(alias = $alias)]
            pub fn $factory<S, Args>(&mut self, factory: impl Factory<S, Args>) -> &mut Self
            where
                S: ?Sized + Send + Sync + 'static,
            {
                self.add(ServiceDescriptor::$of_factory::<S, Args>(factory))
            }

            #[doc = concat!("Adds a ", $name, " `T` with a key.")]
            #[doc(alias = $keyed_alias)]
            pub fn $keyed<T: Inject>(&mut self, key: impl Into<ServiceKey>) -> &mut Self {
                self.add(ServiceDescriptor::$of::<T>().keyed(key))
            }
        )*}
    };
}

additions! {
    add_singleton add_singleton_as add_singleton_factory add_keyed_singleton
        from singleton singleton_as singleton_factory, "singleton" "AddSingleton" "AddKeyedSingleton";
    add_scoped add_scoped_as add_scoped_factory add_keyed_scoped
        from scoped scoped_as scoped_factory, "scoped" "AddScoped" "AddKeyedScoped";
    add_transient add_transient_as add_transient_factory add_keyed_transient
        from transient transient_as transient_factory, "transient" "AddTransient" "AddKeyedTransient";
}

impl ServiceCollection {
    /// Adds an object that exists already. It is the caller's: the container does not dispose it.
    #[doc(alias = "AddSingleton")]
    pub fn add_instance<S: ?Sized + Send + Sync + 'static>(
        &mut self,
        instance: Arc<S>,
    ) -> &mut Self {
        self.add(ServiceDescriptor::instance(instance))
    }
}

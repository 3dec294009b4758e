use std::sync::Arc;

use super::dependency::Dependency;
use super::error::ServiceError;
use super::inject::Injectable;
use super::resolver::Resolver;
use crate::BoxError;

/// A function or closure that makes the service `S` of up to 16 parameters, each of which is an [`Injectable`].
///
/// It gives the service as `S`, as `Arc<S>` (a trait object, or one that exists already), or as a `Result` of either,
/// whose error is anything that turns into a [`BoxError`]. What it needs is declared by its parameters, so that the
/// check of [`build`](super::ServiceCollection::build) covers it; what it asks an injected
/// [`ServiceProvider`](super::ServiceProvider) for is not.
///
/// Where it gives an `Arc` or a `Result`, the service has to be named: `add_singleton_factory::<dyn Greeter, _>(..)`.
#[diagnostic::on_unimplemented(
    message = "this is no factory for `{S}`",
    label = "not a function of injectable parameters that gives `{S}`",
    note = "a factory is `Fn(..) + Send + Sync + 'static` with up to 16 parameters such as `Arc<A>`, `Options<T>` or `ServiceProvider`",
    note = "it returns `S`, `Arc<S>`, or a `Result` of them; for a trait object write the return type: `|it: Arc<T>| -> Arc<dyn Trait> {{ it }}`"
)]
pub trait Factory<S: ?Sized, Args>: Send + Sync + 'static {
    /// What the parameters need.
    fn dependencies() -> Vec<Dependency>;

    /// Whether it may give out an object that others hold too: true where it returns an `Arc`.
    fn gives_shared() -> bool;

    /// Gets the parameters and calls the function.
    ///
    /// # Errors
    ///
    /// When a parameter cannot be had, or the function fails.
    fn make(&self, resolver: &Resolver<'_>) -> Result<Arc<S>, ServiceError>;
}

/// What a [`Factory`] for the service `S` may return.
#[diagnostic::on_unimplemented(
    message = "a factory for `{S}` cannot return `{Self}`",
    note = "it returns `S`, `Arc<S>`, or a `Result` of them whose error turns into a `BoxError`; for a trait object write the return type: `|it: Arc<T>| -> Arc<dyn Trait> {{ it }}`"
)]
pub trait FactoryOutput<S: ?Sized> {
    /// Whether it is an object that others may hold too.
    const SHARED: bool;

    /// The service, or why there is none.
    ///
    /// # Errors
    ///
    /// The factory's own.
    fn into_service(self) -> Result<Arc<S>, BoxError>;
}

impl<S> FactoryOutput<S> for S {
    const SHARED: bool = false;

    fn into_service(self) -> Result<Arc<S>, BoxError> {
        Ok(Arc::new(self))
    }
}

impl<S: ?Sized> FactoryOutput<S> for Arc<S> {
    const SHARED: bool = true;

    fn into_service(self) -> Result<Self, BoxError> {
        Ok(self)
    }
}

impl<S, E: Into<BoxError>> FactoryOutput<S> for Result<S, E> {
    const SHARED: bool = false;

    fn into_service(self) -> Result<Arc<S>, BoxError> {
        self.map(Arc::new).map_err(Into::into)
    }
}

impl<S: ?Sized, E: Into<BoxError>> FactoryOutput<S> for Result<Arc<S>, E> {
    const SHARED: bool = true;

    fn into_service(self) -> Result<Arc<S>, BoxError> {
        self.map_err(Into::into)
    }
}

macro_rules! factories {
    () => { factories!(@one); };
    ($first:ident $($rest:ident)*) => {
        factories!(@one $first $($rest)*);
        factories!($($rest)*);
    };
    (@one $($parameter:ident)*) => {
        impl<Function, Output, S, $($parameter),*> Factory<S, ($($parameter,)*)> for Function
        where
            Function: Fn($($parameter),*) -> Output + Send + Sync + 'static,
            Output: FactoryOutput<S>,
            S: ?Sized + Send + Sync + 'static,
            $($parameter: Injectable,)*
        {
            fn dependencies() -> Vec<Dependency> {
                vec![$(Dependency::of::<$parameter>()),*]
            }

            fn gives_shared() -> bool {
                Output::SHARED
            }

            #[allow(unused_variables, reason = "a factory without parameters needs no resolver")]
            fn make(&self, resolver: &Resolver<'_>) -> Result<Arc<S>, ServiceError> {
                self($($parameter::inject(resolver)?),*)
                    .into_service()
                    .map_err(ServiceError::failed)
            }
        }
    };
}

factories!(A B C D E F G H I J K L M N O P);

use std::pin::Pin;
use std::sync::Arc;

use super::dependency::Dependency;
use super::error::ServiceError;
use super::factory::FactoryOutput;
use super::inject::Injectable;
use super::resolver::Resolver;
use crate::BoxError;

/// What an [`AsyncFactory`] gives to be awaited.
pub type FactoryFuture<S> = Pin<Box<dyn Future<Output = Result<Arc<S>, BoxError>> + Send>>;

/// An `async fn`, or any function or closure that gives a future, which makes the singleton `S` of up to 16 parameters,
/// each of which is an [`Injectable`]: for what has to be connected, fetched or warmed up before it is of use.
///
/// Awaited, it gives what a [`Factory`](super::Factory) gives: `S`, `Arc<S>`, or a `Result` of either. Where that is an
/// `Arc` or a `Result`, the service has to be named: `add_singleton_async_factory::<Database, _>(connect)`.
///
/// ```
/// use std::sync::Arc;
/// use campanile_host::{BoxError, Inject, ServiceCollection};
///
/// # #[derive(Inject)]
/// # struct Address;
/// struct Database;
///
/// async fn connect(address: Arc<Address>) -> Result<Database, BoxError> {
///     # let _ = address;
///     tokio::task::yield_now().await; // as long as it takes
///     Ok(Database)
/// }
///
/// #[derive(Inject)]
/// struct Orders {
///     database: Arc<Database>, // is there when `Orders` is constructed
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut services = ServiceCollection::new();
/// services
///     # .add_singleton::<Address>()
///     .add_singleton_async_factory::<Database, _>(connect)
///     .add_singleton::<Orders>();
/// let provider = services.build()?;
/// provider.initialize().await?; // a host does this when it starts
/// let orders = provider.required::<Orders>()?;
/// # let _ = &orders.database;
/// # Ok(())
/// # }
/// ```
///
/// A closure that captures something is written `move |parameter: Arc<A>| { let it = it.clone(); async move { .. } }`: the
/// future of an `async` closure would borrow from it.
///
/// # When it is awaited
///
/// Once, by [`Host::start`](crate::Host::start) before the hosted services are constructed, or by
/// [`ServiceProvider::initialize`](super::ServiceProvider::initialize); whether something needs the service or not. One
/// after the other: first those that another one needs, by whatever services between them, and else in the order of
/// registration. Until then the service cannot be had, and asking for it, or for what needs it, is an error that says
/// so: nothing ever waits for an async factory but the start.
///
/// The order goes by what is declared. What is asked of an injected [`ServiceProvider`](super::ServiceProvider) or
/// [`Lazy`](super::Lazy) is not: it may not be ready yet.
///
/// # Lifetime
///
/// Only singletons are made like this: scoped and transient services are constructed when they are asked for, which is
/// not asynchronous. Let an async factory make a singleton, a pool for example, and an ordinary factory take the scoped
/// or transient service from it. Nor can it be registered with [`ServiceKey::ANY`](super::ServiceKey::ANY), since the
/// keys are not known when it is awaited.
///
/// # Cancel safety
///
/// The future is dropped where the start is given up: the startup timeout is over, the application is asked to stop, or
/// the start itself is dropped.
#[diagnostic::on_unimplemented(
    message = "this is no async factory for `{S}`",
    label = "not a function of injectable parameters that gives a future of `{S}`",
    note = "an async factory is an `async fn`, or `Fn(..) -> F + Send + Sync + 'static` where `F` is a future that is `Send + 'static`, with up to 16 parameters such as `Arc<A>`, `Options<T>` or `ServiceProvider`",
    note = "a closure that captures something is no `async` closure but `move |a: Arc<A>| async move {{ .. }}`",
    note = "awaited it gives `S`, `Arc<S>`, or a `Result` of them; what is made without awaiting takes `add_singleton_factory`"
)]
pub trait AsyncFactory<S: ?Sized, Args>: Send + Sync + 'static {
    /// What the parameters need.
    fn dependencies() -> Vec<Dependency>;

    /// Gets the parameters and calls the function.
    ///
    /// # Errors
    ///
    /// When a parameter cannot be had.
    fn begin(&self, resolver: &Resolver<'_>) -> Result<FactoryFuture<S>, ServiceError>;
}

macro_rules! async_factories {
    () => { async_factories!(@one); };
    ($first:ident $($rest:ident)*) => {
        async_factories!(@one $first $($rest)*);
        async_factories!($($rest)*);
    };
    (@one $($parameter:ident)*) => {
        impl<Function, Made, S, $($parameter),*> AsyncFactory<S, ($($parameter,)*)> for Function
        where
            Function: Fn($($parameter),*) -> Made + Send + Sync + 'static,
            Made: Future<Output: FactoryOutput<S>> + Send + 'static,
            S: ?Sized + Send + Sync + 'static,
            $($parameter: Injectable,)*
        {
            fn dependencies() -> Vec<Dependency> {
                vec![$(Dependency::of::<$parameter>()),*]
            }

            #[allow(unused_variables, reason = "a factory without parameters needs no resolver")]
            fn begin(&self, resolver: &Resolver<'_>) -> Result<FactoryFuture<S>, ServiceError> {
                let made = self($($parameter::inject(resolver)?),*);
                Ok(Box::pin(async move { made.await.into_service() }))
            }
        }
    };
}

async_factories!(A B C D E F G H I J K L M N O P);

use std::sync::Arc;

use super::async_factory::{AsyncFactory, FactoryFuture};
use super::dispose::Disposal;
use super::error::ServiceError;
use super::factory::Factory;
use super::inject::Inject;
use super::owner::Created;
use super::registration::Origin;
use super::resolver::Resolver;

/// Where the service comes from.
pub(crate) enum Source<S: ?Sized> {
    Instance(Arc<S>),
    Make(Arc<dyn Make<S>>),
    /// It is awaited once, before it can be had.
    Await(Arc<dyn Begin<S>>),
}

impl<S: ?Sized> Source<S> {
    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::Instance(_) => Origin::Instance,
            Self::Make(make) => make.origin(),
            Self::Await(_) => Origin::AsyncFactory,
        }
    }
}

impl<S: ?Sized + Send + Sync + 'static> Source<S> {
    pub(crate) fn constructor<T: Inject>(convert: fn(Arc<T>) -> Arc<S>) -> Self {
        Self::Make(Arc::new(Constructor {
            convert,
            disposal: T::disposal(),
        }))
    }

    pub(crate) fn factory<Args, F: Factory<S, Args>>(factory: F) -> Self {
        Self::Make(Arc::new(FactoryCall {
            call: move |resolver: &Resolver<'_>| factory.make(resolver),
            shared: F::gives_shared(),
        }))
    }

    pub(crate) fn async_factory<Args, F: AsyncFactory<S, Args>>(factory: F) -> Self {
        Self::Await(Arc::new(move |resolver: &Resolver<'_>| {
            factory.begin(resolver)
        }))
    }
}

impl<S: ?Sized> Clone for Source<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Instance(instance) => Self::Instance(Arc::clone(instance)),
            Self::Make(make) => Self::Make(Arc::clone(make)),
            Self::Await(begin) => Self::Await(Arc::clone(begin)),
        }
    }
}

/// Makes a service anew each time.
pub(crate) trait Make<S: ?Sized>: Send + Sync {
    fn make(&self, resolver: &Resolver<'_>) -> Result<Created<S>, ServiceError>;

    /// The same without anything that disposes it.
    fn make_plain(&self, resolver: &Resolver<'_>) -> Result<Arc<S>, ServiceError>;

    /// Whether what it makes has to be disposed, unless the registration says otherwise.
    fn disposes(&self) -> bool;

    fn origin(&self) -> Origin;

    /// Whether it may give out an object that others own.
    fn gives_shared(&self) -> bool {
        false
    }
}

/// Begins to make a service.
pub(crate) trait Begin<S: ?Sized>: Send + Sync {
    fn begin(&self, resolver: &Resolver<'_>) -> Result<FactoryFuture<S>, ServiceError>;
}

impl<S, C> Begin<S> for C
where
    S: ?Sized,
    C: Fn(&Resolver<'_>) -> Result<FactoryFuture<S>, ServiceError> + Send + Sync,
{
    fn begin(&self, resolver: &Resolver<'_>) -> Result<FactoryFuture<S>, ServiceError> {
        self(resolver)
    }
}

struct Constructor<S: ?Sized, T> {
    convert: fn(Arc<T>) -> Arc<S>,
    disposal: Disposal<T>,
}

impl<S: ?Sized + Send + Sync + 'static, T: Inject> Make<S> for Constructor<S, T> {
    fn make(&self, resolver: &Resolver<'_>) -> Result<Created<S>, ServiceError> {
        let value = Arc::new(T::inject(resolver)?);
        Ok(Created {
            disposer: self.disposal.of(&value),
            service: (self.convert)(value),
        })
    }

    fn make_plain(&self, resolver: &Resolver<'_>) -> Result<Arc<S>, ServiceError> {
        let value = T::inject(resolver)?;
        Ok((self.convert)(Arc::new(value)))
    }

    fn disposes(&self) -> bool {
        !self.disposal.is_none()
    }

    fn origin(&self) -> Origin {
        Origin::Constructor
    }
}

/// A factory whose parameters are hidden.
struct FactoryCall<C> {
    call: C,
    shared: bool,
}

impl<S, C> Make<S> for FactoryCall<C>
where
    S: ?Sized,
    C: Fn(&Resolver<'_>) -> Result<Arc<S>, ServiceError> + Send + Sync,
{
    fn make(&self, resolver: &Resolver<'_>) -> Result<Created<S>, ServiceError> {
        Ok(Created {
            service: (self.call)(resolver)?,
            disposer: None,
        })
    }

    fn make_plain(&self, resolver: &Resolver<'_>) -> Result<Arc<S>, ServiceError> {
        (self.call)(resolver)
    }

    fn disposes(&self) -> bool {
        false
    }

    fn origin(&self) -> Origin {
        Origin::Factory
    }

    fn gives_shared(&self) -> bool {
        self.shared
    }
}

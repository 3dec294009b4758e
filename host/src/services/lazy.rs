use std::fmt;
use std::sync::{Arc, OnceLock};

use super::dependency::Dependency;
use super::error::ServiceError;
use super::inject::{Injectable, InjectableKeyed};
use super::key::ServiceKey;
use super::provider::ServiceProvider;
use super::resolver::Resolver;

/// A service that is had when it is first used: for what is expensive and seldom needed, and to break a circle of
/// services that need each other.
///
/// It is registered or `build` reports it, as with an `Arc<S>`.
pub struct Lazy<S: ?Sized> {
    provider: ServiceProvider,
    key: Option<ServiceKey>,
    value: OnceLock<Arc<S>>,
}

impl<S: ?Sized + Send + Sync + 'static> Lazy<S> {
    /// The service. The first success is kept; a failure is not.
    ///
    /// # Errors
    ///
    /// Those of [`ServiceProvider::required`], asked at the time of the first use.
    pub fn get(&self) -> Result<&Arc<S>, ServiceError> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = match &self.key {
            None => self.provider.required::<S>()?,
            Some(key) => self.provider.required_keyed::<S>(key.clone())?,
        };
        Ok(self.value.get_or_init(|| value))
    }
}

impl<S: ?Sized> fmt::Debug for Lazy<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy")
            .field("key", &self.key)
            .field("used", &self.value.get().is_some())
            .finish_non_exhaustive()
    }
}

impl<S: ?Sized + Send + Sync + 'static> Injectable for Lazy<S> {
    type Site = ();

    fn dependency() -> Dependency {
        Dependency::lazy::<S>()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        Ok(Self {
            provider: resolver.provider(),
            key: None,
            value: OnceLock::new(),
        })
    }
}

impl<S: ?Sized + Send + Sync + 'static> InjectableKeyed for Lazy<S> {
    fn inject_keyed(resolver: &Resolver<'_>, key: ServiceKey) -> Result<Self, ServiceError> {
        Ok(Self {
            provider: resolver.provider(),
            key: Some(key),
            value: OnceLock::new(),
        })
    }
}

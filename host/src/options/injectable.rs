//! Options as fields and parameters of services, those with a name under `#[inject(key = "name")]`.

use super::{Options, OptionsMonitor, OptionsSnapshot};
use crate::services::{
    Dependency, Injectable, InjectableKeyed, Resolver, ServiceError, ServiceKey,
};

macro_rules! handles {
    ($($handle:ident),*) => {$(
        impl<T: Send + Sync + 'static> Injectable for $handle<T> {
            type Site = ();

            fn dependency() -> Dependency {
                Dependency::required::<Self>()
            }

            fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
                resolver.required::<Self>().map(|shared| (*shared).clone())
            }
        }

        impl<T: Send + Sync + 'static> InjectableKeyed for $handle<T> {
            fn inject_keyed(resolver: &Resolver<'_>, key: ServiceKey) -> Result<Self, ServiceError> {
                resolver.required_keyed::<Self>(key).map(|shared| (*shared).clone())
            }
        }
    )*};
}

handles!(Options, OptionsMonitor, OptionsSnapshot);

//! The host's own types as parameters of services.

use super::environment::HostEnvironment;
use super::lifetime::ApplicationLifetime;
use crate::services::{Dependency, Injectable, Resolver, ServiceError};
use crate::systemd::Watchdog;

macro_rules! handles {
    ($($handle:ty),*) => {$(
        impl Injectable for $handle {
            type Site = ();

            fn dependency() -> Dependency {
                Dependency::required::<Self>()
            }

            fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
                resolver.required::<Self>().map(|shared| (*shared).clone())
            }
        }
    )*};
}

handles!(ApplicationLifetime, HostEnvironment, Watchdog);

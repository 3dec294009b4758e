//! The configuration as a parameter of services.

use super::Configuration;
use crate::services::{Dependency, Injectable, Resolver, ServiceError};

impl Injectable for Configuration {
    type Site = ();

    fn dependency() -> Dependency {
        Dependency::required::<Self>()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        resolver.required::<Self>().map(|shared| (*shared).clone())
    }
}

//! Adding health checks to a host builder.

use std::sync::Arc;
use std::time::Duration;

use campanile_host::services::ServiceDescriptor;
use campanile_host::{HostBuilder, Inject};

use super::check::HealthCheck;
use super::endpoint::{HealthEndpoint, health_checks};
use super::registration::Registration;
use crate::builder::WebHostBuilderExt;

/// Health checks for a [`HostBuilder`]; see [`HealthCheck`].
pub trait HealthHostBuilderExt: Sized {
    /// Adds a health check, which the container constructs each time. Its name tells it from others, ignoring case; two of one
    /// name end the start of the host. Its tags say which endpoints ask it.
    #[doc(alias = "AddHealthChecks")]
    #[doc(alias = "AddCheck")]
    #[must_use]
    fn add_health_check<T: HealthCheck + Inject>(
        self,
        name: impl Into<String>,
        tags: impl IntoIterator<Item = &'static str>,
    ) -> Self;

    /// The same with a time after which it is unhealthy.
    #[must_use]
    fn add_health_check_within<T: HealthCheck + Inject>(
        self,
        timeout: Duration,
        name: impl Into<String>,
        tags: impl IntoIterator<Item = &'static str>,
    ) -> Self;

    /// Answers with what some of the checks say, as the endpoint has it.
    #[doc(alias = "MapHealthChecks")]
    #[must_use]
    fn map_health_checks_with(self, path: impl Into<String>, endpoint: HealthEndpoint) -> Self;
}

impl HealthHostBuilderExt for HostBuilder {
    fn add_health_check<T: HealthCheck + Inject>(
        mut self,
        name: impl Into<String>,
        tags: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        add::<T>(&mut self, name.into(), tags, None);
        self
    }

    fn add_health_check_within<T: HealthCheck + Inject>(
        mut self,
        timeout: Duration,
        name: impl Into<String>,
        tags: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        add::<T>(&mut self, name.into(), tags, Some(timeout));
        self
    }

    fn map_health_checks_with(self, path: impl Into<String>, endpoint: HealthEndpoint) -> Self {
        self.map_with(path, move |services| health_checks(services, endpoint))
    }
}

fn add<T: HealthCheck + Inject>(
    builder: &mut HostBuilder,
    name: String,
    tags: impl IntoIterator<Item = &'static str>,
    timeout: Option<Duration>,
) {
    let tags = tags.into_iter().map(ToOwned::to_owned).collect();
    builder
        .services()
        .add_instance(Arc::new(Registration::new::<T>(name, tags, timeout)))
        .try_add(ServiceDescriptor::scoped::<T>());
}

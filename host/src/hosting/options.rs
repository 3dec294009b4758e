//! [`HostOptions`].

use std::time::Duration;

use serde::Deserialize;

use super::restart::RestartPolicy;
use crate::configuration::{BindError, Configuration};

/// How the host starts and stops its services.
///
/// Set by the configuration keys `shutdownTimeoutSeconds`, `startupTimeoutSeconds`, `drainDelaySeconds`,
/// `servicesStartConcurrently`, `servicesStopConcurrently`, `backgroundServiceExceptionBehavior` and the section
/// `BackgroundServiceRestart` (so also by `--shutdownTimeoutSeconds 5` or `DOTNET_shutdownTimeoutSeconds=5`), and over them by
/// [`HostBuilder::configure_host_options`](super::HostBuilder::configure_host_options).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostOptions {
    /// How long all services together may take to stop before their tokens fire; 30 s by default. `Duration::MAX` sets
    /// no limit.
    pub shutdown_timeout: Duration,
    /// How long all services together may take to start, [async factories](crate::services::AsyncFactory) included,
    /// before the start fails; no limit by default.
    pub startup_timeout: Option<Duration>,
    /// How long the host waits, once it is asked to stop, before it stops any service; none by default.
    ///
    /// [`ApplicationLifetime::stopping`](super::ApplicationLifetime::stopping) has fired by then, and readiness is off:
    /// load balancers have that time to send their requests elsewhere, while all that still come are served. It is not a
    /// part of [`shutdown_timeout`](Self::shutdown_timeout). A host that never finished starting does not wait.
    pub drain_delay: Duration,
    /// Whether a phase of the start is gone through by all services at once rather than one after the other.
    pub services_start_concurrently: bool,
    /// Whether a phase of the stop is gone through by all services at once rather than one after the other.
    pub services_stop_concurrently: bool,
    /// What a background service that fails does to the host.
    pub background_service_exception_behavior: BackgroundServiceExceptionBehavior,
    /// How background services that are to be restarted are.
    pub background_service_restart: RestartPolicy,
}

const RESTART: &str = "BackgroundServiceRestart";

impl HostOptions {
    /// The defaults, and over them what the configuration says.
    pub(crate) fn from_configuration(configuration: &Configuration) -> Result<Self, BindError> {
        let mut options = Self::default();
        if let Some(seconds) = configuration.value("shutdownTimeoutSeconds")? {
            options.shutdown_timeout = Duration::from_secs(seconds);
        }
        if let Some(seconds) = configuration.value("startupTimeoutSeconds")? {
            options.startup_timeout = Some(Duration::from_secs(seconds));
        }
        if let Some(seconds) = configuration.value("drainDelaySeconds")? {
            options.drain_delay = Duration::from_secs(seconds);
        }
        if let Some(behavior) = configuration.value("backgroundServiceExceptionBehavior")? {
            options.background_service_exception_behavior = behavior;
        }
        if configuration.exists(RESTART) {
            options.background_service_restart = configuration.bind(RESTART)?;
        }
        if let Some(concurrently) = configuration.value("servicesStartConcurrently")? {
            options.services_start_concurrently = concurrently;
        }
        if let Some(concurrently) = configuration.value("servicesStopConcurrently")? {
            options.services_stop_concurrently = concurrently;
        }
        Ok(options)
    }
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            shutdown_timeout: Duration::from_secs(30),
            startup_timeout: None,
            drain_delay: Duration::ZERO,
            services_start_concurrently: false,
            services_stop_concurrently: false,
            background_service_exception_behavior: BackgroundServiceExceptionBehavior::StopHost,
            background_service_restart: RestartPolicy::default(),
        }
    }
}

/// What the host does when a [`BackgroundService`](super::BackgroundService) fails. The failure is logged in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum BackgroundServiceExceptionBehavior {
    /// The host stops, and [`Host::run`](super::Host::run) returns the failure.
    #[default]
    StopHost,
    /// The host goes on without the service.
    Ignore,
    /// The service is executed again after a while, as [`HostOptions::background_service_restart`] says. A service that
    /// fails too often stops the host.
    Restart,
}

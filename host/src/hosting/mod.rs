//! The host: what is started, kept running and stopped.
//!
//! [`HostBuilder`] puts a [`Host`] together; [`HostedService`] and [`BackgroundService`] are what it runs;
//! [`ApplicationLifetime`], [`HostEnvironment`] and [`HostOptions`] are how services and the host speak of it.

mod builder;
mod environment;
mod erased;
mod error;
mod host;
mod hosted_service;
mod injectable;
mod lifecycle;
mod lifetime;
mod limit;
mod monitor;
mod options;
mod phase;
mod registration;
mod signals;
mod status;

pub use builder::HostBuilder;
pub use environment::HostEnvironment;
pub use error::{HostError, OperationCancelled, ServicePanicked};
pub use host::Host;
pub use hosted_service::{BackgroundService, HostedService};
pub use lifetime::ApplicationLifetime;
pub use options::{BackgroundServiceExceptionBehavior, HostOptions};
pub use phase::Phase;

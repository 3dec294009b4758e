//! A generic host for long-running services, mirroring .NET's `IHost`: configuration, logging, a container with
//! constructor injection, and hosted services that start in order, stop in reverse, and end gracefully under systemd or
//! Ctrl+C.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use campanile_host::options::Options;
//! use campanile_host::{BackgroundService, BoxError, CancellationToken, HostBuilder, HostError, Inject};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), HostError> {
//!     HostBuilder::new()                          // args, environment variables, appsettings: the defaults of .NET
//!         .configure::<ClockOptions>("Clock")     // typed options from a section, validated at start
//!         .add_hosted_service::<Worker>()
//!         .build()?
//!         .run()
//!         .await
//! }
//!
//! #[derive(serde::Deserialize)]
//! struct ClockOptions {
//!     interval: Duration,                         // "Clock": { "Interval": "00:00:01" }
//! }
//!
//! #[derive(Inject)]
//! struct Worker {
//!     options: Options<ClockOptions>,
//! }
//!
//! impl BackgroundService for Worker {
//!     async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
//!         let mut ticks = tokio::time::interval(self.options.interval);
//!         while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
//!             tracing::info!("worker running");
//!         }
//!         Ok(())
//!     }
//! }
//! ```
//!
//! | module | |
//! | --- | --- |
//! | [`hosting`] | [`HostBuilder`], [`Host`], [`HostedService`], [`BackgroundService`], [`ApplicationLifetime`] |
//! | [`services`] | the container: [`trait@Inject`], [`ServiceCollection`], [`ServiceProvider`] |
//! | [`configuration`] | the sources and the precedence of .NET, bound to types by serde |
//! | [`options`] | typed settings, checked before the host starts |
//! | [`logging`] | `tracing` on the console, configured and formatted as .NET's |
//! | [`metrics`] | counters and histograms, as Prometheus reads them |
//! | [`trace_context`] | W3C trace contexts that follow `tracing` spans from one process to the next |
//! | [`systemd`] | readiness, stopping, the journal's levels |
//! | [`guide`] | for people who know .NET, and for people who do not |

// The macros name this crate, and are used in it as well.
extern crate self as campanile_host;

pub mod configuration;
pub mod guide;
pub mod hosting;
pub mod logging;
pub mod metrics;
pub mod options;
pub mod services;
pub mod systemd;

/// Any error, as user code returns it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub use campanile_trace_context as trace_context;
pub use hosting::{
    ApplicationLifetime, BackgroundService, Host, HostBuilder, HostEnvironment, HostError,
    HostedService,
};
pub use services::{Inject, Injectable, ServiceCollection, ServiceProvider, inject};
pub use tokio_util::sync::CancellationToken;

//! The host: what is started, kept running and stopped.
//!
//! [`HostBuilder`] puts a [`Host`] together; [`HostedService`] and [`BackgroundService`] are what it runs;
//! [`ApplicationLifetime`], [`HostEnvironment`] and [`HostOptions`] are how services and the host speak of it.
//!
//! # What differs from .NET
//!
//! Order, phases, messages and settings are those of .NET 10. On purpose it is otherwise in these points:
//!
//! | | .NET | here |
//! | --- | --- | --- |
//! | the start fails | nothing is stopped | what was started is stopped, in reverse |
//! | a stop is asked for during the start | `Run` fails with a cancellation | no failure: what was started is stopped, the rest not started |
//! | a service neither starts nor reacts to the startup timeout | the host waits for ever | it is let go, and the error says that the time was up and who was busy |
//! | a service neither stops nor reacts to the shutdown timeout | the host waits for ever | it is let go and named in the log |
//! | a background service fails | `Run` succeeds | `run` returns its error (as in .NET 11), so that the exit code is 1 |
//! | a background service may be restarted | no | with [`BackgroundServiceExceptionBehavior::Restart`], with growing delays |
//! | between *no longer ready* and the stop | no time | [`HostOptions::drain_delay`] |
//! | what has to be awaited before anything can use it | blocking in a factory, or a hosted service that comes first | [async factories](crate::services::AsyncFactory), awaited before the hosted services are constructed |
//! | a second SIGINT | nothing | the process ends at once, with exit code 130 |
//! | callbacks for *stopping* | may run beside the services' `stopping` | are over before it, if something else than [`Host::stop`] asks for the stop |
//! | a setting of the host that cannot be read | is ignored | is an error of `build` |
//!
#![doc = include_str!("../docs/host_checklist.md")]

mod builder;
mod command;
mod environment;
mod erased;
mod error;
mod host;
mod hosted_service;
mod initialization;
mod injectable;
mod lifecycle;
mod lifetime;
mod limit;
mod monitor;
mod options;
mod phase;
mod registration;
#[cfg_attr(not(unix), allow(dead_code, reason = "only SIGHUP asks for it"))]
mod reload;
mod restart;
mod settings_schema;
mod signals;
mod status;
mod test_host;

pub use builder::HostBuilder;
pub use environment::HostEnvironment;
pub use error::{HostError, OperationCancelled, ServicePanicked};
pub use host::Host;
pub use hosted_service::{BackgroundService, HostedService};
pub use lifetime::ApplicationLifetime;
pub use options::{BackgroundServiceExceptionBehavior, HostOptions};
pub use phase::Phase;
pub use restart::RestartPolicy;
pub use test_host::TestHost;

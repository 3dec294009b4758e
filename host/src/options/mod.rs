//! Options: typed settings, bound from sections of the configuration and checked before a host starts.
//!
//! A service that has them as a field or parameter says by the type how they follow the configuration:
//!
//! | | [`Options`] | [`OptionsSnapshot`] | [`OptionsMonitor`] |
//! | --- | --- | --- | --- |
//! | made | once, before the host starts | at the beginning of a scope as they are then | anew whenever their section changes |
//! | in a singleton or hosted service | yes | no: the container says so when it is built | yes |
//! | how they are read | like a reference | like a reference | [`current`](OptionsMonitor::current), [`changes`](OptionsMonitor::changes), [`on_change`](OptionsMonitor::on_change) |
//!
//! Several options of one type have names: [`configure_named`](crate::ServiceCollection::configure_named) registers them,
//! `#[inject(key = "name")]` on any of the three injects them. A name that is not registered is found when the container is
//! built.
//!
//! `--print-config-schema` of any application with options prints the JSON schema of them all, for editors: see [`schema()`].
//!
//! What .NET has and this does not: changes and checks that are given services (`Configure<TOptions, TDep>`,
//! `IConfigureOptions` as a class; a closure may hold what it needs), asynchronous checks, and options of names that nobody
//! registered, which .NET makes up of defaults.
//!
//! [`ServiceCollection::options`](crate::ServiceCollection::options) says all else: several sections, sections whose unknown
//! keys are let pass, changes by code, checks by code, and [rules](rule) for single settings. All failures of all options
//! are one report, and the host does not start. Options that fail while it runs are logged, and stay as they were.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use campanile_host::configuration::ConfigurationBuilder;
//! use campanile_host::options::{self, Options};
//! use campanile_host::services::{Inject, ServiceCollection};
//!
//! #[derive(serde::Deserialize)]
//! struct ClockOptions {
//!     interval: Duration,
//! }
//!
//! #[derive(Inject)]
//! struct Worker {
//!     options: Options<ClockOptions>,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let configuration = ConfigurationBuilder::new()
//!     .add_json_text(r#"{ "Clock": { "Interval": "00:00:01" } }"#)
//!     .build()?;
//! let mut services = ServiceCollection::new();
//! services
//!     .add_instance(Arc::new(configuration))
//!     .configure::<ClockOptions>("Clock")
//!     .validate::<ClockOptions>(|options| match options.interval {
//!         Duration::ZERO => Err("the interval has to be positive".to_owned()),
//!         _ => Ok(()),
//!     })
//!     .add_singleton::<Worker>();
//! let services = services.build()?;
//! options::validate(&services)?; // a host does this before it starts anything
//! assert_eq!(services.required::<Worker>()?.options.interval, Duration::from_secs(1));
//! # Ok(())
//! # }
//! ```

mod builder;
mod error;
mod family;
mod injectable;
mod live;
mod monitor;
#[expect(
    clippy::module_inception,
    reason = "the type that the module is named after"
)]
mod options;
mod registration;
pub mod rule;
mod schema;
mod snapshot;
mod startup;
mod step;

pub use builder::OptionsBuilder;
pub use error::OptionsError;
pub use monitor::{OptionsChanges, OptionsMonitor};
pub use options::Options;
pub use schema::{SettingsSchema, schema};
pub use snapshot::OptionsSnapshot;
pub use startup::{StartupValidationError, StartupValidator, validate};

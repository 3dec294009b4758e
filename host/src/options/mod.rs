//! Options: typed settings, bound from sections of the configuration and checked before a host starts.
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

mod error;
#[expect(
    clippy::module_inception,
    reason = "the type that the module is named after"
)]
mod options;
mod registration;
mod startup;
mod step;

pub use error::OptionsError;
pub use options::Options;
pub use startup::{StartupValidationError, StartupValidator, validate};

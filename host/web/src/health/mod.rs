//! Whether the application is well.

mod answer;
mod builder;
mod check;
mod endpoint;
mod registration;

pub use builder::HealthHostBuilderExt;
pub use check::{HealthCheck, HealthResult, HealthStatus};
pub use endpoint::HealthEndpoint;
pub use registration::HealthCheckError;

pub(crate) use endpoint::health_checks;
pub(crate) use registration::check_names;

//! A generic host for long-running services, mirroring .NET's `IHost`.

pub mod configuration;
//pub mod hosting;
pub mod logging;
pub mod options;
pub mod services;
pub mod systemd;

/// Any error, as user code returns it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub use tokio_util::sync::CancellationToken;

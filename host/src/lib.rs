//! A generic host for long-running services, mirroring .NET's `IHost`.

// The macros name this crate, and are used in it as well.
extern crate self as campanile_host;

pub mod configuration;
//pub mod hosting;
pub mod logging;
pub mod options;
pub mod services;
pub mod systemd;

/// Any error, as user code returns it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub use services::{Inject, Injectable, ServiceCollection, ServiceProvider, inject};
pub use tokio_util::sync::CancellationToken;

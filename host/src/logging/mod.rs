//! Logging: `tracing` events on the console, configured and formatted as .NET's.
//!
//! The host installs a [`ConsoleLayer`] when it is built, unless the program has set a `tracing` subscriber of its own
//! before. What is written and how is the section `Logging` of the configuration: see [`LogFilter`] for the levels and
//! [`ConsoleFormatter`] for the formats.

mod category;
mod entry;
mod error;
mod error_chain;
mod fields;
mod filter;
mod follow;
mod formatter;
mod json;
mod layer;
mod level;
mod settings;
mod simple;
mod systemd;
mod text;
mod timestamp;

pub use entry::LogEntry;
pub use error::LoggingError;
pub(crate) use error_chain::ErrorChain;
pub use filter::LogFilter;
pub use formatter::ConsoleFormatter;
pub use layer::{ConsoleLayer, LogFilterHandle};
pub use level::{LogLevel, ParseLogLevelError};
pub(crate) use settings::describe;

use tracing_subscriber::layer::SubscriberExt;

use crate::configuration::Configuration;

/// Makes the console the process's `tracing` subscriber, unless there is one; then there is nothing to return.
pub(crate) fn install(
    configuration: &Configuration,
) -> Result<Option<LogFilterHandle>, LoggingError> {
    let console = ConsoleLayer::from_configuration(configuration)?;
    let levels = console.filter_handle();
    // Fails only if there is a subscriber already, which then stays.
    let installed =
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(console));
    Ok(installed.is_ok().then_some(levels))
}

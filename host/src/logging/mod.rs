//! Logging: `tracing` events on the console, configured and formatted as .NET's.
//!
//! The host installs a [`ConsoleLayer`] when it is built, unless the program has set a `tracing` subscriber of its own
//! before. What is written and how is the section `Logging` of the configuration: see [`LogFilter`] for the levels and
//! [`ConsoleFormatter`] for the formats. Other places for the log to go are added with [`LogProvider`].
//!
//! With `Logging:Console:FormatterOptions:IncludeScopes` the spans are kept, and so they have trace contexts: see
//! [`trace_context`](crate::trace_context).
#![doc = include_str!("../docs/logging_checklist.md")]

mod category;
mod console;
mod entry;
mod error;
mod error_chain;
mod fields;
mod filter;
mod formatter;
mod install;
mod json;
mod layer;
mod level;
mod levels;
mod provider;
mod record;
mod settings;
mod simple;
mod systemd;
mod text;
mod timestamp;
mod trace;

pub use entry::LogEntry;
pub use error::LoggingError;
pub(crate) use error_chain::ErrorChain;
pub use filter::LogFilter;
pub use formatter::ConsoleFormatter;
pub(crate) use install::{Following, install};
pub use layer::ConsoleLayer;
pub use level::{LogLevel, ParseLogLevelError};
pub use levels::LogFilterHandle;
pub use provider::LogProvider;
pub use record::{LogRecord, LogScope};
pub(crate) use settings::describe;

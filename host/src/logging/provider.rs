//! [`LogProvider`].

use std::fmt;

use tracing_subscriber::Registry;
use tracing_subscriber::layer::Layer;

use super::console::captures_scopes;
use super::error::LoggingError;
use super::filter::Rules;
use super::levels::{Levels, LogFilterHandle, Wants};
use crate::configuration::Configuration;

/// A `tracing` layer as its provider keeps it.
pub(crate) type LogLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Where the log goes besides the console: any layer of `tracing-subscriber`, with levels of its own. Added to a host with
/// [`HostBuilder::add_log_provider`](crate::HostBuilder::add_log_provider).
///
/// What reaches it is configured under its name as the console's: `Logging:{name}:LogLevel:{category}` before
/// `Logging:LogLevel:{category}`, see [`LogFilter`](super::LogFilter), and follows the configuration while the host runs.
///
/// ```no_run
/// use campanile_host::logging::LogProvider;
/// use campanile_host::{HostBuilder, HostError};
/// use tracing_subscriber::layer::Layer;
/// # #[derive(Debug)] struct FileLayer;
/// # impl FileLayer { fn in_folder(_: &str) -> Self { Self } }
/// # impl<S: tracing::Subscriber> Layer<S> for FileLayer {}
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), HostError> {
/// HostBuilder::new()
///     .add_log_provider(LogProvider::new("File", FileLayer::in_folder("/var/log/clock")))
/// #   .build()?.run().await
/// # }
/// ```
#[doc(alias = "ILoggerProvider")]
pub struct LogProvider {
    rules: Rules,
    wants: Wants,
    layer: LogLayer,
}

impl LogProvider {
    /// A provider of this name that gets events.
    pub fn new(name: &'static str, layer: impl Layer<Registry> + Send + Sync) -> Self {
        Self {
            rules: Rules::Events(name),
            wants: Wants::Events,
            layer: Box::new(layer),
        }
    }

    /// It gets spans as well, as the scopes of events, by the same levels; not where `Logging:CaptureScopes` is false.
    #[must_use]
    pub fn with_scopes(mut self) -> Self {
        self.wants = Wants::EventsAndSpans;
        self
    }

    /// A provider of this name that gets nothing but spans: those that `Tracing:{name}:LogLevel:{category}` and
    /// `Tracing:LogLevel:{category}` let through, from `Information` on by default, whatever the levels of the log.
    pub fn of_spans(name: &'static str, layer: impl Layer<Registry> + Send + Sync) -> Self {
        Self {
            rules: Rules::Spans(name),
            wants: Wants::Spans,
            layer: Box::new(layer),
        }
    }

    /// The layer behind its levels, and what changes these.
    pub(crate) fn filtered(
        self,
        configuration: &Configuration,
    ) -> Result<(LogLayer, LogFilterHandle), LoggingError> {
        let wants = match self.wants {
            Wants::EventsAndSpans if !captures_scopes(configuration)? => Wants::Events,
            wants => wants,
        };
        let levels = Levels::read(self.rules, wants, configuration)?;
        let handle = levels.handle();
        Ok((self.layer.with_filter(levels).boxed(), handle))
    }
}

impl fmt::Debug for LogProvider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogProvider")
            .field("rules", &self.rules)
            .field("wants", &self.wants)
            .finish_non_exhaustive()
    }
}

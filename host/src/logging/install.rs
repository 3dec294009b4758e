//! The log of the process.

use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;

use super::error::LoggingError;
use super::layer::ConsoleLayer;
use super::provider::LogProvider;
use super::trace::RegistryTracer;
use crate::configuration::{ChangeRegistration, Configuration};

/// What has the levels of the log follow the configuration while it is there.
pub(crate) type Following = Vec<ChangeRegistration>;

/// Makes the console, if there is to be one, and the providers the process's `tracing` subscriber, unless there is one
/// already, which then stays.
pub(crate) fn install(
    has_console: bool,
    providers: Vec<LogProvider>,
    configuration: &Configuration,
) -> Result<Following, LoggingError> {
    let console = match has_console {
        true => Some(ConsoleLayer::from_configuration(configuration)?),
        false => None,
    };
    let mut handles: Vec<_> = console.iter().map(ConsoleLayer::filter_handle).collect();
    let installed = if providers.is_empty() {
        // The console alone decides for everybody, which costs less than a filter of its own.
        tracing::subscriber::set_global_default(registry().with(console))
    } else {
        let mut layers = Vec::new();
        for provider in providers {
            let (layer, handle) = provider.filtered(configuration)?;
            layers.push(layer);
            handles.push(handle);
        }
        let console = console.map(|console| {
            let levels = console.levels().clone();
            console.with_filter(levels)
        });
        tracing::subscriber::set_global_default(registry().with(layers).with(console))
    };
    if installed.is_err() {
        return Ok(Vec::new());
    }
    campanile_trace_context::set_tracer(RegistryTracer);
    Ok(handles.iter().map(|it| it.follow(configuration)).collect())
}

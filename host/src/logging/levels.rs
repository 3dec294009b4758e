//! [`Levels`]: the rules of one provider, as `tracing` asks for them.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tracing::metadata::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_subscriber::layer::{Context, Filter};

use super::category::Category;
use super::error::LoggingError;
use super::filter::{LogFilter, Rules};
use super::level::LogLevel;
use crate::configuration::{ChangeRegistration, Configuration};

/// What reaches a layer, while the rules may change.
#[derive(Clone, Debug)]
pub(crate) struct Levels {
    filter: Arc<ArcSwap<LogFilter>>,
    rules: Rules,
    wants: Wants,
}

/// What a layer wants at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    Events,
    EventsAndSpans,
    Spans,
}

impl Levels {
    pub(crate) fn read(
        rules: Rules,
        wants: Wants,
        configuration: &Configuration,
    ) -> Result<Self, LoggingError> {
        let filter = rules.read(configuration)?;
        Ok(Self {
            filter: Arc::new(ArcSwap::from_pointee(filter)),
            rules,
            wants,
        })
    }

    pub(crate) fn handle(&self) -> LogFilterHandle {
        LogFilterHandle {
            filter: self.filter.clone(),
            rules: self.rules,
        }
    }

    /// Whether the layer is to see it; of events that can be critical only their own value tells.
    pub(crate) fn wants(&self, metadata: &Metadata<'_>) -> bool {
        if self.wants
            == (if metadata.is_span() {
                Wants::Events
            } else {
                Wants::Spans
            })
        {
            return false;
        }
        let lowest = self.lowest(metadata);
        let level = if is_perhaps_critical(metadata) {
            LogLevel::Critical
        } else {
            LogLevel::from(*metadata.level())
        };
        level >= lowest && lowest != LogLevel::None
    }

    /// From which level on the category of this is wanted.
    pub(crate) fn lowest(&self, metadata: &Metadata<'_>) -> LogLevel {
        let category = Category(metadata.target()).to_string();
        self.filter.load().lowest(&category)
    }

    pub(crate) fn interest(&self, metadata: &Metadata<'_>) -> Interest {
        if self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    pub(crate) fn most_verbose(&self) -> LevelFilter {
        self.filter.load().most_verbose()
    }
}

/// Whether this is an event that says by a field whether it is critical.
pub(crate) fn is_perhaps_critical(metadata: &Metadata<'_>) -> bool {
    *metadata.level() == Level::ERROR && metadata.fields().field("critical").is_some()
}

impl<S> Filter<S> for Levels {
    fn enabled(&self, metadata: &Metadata<'_>, _context: &Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.interest(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.most_verbose())
    }
}

/// Changes the rules of a [`ConsoleLayer`](super::ConsoleLayer) while it is in use.
#[derive(Clone)]
pub struct LogFilterHandle {
    filter: Arc<ArcSwap<LogFilter>>,
    rules: Rules,
}

impl LogFilterHandle {
    /// From now on these rules count.
    pub fn replace(&self, filter: LogFilter) {
        self.filter.store(Arc::new(filter));
        // Callsites remember whether they are enabled.
        tracing::callsite::rebuild_interest_cache();
    }

    /// From now on, and until what is returned is dropped, the rules are those of the configuration, whenever it changes. Rules
    /// that cannot be read change nothing but the log, where they are reported.
    ///
    /// The host does this for the log that it installs; it is for programs that bring their own `tracing` subscriber.
    pub fn follow(&self, configuration: &Configuration) -> ChangeRegistration {
        let handle = self.clone();
        let read = configuration.clone();
        configuration.on_change(move || match handle.rules.read(&read) {
            Ok(filter) => handle.replace(filter),
            Err(error) => tracing::error!(
                target: "Campanile.Logging",
                "the levels of the log stay as they were: {error}"
            ),
        })
    }
}

impl fmt::Debug for LogFilterHandle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LogFilterHandle")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

//! [`ConsoleLayer`]: from `tracing` to the console.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tracing::metadata::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::category::Category;
use super::console::ConsoleSettings;
use super::entry::LogEntry;
use super::error::LoggingError;
use super::fields::Fields;
use super::filter::{CONSOLE, Rules};
use super::formatter::ConsoleFormatter;
use super::level::LogLevel;
use super::levels::{Levels, LogFilterHandle, Wants, is_perhaps_critical};
use super::record::LogScope;
use crate::configuration::Configuration;

/// Writes events to the console: filtered by a [`LogFilter`](super::LogFilter), formatted by a [`ConsoleFormatter`].
///
/// The host installs one by itself. Programs that bring a `tracing` subscriber of their own may add this layer to it; it
/// decides for all layers what is enabled, so wrap it in `with_filter` where others want more.
///
/// Each event is written by one call, under a lock, before the macro returns: entries do not mix and none is lost when the
/// process ends. An output that is closed is not an error.
///
/// | field of an event | becomes |
/// | --- | --- |
/// | `event_id` | the number in brackets after the category |
/// | `error` | the error after the message, with what caused it |
/// | `critical = true` (of an `error!`) | the level `Critical` |
/// | any other | ` name=value` after the message |
pub struct ConsoleLayer {
    levels: Levels,
    formatter: ConsoleFormatter,
    output: Output,
}

enum Output {
    /// Standard output, and standard error from that level on.
    Console {
        errors_from: LogLevel,
    },
    Other(Mutex<Box<dyn Write + Send>>),
}

impl ConsoleLayer {
    /// A layer as the section `Logging` of the configuration describes it. Besides what [`LogFilter`](super::LogFilter) and
    /// [`ConsoleFormatter`] read, `Logging:Console:LogToStandardErrorThreshold` is the level from which on entries go to
    /// standard error rather than standard output; none by default.
    ///
    /// .NET's `MaxQueueLength` is accepted and does nothing, since entries are not queued, and of its `QueueFullMode` the value
    /// `Wait`. What .NET has in `Logging:Console:FormatterOptions` since version 5 is not read in its old places (`IncludeScopes`,
    /// `TimestampFormat`, `UseUtcTimestamp`, `DisableColors`, `Format` right in `Logging:Console`): an error says so, as it names
    /// any other key that is not known.
    ///
    /// # Errors
    ///
    /// The section cannot be used.
    pub fn from_configuration(configuration: &Configuration) -> Result<Self, LoggingError> {
        let settings = ConsoleSettings::read(configuration)?;
        let errors_from = settings.errors_from();
        let formatter = ConsoleFormatter::new(settings)?;
        let wants = match formatter.includes_scopes() {
            true => Wants::EventsAndSpans,
            false => Wants::Events,
        };
        Ok(Self {
            levels: Levels::read(Rules::Events(CONSOLE), wants, configuration)?,
            formatter,
            output: Output::Console { errors_from },
        })
    }

    /// Writes to `writer` instead of the console.
    #[must_use]
    pub fn with_writer(mut self, writer: impl Write + Send + 'static) -> Self {
        self.output = Output::Other(Mutex::new(Box::new(writer)));
        self
    }

    /// What changes the rules later.
    #[must_use]
    pub fn filter_handle(&self) -> LogFilterHandle {
        self.levels.handle()
    }

    pub(crate) fn levels(&self) -> &Levels {
        &self.levels
    }

    fn write(&self, level: LogLevel, text: &[u8]) {
        // There is nobody to tell about a console that cannot be written to.
        let _ = match &self.output {
            Output::Console { errors_from } if level >= *errors_from => {
                io::stderr().lock().write_all(text)
            }
            Output::Console { .. } => io::stdout().lock().write_all(text),
            Output::Other(writer) => writer
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write_all(text),
        };
    }

    fn log(
        &self,
        event: &Event<'_>,
        scopes: &[&str],
        scope_fields: &[Vec<(&'static str, Value)>],
        buffers: &mut Buffers,
    ) {
        let metadata = event.metadata();
        let Buffers {
            fields,
            category,
            line,
        } = buffers;
        fields.clear(self.formatter.wants_fields());
        event.record(fields);
        fields.complete();
        let level = if fields.critical && *metadata.level() == Level::ERROR {
            LogLevel::Critical
        } else {
            // Only its own value tells whether an event that can be critical is one.
            if is_perhaps_critical(metadata) && self.levels.lowest(metadata) > LogLevel::Error {
                return;
            }
            LogLevel::from(*metadata.level())
        };
        category.clear();
        Category(metadata.target()).push_to(category);
        line.clear();
        let entry = LogEntry {
            level,
            category,
            event_id: fields.event_id,
            message: &fields.message,
            error: Some(&*fields.error).filter(|error| !error.is_empty()),
            scopes,
            fields: &fields.typed,
            scope_fields,
        };
        self.formatter.format(&entry, line);
        if !line.is_empty() {
            self.write(level, line.as_bytes());
        }
    }
}

/// The console's own: another layer may keep scopes as well.
struct ConsoleScope(LogScope);

/// What an event is put together in, kept by each thread for the next one.
#[derive(Default)]
struct Buffers {
    fields: Fields,
    category: String,
    line: String,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for ConsoleLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.levels.interest(metadata)
    }

    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, S>) -> bool {
        self.levels.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.levels.most_verbose())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context
            .span(id)
            .filter(|_| self.formatter.includes_scopes())
        {
            span.extensions_mut()
                .insert(ConsoleScope(LogScope::new(attributes)));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(ConsoleScope(scope)) = span.extensions_mut().get_mut()
        {
            scope.record(values);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut scopes = Vec::new();
        let mut scope_fields = Vec::new();
        if self.formatter.includes_scopes()
            && let Some(around) = context.event_scope(event)
        {
            for span in around.from_root() {
                if let Some(ConsoleScope(scope)) = span.extensions().get() {
                    scopes.push(scope.text().to_owned());
                    if self.formatter.wants_fields() {
                        scope_fields.push(scope.fields().to_vec());
                    }
                }
            }
        }
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        BUFFERS.with(|buffers| match buffers.try_borrow_mut() {
            Ok(mut buffers) => self.log(event, &scopes, &scope_fields, &mut buffers),
            // The formatting of a value of another event logs this one.
            Err(_) => self.log(event, &scopes, &scope_fields, &mut Buffers::default()),
        });
    }
}

impl fmt::Debug for ConsoleLayer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ConsoleLayer")
            .field("levels", &self.levels)
            .field("formatter", &self.formatter)
            .finish_non_exhaustive()
    }
}

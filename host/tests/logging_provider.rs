//! Other places for the log to go than the console. In a program of its own: a process has one log.

use std::sync::{Arc, Mutex};

use campanile_host::logging::LogProvider;
use campanile_host::trace_context::{TraceContext, Traced};
use campanile_host::{HostBuilder, HostError};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber, info_span};
use tracing_subscriber::layer::{Context, Layer};

/// What came, in order.
#[derive(Clone, Debug, Default)]
struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    fn push(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl<S: Subscriber> Layer<S> for Seen {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let metadata = event.metadata();
        if metadata.target().starts_with("test") {
            self.push(format!("{} {}", metadata.level(), metadata.target()));
        }
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _id: &Id, _context: Context<'_, S>) {
        self.push(format!("span {}", attributes.metadata().name()));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn each_provider_gets_what_its_levels_let_through() -> Result<(), HostError> {
    let (log, loud, spans) = (Seen::default(), Seen::default(), Seen::default());
    let ended = log.clone();
    let host = HostBuilder::empty()
        .without_signals()
        .configure_configuration(|builder| {
            builder.add_in_memory([
                ("Logging:LogLevel:Default", "Warning"),
                ("Logging:loud:LogLevel:Default", "Debug"),
                ("Logging:Other:LogLevel:Default", "Trace"),
                ("Tracing:Spans:LogLevel:test.quiet", "None"),
            ]);
        })
        .add_log_provider(LogProvider::new("Log", log.clone()).with_scopes())
        .add_log_provider(LogProvider::new("Loud", loud.clone()))
        .add_log_providers({
            let spans = spans.clone();
            move |builder| {
                assert_eq!(
                    builder
                        .configuration()
                        .get("Logging:LogLevel:Default")
                        .as_deref(),
                    Some("Warning")
                );
                Ok(vec![LogProvider::of_spans("Spans", spans)])
            }
        })
        .at_the_end(|_limit| async move {
            tracing::warn!(target: "test::end", "the last line");
            ended.push("ended");
        })
        .build()?;

    tracing::trace!(target: "test::a", "nobody");
    tracing::debug!(target: "test::b", "the loud one");
    tracing::warn!(target: "test::c", "both");
    let root = TraceContext::root();
    let quiet = info_span!(target: "test::quiet", "quiet");
    let told = async {
        tracing::info!(target: "test::d", "the loud one");
        TraceContext::current()
    };
    let told = told
        .traced(info_span!(target: "test::e", "told"), Some(root.clone()))
        .await
        .expect("somebody collects the span");
    assert_eq!(told.trace_id(), root.trace_id());
    assert_ne!(told.span_id(), root.span_id());
    drop(quiet);
    assert_eq!(spans.take(), ["span told"]);
    assert_eq!(
        loud.take(),
        ["DEBUG test::b", "WARN test::c", "INFO test::d"]
    );
    assert_eq!(log.take(), ["WARN test::c"]);

    host.run_until({
        let now = campanile_host::CancellationToken::new();
        now.cancel();
        now
    })
    .await?;
    assert_eq!(log.take(), ["WARN test::end", "ended"]);
    Ok(())
}

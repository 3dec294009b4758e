//! What is sent on by whom, where somebody collects spans.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use campanile_trace_context::{SpanId, TraceContext, TraceId, Traced, Tracer, set_tracer};
use tracing::{Span, info_span};

/// Gives every span a context of its own, the child of what it was given or of nothing.
#[derive(Default)]
struct Collector(Mutex<HashMap<u64, TraceContext>>);

impl Collector {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<u64, TraceContext>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tracer for Collector {
    fn context_of(&self, span: &Span) -> Option<TraceContext> {
        let id = span.id()?.into_u64();
        let trace_id = TraceId::new(u128::from(id).to_be_bytes())?;
        let own = TraceContext::new(trace_id, SpanId::new(id.to_be_bytes())?, true);
        Some(self.with(|contexts| contexts.entry(id).or_insert(own).clone()))
    }

    fn set_parent(&self, span: &Span, parent: &TraceContext) {
        let id = span.id().expect("only spans that are enabled come here");
        self.with(|contexts| contexts.insert(id.into_u64(), parent.child()));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_span_is_sent_on_in_the_trace_that_was_received() {
    assert!(set_tracer(Collector::default()));
    assert!(!set_tracer(Collector::default()), "the first one stays");
    let parent = TraceContext::root();
    let sent_on = || async {
        tokio::task::yield_now().await;
        TraceContext::current()
    };

    // Nobody collects: as it came, and only within the future.
    let span = || info_span!("invocation");
    let passed = sent_on().traced(span(), Some(parent.clone())).await;
    assert_eq!(passed.as_ref(), Some(&parent));
    assert_eq!(sent_on().traced(span(), None).await, None);
    assert_eq!(TraceContext::current(), None);

    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry());
    let child = sent_on().traced(span(), Some(parent.clone())).await;
    let child = child.expect("the span is collected");
    assert_eq!(child.trace_id(), parent.trace_id());
    assert_ne!(child.span_id(), parent.span_id());

    // The innermost span counts, and each future has its own.
    let both = async {
        let inner = sent_on().traced(span(), None).await;
        (inner, TraceContext::current())
    };
    let (inner, outer) = both.traced(span(), Some(parent.clone())).await;
    assert_ne!(inner.expect("collected").trace_id(), parent.trace_id());
    assert_eq!(outer.expect("collected").trace_id(), parent.trace_id());
    assert_eq!(TraceContext::current(), None);
}

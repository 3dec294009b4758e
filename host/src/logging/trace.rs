//! Trace contexts of spans where nothing but the log has them.

use campanile_trace_context::{TraceContext, Tracer};
use tracing::{Dispatch, Id, Span};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

/// Gives each span that is asked for a context, and keeps it with the span.
#[derive(Debug)]
pub(crate) struct RegistryTracer;

impl Tracer for RegistryTracer {
    fn context_of(&self, span: &Span) -> Option<TraceContext> {
        with_registry(span, |registry, id| {
            registry.span(id).map(|span| context(&span))
        })
        .flatten()
    }

    fn set_parent(&self, span: &Span, parent: &TraceContext) {
        with_registry(span, |registry, id| {
            if let Some(span) = registry.span(id) {
                span.extensions_mut().replace(parent.child());
            }
        });
    }
}

fn with_registry<T>(span: &Span, act: impl FnOnce(&Registry, &Id) -> T) -> Option<T> {
    span.with_subscriber(|(id, dispatch): (&Id, &Dispatch)| {
        dispatch.downcast_ref::<Registry>().map(|it| act(it, id))
    })
    .flatten()
}

/// That of the span, made now if it has none: in the trace of the span around it, or the root of one.
fn context(span: &SpanRef<'_, Registry>) -> TraceContext {
    if let Some(known) = span.extensions().get::<TraceContext>() {
        return known.clone();
    }
    let own = match span.parent() {
        Some(parent) => context(&parent).child(),
        None => TraceContext::root(),
    };
    // Another thread may have been faster; then its context is the span's.
    let mut extensions = span.extensions_mut();
    if let Some(known) = extensions.get_mut::<TraceContext>() {
        return known.clone();
    }
    extensions.insert(own.clone());
    own
}

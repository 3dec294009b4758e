//! [`Tracer`].

use std::sync::OnceLock;

use tracing::Span;

use super::context::TraceContext;

/// Who knows the trace contexts of spans: what collects them.
pub trait Tracer: Send + Sync {
    /// The context of a span; `None` for one that is not collected.
    fn context_of(&self, span: &Span) -> Option<TraceContext>;

    /// Makes a span that has just been created, and not been entered yet, a child of one in another process. Does nothing
    /// to one that is not collected.
    fn set_parent(&self, span: &Span, parent: &TraceContext);
}

static TRACER: OnceLock<Box<dyn Tracer>> = OnceLock::new();

/// Sets who knows the trace contexts of this process, once: `false` if it has been said before, and stays so. The host
/// does this with its log.
pub fn set_tracer(tracer: impl Tracer + 'static) -> bool {
    TRACER.set(Box::new(tracer)).is_ok()
}

pub(crate) fn context_of(span: &Span) -> Option<TraceContext> {
    TRACER.get()?.context_of(span)
}

/// Makes the span a child of `parent`, if it is collected.
pub(crate) fn set_parent(span: &Span, parent: &TraceContext) {
    if let Some(tracer) = TRACER.get().filter(|_| !span.is_disabled()) {
        tracer.set_parent(span, parent);
    }
}

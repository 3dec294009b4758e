//! [`Traced`].

use std::cell::RefCell;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tracing::Span;

use super::context::TraceContext;
use super::tracer;

thread_local! {
    /// What the future that is being polled was given.
    static RECEIVED: RefCell<Option<TraceContext>> = const { RefCell::new(None) };
}

pub(crate) fn received() -> Option<TraceContext> {
    RECEIVED.with_borrow(Clone::clone)
}

/// Futures that run in a span whose cause may be elsewhere.
pub trait Traced: Future + Sized {
    /// Runs the future in `span`, caused by `parent`: what a message or a request came with. Tasks that it spawns are not
    /// in it, as with `tracing`'s own `instrument`.
    ///
    /// Costs next to nothing where the span is not enabled and there is no parent.
    fn traced(self, span: Span, parent: Option<TraceContext>) -> InTrace<Self> {
        if let Some(parent) = &parent {
            tracer::set_parent(&span, parent);
        }
        InTrace {
            future: self,
            span,
            received: parent,
        }
    }
}

impl<F: Future> Traced for F {}

pin_project! {
    /// A future in its span; from [`Traced::traced`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct InTrace<F> {
        #[pin]
        future: F,
        span: Span,
        received: Option<TraceContext>,
    }
}

impl<F: Future> Future for InTrace<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        if this.received.is_none() {
            return this.future.poll(context);
        }
        let _restored = Restore(RECEIVED.replace(this.received.clone()));
        this.future.poll(context)
    }
}

/// Puts what was there before back, even if the future panics.
struct Restore(Option<TraceContext>);

impl Drop for Restore {
    fn drop(&mut self) {
        RECEIVED.set(self.0.take());
    }
}

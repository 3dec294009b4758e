//! What is told of calls and connections: spans, and metrics where there are any.

mod measures;

use campanile_trace_context::TraceContext;
use tracing::Span;
use tracing::field::Empty;

use crate::ClientError;

#[cfg(feature = "host")]
use measures::CallMeasure;
pub(crate) use measures::Measures;

/// How a method is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallKind {
    Invoke,
    Send,
    Stream,
}

/// A call that is under way, as it is told of.
#[derive(Debug)]
pub(crate) struct CallRecord {
    kind: CallKind,
    span: Span,
    #[cfg(feature = "host")]
    measure: Option<CallMeasure>,
}

impl CallRecord {
    /// A call begins in the current span.
    #[cfg_attr(
        not(feature = "host"),
        expect(unused_variables, reason = "nothing is measured without a host")
    )]
    pub(crate) fn begin(measures: &Measures, kind: CallKind, hub: &str, method: &str) -> Self {
        Self {
            kind,
            // What .NET's client calls them.
            span: tracing::info_span!(
                "hub call",
                otel.name = %format_args!("{}/{method}", hub.trim_matches('/')),
                otel.kind = "client",
                otel.status_code = Empty,
                rpc.system = "signalr",
                rpc.service = hub,
                rpc.method = method,
                "error.type" = Empty,
            ),
            #[cfg(feature = "host")]
            measure: measures.call(kind),
        }
    }

    pub(crate) fn kind(&self) -> CallKind {
        self.kind
    }

    /// What goes along with the call, so that what the server does is found beside it.
    pub(crate) fn trace_context(&self) -> Option<TraceContext> {
        self.span.in_scope(TraceContext::current)
    }

    /// The call has ended, or failed. Of several ends the first counts; dropped without one it was given up.
    pub(crate) fn end(&mut self, error: Option<&ClientError>) {
        if let Some(error) = error {
            self.span.record("otel.status_code", "ERROR");
            self.span.record("error.type", error.kind());
        }
        // The span ends with the call, whoever keeps what is left of it.
        self.span = Span::none();
        #[cfg(feature = "host")]
        if let Some(measure) = self.measure.take() {
            measure.end(error.is_none());
        }
    }
}

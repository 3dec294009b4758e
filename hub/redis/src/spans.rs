//! The spans of messages of other servers, for whoever records spans. Where nobody does, none is made.

use campanile_hub_protocol::backplane::Trace;
use campanile_trace_context::{TRACEPARENT, TRACESTATE, TraceContext};
use tracing::{Span, info_span};

/// What has caused a message, as the server says that has sent it.
pub(crate) fn cause(trace: Trace<'_>) -> Option<TraceContext> {
    TraceContext::from_headers(|name| match name {
        TRACEPARENT => Some(trace.parent),
        TRACESTATE => trace.state,
        _ => None,
    })
}

/// The span in which a message is given to clients of this server. None where the message is a part of no trace: there would be
/// one for each message, and they would tell of nothing.
pub(crate) fn delivery(cause: Option<&TraceContext>, hub: &str, channel: &str) -> Span {
    if cause.is_none() {
        return Span::none();
    }
    info_span!(
        parent: None,
        "signalr.backplane.deliver",
        otel.name = format_args!("deliver {hub}"),
        otel.kind = "consumer",
        messaging.system = "redis",
        messaging.operation.type = "process",
        messaging.destination.name = channel,
        rpc.service = hub,
    )
}

//! W3C trace contexts that follow `tracing` spans from one process to the next, without a tracing SDK.
//!
//! Who sends a message asks for [`TraceContext::current`] and writes it into the headers [`TRACEPARENT`] and
//! [`TRACESTATE`]; who receives one reads it with [`TraceContext::from_headers`] and runs what the message asks for with
//! [`Traced::traced`]. Nothing else is to be done, whether or not anybody collects traces:
//!
//! | | what is sent on |
//! | --- | --- |
//! | a [`Tracer`] has been set, and it knows the span (OpenTelemetry, or a host whose log has scopes) | the span itself, a child of the one that was received |
//! | nobody collects spans | what was received, as it was: the next one in the chain still finds the first |
//! | nothing was received, nobody collects | nothing |
//!
//! ```
//! use campanile_trace_context::{TRACEPARENT, TraceContext, Traced};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // What came with the message.
//! let headers = [(TRACEPARENT, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")];
//! let parent = TraceContext::from_headers(|name| {
//!     headers.iter().find(|(header, _)| *header == name).map(|(_, value)| *value)
//! });
//!
//! let span = tracing::info_span!("ClockHub/SendTime", otel.kind = "server");
//! let sent_on = async {
//!     // What goes with the messages that are sent meanwhile.
//!     TraceContext::current().map(|context| context.traceparent())
//! }
//! .traced(span, parent)
//! .await;
//! assert_eq!(sent_on.as_deref(), Some(headers[0].1));
//! # }
//! ```

mod context;
mod id;
mod traced;
mod tracer;

pub use context::{InvalidTraceparent, TRACEPARENT, TRACESTATE, TraceContext};
pub use id::{SpanId, TraceId};
pub use traced::{InTrace, Traced};
pub use tracer::{Tracer, set_tracer};

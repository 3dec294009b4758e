//! [`TraceContext`].

use std::sync::Arc;

use tracing::Span;

use super::id::{SpanId, TraceId, hexadecimal};
use super::{traced, tracer};

/// The header that a trace context travels in.
pub const TRACEPARENT: &str = "traceparent";

/// The header for what vendors add to it.
pub const TRACESTATE: &str = "tracestate";

/// The longest `tracestate` that is passed on, in bytes: what the specification asks for at least.
const LONGEST_STATE: usize = 512;

/// Which trace something belongs to and which span it was caused by: what the
/// [W3C recommendation](https://www.w3.org/TR/trace-context/) calls a trace context.
///
/// ```
/// use campanile_trace_context::TraceContext;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let context = TraceContext::parse(text)?;
/// assert!(context.is_sampled());
/// assert_eq!(context.traceparent(), text);
/// assert_eq!(context.child().trace_id(), context.trace_id());
/// # Ok(())
/// # }
/// ```
#[doc(alias = "ActivityContext")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: TraceId,
    span_id: SpanId,
    sampled: bool,
    state: Option<Arc<str>>,
}

/// A text is no `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a traceparent is `00-{{32 digits}}-{{16 digits}}-{{2 digits}}` in lower-case hexadecimal, not all zeros"
)]
#[non_exhaustive]
pub struct InvalidTraceparent;

impl TraceContext {
    /// The context of a span.
    #[must_use]
    pub const fn new(trace_id: TraceId, span_id: SpanId, sampled: bool) -> Self {
        Self {
            trace_id,
            span_id,
            sampled,
            state: None,
        }
    }

    /// The root of a trace that is to be collected.
    #[must_use]
    pub fn root() -> Self {
        Self::new(TraceId::random(), SpanId::random(), true)
    }

    /// A span caused by this one.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            span_id: SpanId::random(),
            ..self.clone()
        }
    }

    /// Reads a `traceparent`. Versions that do not exist yet are read as far as they are known to begin like this one.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn parse(traceparent: &str) -> Result<Self, InvalidTraceparent> {
        read(traceparent.as_bytes()).ok_or(InvalidTraceparent)
    }

    /// Adds what vendors have to say, to be passed on. Left out where it is empty or longer than 512 bytes, or has other
    /// characters than visible ASCII, spaces and tabs.
    #[must_use]
    pub fn with_state(mut self, tracestate: &str) -> Self {
        let is_fit = |byte: u8| byte == b'\t' || (b' '..=b'~').contains(&byte);
        let tracestate = tracestate.trim();
        self.state = Some(tracestate)
            .filter(|it| !it.is_empty() && it.len() <= LONGEST_STATE && it.bytes().all(is_fit))
            .map(Arc::from);
        self
    }

    /// Reads the headers of a message, which `header` finds by their lower-case names. What is no context is ignored, as
    /// the specification wants it: the trace begins anew.
    #[must_use]
    pub fn from_headers<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let context = Self::parse(header(TRACEPARENT)?.trim()).ok()?;
        Some(match header(TRACESTATE) {
            Some(state) => context.with_state(state),
            None => context,
        })
    }

    /// The context of what runs now: that of the current span if a [`Tracer`](super::Tracer) knows it, else the one that
    /// [`traced`](super::Traced::traced) was given.
    #[must_use]
    pub fn current() -> Option<Self> {
        tracer::context_of(&Span::current()).or_else(traced::received)
    }

    /// The context of a span, if it is collected.
    #[must_use]
    pub fn of(span: &Span) -> Option<Self> {
        tracer::context_of(span)
    }

    /// The trace.
    #[must_use]
    pub const fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span.
    #[must_use]
    pub const fn span_id(&self) -> SpanId {
        self.span_id
    }

    /// Whether who began the trace collects it.
    #[must_use]
    pub const fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// The value of the header [`TRACEPARENT`].
    #[must_use]
    pub fn traceparent(&self) -> String {
        let flags = u8::from(self.sampled);
        format!("00-{}-{}-{flags:02x}", self.trace_id, self.span_id)
    }

    /// The value of the header [`TRACESTATE`], if there is one.
    #[must_use]
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

fn read(text: &[u8]) -> Option<TraceContext> {
    let mut parts = text.splitn(5, |byte| *byte == b'-');
    let version = Some(parts.next()?).filter(|it| it.len() == 2)?;
    let version = hexadecimal(version).filter(|it| *it != 0xff)?;
    let trace_id = TraceId::parse(parts.next()?)?;
    let span_id = SpanId::parse(parts.next()?)?;
    let flags = Some(parts.next()?).filter(|it| it.len() == 2)?;
    let flags = hexadecimal(flags)?;
    // Only later versions may go on.
    if version == 0 && parts.next().is_some() {
        return None;
    }
    Some(TraceContext::new(trace_id, span_id, flags & 1 == 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_written_is_what_was_read() {
        for text in [
            GOOD,
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        ] {
            assert_eq!(TraceContext::parse(text).unwrap().traceparent(), text);
        }
        let root = TraceContext::root();
        assert_eq!(TraceContext::parse(&root.traceparent()).unwrap(), root);
    }

    #[test]
    fn later_versions_may_say_more() {
        let later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-more-of-it";
        assert_eq!(TraceContext::parse(later).unwrap().traceparent(), GOOD);
    }

    #[test]
    fn what_is_none_is_not_taken_for_one() {
        for text in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
            "00-0af7651916cd43dd8448eb211c8031é-b7ad6b7169203331-01",
        ] {
            assert_eq!(TraceContext::parse(text), Err(InvalidTraceparent), "{text}");
        }
    }

    #[test]
    fn a_state_is_passed_on_unless_it_would_break_a_header() {
        let with = |state: &str| TraceContext::parse(GOOD).unwrap().with_state(state);
        assert_eq!(with(" a=1,b=2 ").tracestate(), Some("a=1,b=2"));
        assert_eq!(with("a=1").child().tracestate(), Some("a=1"));
        for bad in ["", "a=1\r\nb: 2", "a=é", &"a".repeat(513)] {
            assert_eq!(with(bad).tracestate(), None, "{bad}");
        }
    }
}

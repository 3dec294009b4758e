//! Trace contexts that reach the server, and those that it sends along.
//!
//! A test alone in its program: another one's thread, without the subscriber, would decide which spans there are.

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use campanile_trace_context::{SpanId, TraceContext, TraceId, Traced, Tracer, set_tracer};
use tokio::sync::mpsc;
use tracing::{Span, info_span};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::fake::FakeServer;
use crate::support::soon;

/// Gives every span a context of its own, a child of what it was given or of the span around it.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<HashMap<u64, TraceContext>>>);

impl Tracer for Collector {
    fn context_of(&self, span: &Span) -> Option<TraceContext> {
        let id = span.id()?.into_u64();
        self.0.lock().unwrap().get(&id).cloned()
    }

    fn set_parent(&self, span: &Span, parent: &TraceContext) {
        let id = span.id().unwrap().into_u64();
        self.0.lock().unwrap().insert(id, parent.child());
    }
}

impl<S> tracing_subscriber::Layer<S> for Collector
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    fn on_new_span(
        &self,
        _: &tracing::span::Attributes<'_>,
        id: &tracing::Id,
        context: tracing_subscriber::layer::Context<'_, S>,
    ) {
        let span = context.span(id).unwrap();
        let mut contexts = self.0.lock().unwrap();
        let own = match span
            .parent()
            .and_then(|it| contexts.get(&it.id().into_u64()))
        {
            Some(parent) => parent.child(),
            None => {
                let number = id.into_u64();
                let trace = TraceId::new(u128::from(number).to_be_bytes()).unwrap();
                TraceContext::new(trace, SpanId::new(number.to_be_bytes()).unwrap(), true)
            }
        };
        contexts.insert(id.into_u64(), own);
    }
}

#[tokio::test]
async fn a_call_is_a_child_of_its_caller_and_the_parent_of_what_the_server_does() {
    let mut server = FakeServer::start().await;
    let connection = server.connect().await;

    // Without anybody who collects spans: what was received is passed on, and where nothing was, nothing is.
    soon(connection.send("Bare", ())).await.unwrap();
    assert_eq!(
        soon(server.message()).await["headers"],
        serde_json::Value::Null
    );
    let received = TraceContext::root();
    async { soon(connection.send("Passed", ())).await.unwrap() }
        .traced(Span::none(), Some(received.clone()))
        .await;
    assert_eq!(
        soon(server.message()).await["headers"]["traceparent"],
        received.traceparent()
    );

    let collector = Collector::default();
    assert!(set_tracer(collector.clone()));
    let subscriber = tracing_subscriber::registry().with(collector.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let outer = info_span!("outer");
    let around = TraceContext::of(&outer).unwrap();
    let calls = async {
        soon(connection.send("Sent", ())).await.unwrap();
        let streamed = soon(connection.stream::<i32>("Streamed", ()))
            .await
            .unwrap();
        drop(streamed);
    };
    calls.traced(outer, None).await;
    let mut spans = Vec::new();
    for method in ["Sent", "Streamed"] {
        let message = soon(server.message()).await;
        assert_eq!(message["target"], method);
        let parent = message["headers"]["traceparent"].as_str().unwrap();
        let parent = TraceContext::parse(parent).unwrap();
        assert_eq!(parent.trace_id(), around.trace_id(), "{method}");
        assert_ne!(
            parent.span_id(),
            around.span_id(),
            "{method} has its own span"
        );
        spans.push(parent.span_id());
    }
    assert_ne!(spans[0], spans[1]);

    // The other way: a handler runs in the trace that the server sent along.
    let (sender, mut contexts) = mpsc::unbounded_channel();
    connection.on("Told", move || {
        let sender = sender.clone();
        async move { drop(sender.send(TraceContext::current())) }
    });
    let cause = TraceContext::root();
    server.send(&format!(
        r#"{{"type":1,"headers":{{"traceparent":"{}"}},"target":"Told","arguments":[]}}"#,
        cause.traceparent()
    ));
    let in_handler = soon(contexts.recv()).await.unwrap().unwrap();
    assert_eq!(in_handler.trace_id(), cause.trace_id());
}

//! What is told of a connection: trace contexts that reach the server, and metrics of a host.

mod support;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use campanile_host::hosting::HostBuilder;
use campanile_host::metrics::Metrics;
use campanile_hub_client::{
    ClientError, HubConnection, HubConnectionBuilder, HubConnectionHostBuilderExt,
    HubConnectionState, RetryDelays,
};
use campanile_trace_context::{SpanId, TraceContext, TraceId, Traced, Tracer, set_tracer};
use tokio::sync::mpsc;
use tracing::{Span, info_span};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::fake::FakeServer;
use crate::support::{Server, soon};

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

#[tokio::test]
async fn a_host_measures_its_connections() {
    let server = Server::start().await;
    let hub = format!("{}/hub", server.url);
    let host = HostBuilder::new()
        .with_args(["--Logging:LogLevel:Default", "None"])
        .add_hub_connection(move || -> Result<HubConnection, ClientError> {
            HubConnectionBuilder::new(hub.clone())
                .automatic_reconnect_with(
                    RetryDelays::new([std::time::Duration::from_millis(20)]).for_ever(),
                )
                .build()
        })
        .build()
        .unwrap();
    soon(host.start()).await.unwrap();
    let connection = host.services().required::<HubConnection>().unwrap();
    let mut states = connection.state_changes();
    assert!(soon(states.wait_for(HubConnectionState::Connected)).await);

    let _: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    soon(connection.invoke::<i32>("Nobody", ()))
        .await
        .unwrap_err();
    let mut items = soon(connection.stream::<i32>("Count", (2,))).await.unwrap();
    while soon(items.next()).await.is_some() {}
    drop(soon(connection.stream::<i32>("ForEver", ())).await.unwrap());
    soon(connection.send("Nothing", ())).await.unwrap();

    let url = server.url.clone();
    server.stop().await;
    assert!(soon(states.wait_for(HubConnectionState::Reconnecting)).await);
    let server = Server::start_at(&url).await;
    assert!(soon(states.wait_for(HubConnectionState::Connected)).await);
    let _: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();

    let metrics = host.services().required::<Metrics>().unwrap();
    let told = metrics.to_prometheus();
    let lines = [
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="invoke",signalr_call_outcome="ok"} 2"#,
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="invoke",signalr_call_outcome="error"} 1"#,
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="stream",signalr_call_outcome="ok"} 1"#,
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="stream",signalr_call_outcome="given_up"} 1"#,
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="send",signalr_call_outcome="ok"} 1"#,
        r#"signalr_client_connections{signalr_connection_state="connected"} 1"#,
        r#"signalr_client_connections{signalr_connection_state="reconnecting"} 0"#,
        r#"signalr_client_reconnects_total{signalr_reconnect_outcome="reconnected"} 1"#,
    ];
    for line in lines {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    soon(host.stop()).await.unwrap();
    let told = metrics.to_prometheus();
    assert!(
        told.contains(r#"signalr_client_connections{signalr_connection_state="disconnected"} 1"#),
        "{told}"
    );
    server.stop().await;
}

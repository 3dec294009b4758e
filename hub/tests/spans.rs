//! Spans of invocations, for whoever records them.

mod support;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use campanile_host::Inject;
use campanile_hub::{HubError, HubOptions, HubResult, hub};
use campanile_trace_context::TraceContext;
use serde_json::json;
use support::Server;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

#[derive(Inject)]
struct TracedHub;

#[hub]
impl TracedHub {
    /// Which trace it runs in.
    pub async fn trace(&self) -> Option<String> {
        tokio::task::yield_now().await;
        TraceContext::current().map(|it| it.traceparent())
    }

    pub fn fail(&self) -> HubResult<()> {
        Err(HubError::message("no"))
    }
}

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn the_trace_of_the_client_is_there_where_nobody_records() -> (Server, support::Client) {
    let server = Server::start::<TracedHub>(HubOptions::default()).await;
    let mut client = server.connect().await;
    let call = json!({
        "type": 1, "invocationId": "1", "target": "Trace", "arguments": [],
        "headers": {"traceparent": PARENT},
    });
    client.send(call).await;
    assert_eq!(client.next().await.unwrap()["result"], PARENT);
    assert!(client.invoke("Trace", json!([])).await["result"].is_null());
    (server, client)
}

type Fields = BTreeMap<String, String>;

/// Keeps the spans that have ended.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Fields>>>);

struct Visitor<'a>(&'a mut Fields);

impl Visit for Visitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let text = format!("{value:?}").trim_matches('"').to_owned();
        self.0.insert(field.name().to_owned(), text);
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        if metadata.target() != "Microsoft.AspNetCore.SignalR.Server" {
            return;
        }
        let mut fields = Fields::from([("name".to_owned(), metadata.name().to_owned())]);
        attributes.record(&mut Visitor(&mut fields));
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(&mut Visitor(fields));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = span.extensions_mut().remove::<Fields>();
        self.0.lock().unwrap().extend(fields);
    }
}

// One test and one thread, so that its subscriber is that of every task, and that no other thread asks for the same spans.
#[tokio::test(flavor = "current_thread")]
async fn invocations_and_callbacks_have_the_spans_of_dotnet() {
    // They stay, so that their ends are not recorded.
    let _others = the_trace_of_the_client_is_there_where_nobody_records().await;
    let recorder = Recorder::default();
    let _recording =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(recorder.clone()));
    let server = Server::start::<TracedHub>(HubOptions::default()).await;
    let mut client = server.connect().await;
    client.invoke("trace", json!([])).await;
    client.invoke("Fail", json!([])).await;
    drop(client);
    support::eventually(|| recorder.0.lock().unwrap().len() == 4).await;
    let source = "Microsoft.AspNetCore.SignalR.Server";
    let spans: Vec<Vec<(String, String)>> = {
        let spans = recorder.0.lock().unwrap();
        spans
            .iter()
            .map(|it| it.clone().into_iter().collect())
            .collect()
    };
    let fields = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        pairs.collect()
    };
    let invocation = format!("{source}.InvocationIn");
    assert_eq!(
        spans[0],
        fields(&[
            ("name", &format!("{source}.OnConnected")),
            ("otel.kind", "internal"),
            ("otel.name", "TracedHub/OnConnectedAsync"),
            ("rpc.method", "OnConnectedAsync"),
            ("rpc.service", "TracedHub"),
            ("rpc.system", "signalr"),
        ])
    );
    assert_eq!(
        spans[1],
        fields(&[
            ("name", &invocation),
            ("otel.kind", "server"),
            ("otel.name", "TracedHub/trace"),
            ("rpc.method", "trace"),
            ("rpc.service", "TracedHub"),
            ("rpc.system", "signalr"),
            ("server.address", "127.0.0.1"),
        ])
    );
    assert_eq!(
        spans[2],
        fields(&[
            ("error.type", "HubException"),
            ("name", &invocation),
            ("otel.kind", "server"),
            ("otel.name", "TracedHub/Fail"),
            ("otel.status_code", "ERROR"),
            ("rpc.method", "Fail"),
            ("rpc.service", "TracedHub"),
            ("rpc.system", "signalr"),
            ("server.address", "127.0.0.1"),
        ])
    );
    assert_eq!(spans[3][0].1, format!("{source}.OnDisconnected"));
}

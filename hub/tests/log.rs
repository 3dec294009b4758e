//! What a developer finds in the log, and what nobody does.

mod support;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_host::Inject;
use campanile_host::services::ServiceCollection;
use campanile_hub::{
    HubCaller, HubContext, HubOptions, HubService, HubServiceCollectionExt, SlowClientPolicy,
    UploadStream, hub,
};
use campanile_web::Policy;
use futures_util::StreamExt;
use serde_json::json;
use support::requests::{Caller, Events};
use support::{Client, Server};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

#[derive(Inject)]
struct LoggedHub;

#[hub]
impl LoggedHub {
    pub fn add(&self, a: i32, b: i32) -> i32 {
        a + b
    }

    pub async fn sum(&self, mut numbers: UploadStream<i32>) -> i32 {
        let mut sum = 0;
        while let Some(Ok(number)) = numbers.next().await {
            sum += number;
        }
        sum
    }

    #[authorize(Policy::authenticated().require_role(["sexton"]))]
    pub fn ring(&self) {}

    pub fn token(&self, caller: &HubCaller<Self>) -> Option<String> {
        caller.request().query("access_token")
    }
}

/// Every event of every level, in a line.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl<S: tracing::Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0
            .lock()
            .unwrap()
            .push((*event.metadata().level(), line.0));
    }
}

impl Log {
    /// Waits for a warning that has all of these.
    async fn warns(&self, parts: &[&str]) {
        support::eventually(|| {
            let lines = self.0.lock().unwrap();
            lines.iter().any(|(level, line)| {
                *level == Level::WARN && parts.iter().all(|part| line.contains(part))
            })
        })
        .await;
    }
}

const TOKEN: &str = "c2VjcmV0";

fn in_a_runtime(paused: bool, test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(paused)
        .build()
        .unwrap()
        .block_on(test);
}

// The only test of this file: the log is that of the process.
#[test]
fn what_goes_wrong_is_warned_of_and_tokens_are_never_told() {
    let log = Log::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();

    in_a_runtime(false, async {
        let mut options = HubOptions::default();
        options.maximum_receive_message_size = Some(4096);
        options.slow_client = SlowClientPolicy::Disconnect;
        options.transport_send_timeout = None;
        let server = Server::start::<LoggedHub>(options).await;
        calls(&log, &server).await;
        requests(&log, &server).await;
        floods(&log, &server).await;
    });
    in_a_runtime(false, calls_in_a_rush(&log));
    in_a_runtime(true, stuck_writes(&log));

    let lines = log.0.lock().unwrap();
    let told = lines.iter().find(|(_, line)| line.contains(TOKEN));
    assert_eq!(told, None);
}

async fn calls(log: &Log, server: &Server) {
    let mut client = server.connect_to(&format!("/?access_token={TOKEN}")).await;
    let token = client.invoke("Token", json!([])).await;
    assert_eq!(token["result"], TOKEN, "the token did arrive");
    client.invoke("Nothing", json!([])).await;
    log.warns(&[
        "unknown hub method",
        "LoggedHub",
        "Nothing",
        "connection_id",
    ])
    .await;
    client.invoke("Add", json!([1])).await;
    log.warns(&[
        "does not fit the hub method",
        "Add",
        "Invocation provides 1 argument(s) but target expects 2.",
    ])
    .await;
    client
        .send(json!({"type": 4, "invocationId": "s", "target": "Add", "arguments": [1, 2]}))
        .await;
    log.warns(&[
        "does not fit the hub method",
        "Add",
        "the non-streaming 'Add' method with a streaming invocation",
    ])
    .await;
    client.invoke("Ring", json!([])).await;
    log.warns(&[
        "not authorized to call a hub method",
        "LoggedHub",
        "Ring",
        "connection_id",
        "authenticated",
        "sexton",
    ])
    .await;
    upload(&mut client, &[json!(1), json!("two")]).await;
    log.warns(&[
        "uploaded what the hub method does not take",
        "LoggedHub",
        "stream_id=\"up\"",
        "connection_id",
    ])
    .await;
    client
        .send(json!({"type": 1, "target": "Add", "arguments": ["x".repeat(5000), 1]}))
        .await;
    log.warns(&[
        "The maximum message size of 4096B was exceeded",
        "LoggedHub",
    ])
    .await;
}

async fn upload(client: &mut Client, items: &[serde_json::Value]) {
    client
        .send(json!({"type": 1, "invocationId": "u", "target": "Sum", "arguments": [], "streamIds": ["up"]}))
        .await;
    for item in items {
        client
            .send(json!({"type": 2, "invocationId": "up", "item": item}))
            .await;
    }
}

async fn requests(log: &Log, server: &Server) {
    let mut stranger = server.open(&format!("/?access_token={TOKEN}")).await;
    stranger
        .send_text("{\"protocol\":\"telegraph\",\"version\":1}\u{1e}")
        .await;
    log.warns(&[
        "a handshake failed",
        "The protocol 'telegraph' is not supported.",
    ])
    .await;

    let authorization = format!("Bearer {TOKEN}");
    let headers = [("Authorization", authorization.as_str())];
    for (method, path) in [
        (
            "POST",
            format!("/negotiate?negotiateVersion=1&access_token={TOKEN}"),
        ),
        ("GET", format!("/?id=nobody&access_token={TOKEN}")),
        ("DELETE", format!("/?id=nobody&access_token={TOKEN}")),
    ] {
        server.request(method, &path, &headers, "").await;
    }
}

/// One that does not read, where such are disconnected.
async fn floods(log: &Log, server: &Server) {
    let _stalled = server.connect().await;
    let context = server.context::<LoggedHub>();
    let text = "x".repeat(8 * 1024);
    let flooding = async {
        while context.presence().count() > 0 {
            context.clients().all().send("M", (&text,)).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), flooding)
        .await
        .unwrap();
    log.warns(&[
        "a client is dropped: it is too slow",
        "more than 65536 bytes",
    ])
    .await;
}

async fn calls_in_a_rush(log: &Log) {
    let mut options = HubOptions::default();
    options.maximum_invocations_per_second = Some(1);
    let server = Server::start::<LoggedHub>(options).await;
    let mut client = server.connect().await;
    let call = "{\"type\":1,\"target\":\"Add\",\"arguments\":[1,1]}\u{1e}";
    client.send_text(&call.repeat(100)).await;
    log.warns(&[
        "makes more than 1 calls a second",
        "LoggedHub",
        "connection_id",
    ])
    .await;
    // Once for a connection: who floods the server does not flood its log.
    client.send_text(&call.repeat(100)).await;
    client.invoke("Nothing", json!([])).await;
    let lines = log.0.lock().unwrap();
    let told = lines
        .iter()
        .filter(|(_, line)| line.contains("calls a second"));
    assert_eq!(told.count(), 1);
}

/// One that does not read, where such are waited for.
async fn stuck_writes(log: &Log) {
    let mut services = ServiceCollection::new();
    services.add_hub::<LoggedHub>();
    let services = services.build().unwrap();
    let hub = HubService::new::<LoggedHub>(&services, HubOptions::default()).unwrap();
    let _stalled = Events::connect(&Caller::anonymous(&hub)).await;
    let context: HubContext<LoggedHub> = services.inject().unwrap();
    context.clients().all().send("M", ("x",)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(13)).await;
    log.warns(&[
        "a client is dropped: a write to it did not end in time",
        "LoggedHub",
        "connection_id",
    ])
    .await;
    assert_eq!(context.presence().count(), 0);
}

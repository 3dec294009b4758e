//! What a developer finds in the log, and what nobody does.

mod support;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubOptions, SlowClientPolicy, hub};
use serde_json::json;
use support::Server;
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

// The only test of this file: the log is that of the process.
#[tokio::test]
async fn what_goes_wrong_is_warned_of_and_tokens_are_never_told() {
    let log = Log::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let mut options = HubOptions::default();
    options.maximum_receive_message_size = Some(4096);
    options.slow_client = SlowClientPolicy::Disconnect;
    options.transport_send_timeout = None;
    let server = Server::start::<LoggedHub>(options).await;

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
        .send(json!({"type": 1, "target": "Add", "arguments": ["x".repeat(5000), 1]}))
        .await;
    log.warns(&[
        "The maximum message size of 4096B was exceeded",
        "LoggedHub",
    ])
    .await;

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

    // One that does not read.
    let _stalled = server.connect().await;
    let context = server.context::<LoggedHub>();
    let text = "x".repeat(8 * 1024);
    let flooding = async {
        while context.presence().count() > 0 {
            context.clients().all().send("M", (&text,)).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), flooding)
        .await
        .unwrap();
    log.warns(&[
        "a client is dropped: it is too slow",
        "more than 65536 bytes",
    ])
    .await;

    let lines = log.0.lock().unwrap();
    let told = lines.iter().find(|(_, line)| line.contains(TOKEN));
    assert_eq!(told, None);
}

//! What is counted.

mod support;

use std::sync::Arc;

use campanile_host::Inject;
use campanile_host::metrics::Metrics;
use campanile_hub::{HubError, HubOptions, HubResult, hub};
use futures_util::{Stream, stream};
use serde_json::json;
use support::Server;
use tokio::sync::Semaphore;

#[derive(Inject)]
struct CountedHub {
    gate: Arc<Semaphore>,
}

#[hub]
impl CountedHub {
    pub fn add(&self, a: i32, b: i32) -> i32 {
        a + b
    }

    pub async fn wait(&self) {
        let _ = self.gate.acquire().await;
    }

    pub fn fail(&self) -> HubResult<()> {
        Err(HubError::message("no"))
    }

    pub fn break_off(&self) -> impl Stream<Item = HubResult<u32>> + use<> {
        stream::iter([Ok(1), Err(HubError::ConnectionClosed)])
    }
}

struct Counted {
    server: Server,
    metrics: Arc<Metrics>,
    gate: Arc<Semaphore>,
}

async fn start(options: HubOptions) -> Counted {
    let metrics = Arc::new(Metrics::new());
    let gate = Arc::new(Semaphore::new(0));
    let server = Server::start_with::<CountedHub>(options, |services| {
        services.add_instance(metrics.clone());
        services.add_instance(gate.clone());
    })
    .await;
    Counted {
        server,
        metrics,
        gate,
    }
}

impl Counted {
    /// The line of Prometheus' text that begins so, without that.
    fn line(&self, beginning: &str) -> Option<String> {
        let text = self.metrics.to_prometheus();
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(beginning).map(|it| it.trim().to_owned()))
    }

    async fn becomes(&self, beginning: &str, value: &str) {
        support::eventually(|| self.line(beginning).as_deref() == Some(value)).await;
    }
}

#[tokio::test]
async fn invocations_are_counted_by_method_and_outcome() {
    let counted = start(HubOptions::default()).await;
    let mut client = counted.server.connect().await;
    for _ in 0..3 {
        client.invoke("add", json!([1, 2])).await;
    }
    client.invoke("Fail", json!([])).await;
    client
        .send(json!({"type": 4, "invocationId": "invoke", "target": "BreakOff", "arguments": []}))
        .await;
    client.next().await;
    assert_eq!(client.next().await.unwrap()["type"], 3);
    let duration = "signalr_server_invocation_duration_seconds_count";
    let of = |rest: &str| counted.line(&format!("{duration}{{signalr_hub=\"CountedHub\",{rest}}}"));
    assert_eq!(of("signalr_method=\"Add\"").as_deref(), Some("3"));
    assert_eq!(of("signalr_method=\"Fail\"").as_deref(), Some("0"));
    for failed in [
        "signalr_method=\"Fail\",error_type=\"HubException\"",
        "signalr_method=\"BreakOff\",error_type=\"ConnectionClosedError\"",
    ] {
        assert_eq!(of(failed).as_deref(), Some("1"), "{failed}");
    }
    let active =
        "signalr_server_active_invocations{signalr_hub=\"CountedHub\",signalr_method=\"Wait\"}";
    client.call("w", "Wait", json!([])).await;
    counted.becomes(active, "1").await;
    counted.gate.add_permits(1);
    assert_eq!(client.next().await.unwrap()["invocationId"], "w");
    counted.becomes(active, "0").await;
}

#[tokio::test]
async fn calls_that_reach_no_method_are_counted_by_the_reason_and_not_by_their_names() {
    let mut options = HubOptions::default();
    options.maximum_streams_per_connection = Some(1);
    let counted = start(options).await;
    let mut client = counted.server.connect().await;
    for number in 0..50 {
        client.invoke(&format!("Guess{number}"), json!([])).await;
    }
    client.invoke("Add", json!(["a"])).await;
    client.invoke("BreakOff", json!([])).await;
    client.invoke("Add", json!([1, 2])).await;
    for (reason, count) in [("unknown_method", "50"), ("arguments", "1"), ("kind", "1")] {
        let line = format!(
            "signalr_server_refused_invocations_total{{signalr_hub=\"CountedHub\",signalr_refusal=\"{reason}\"}}"
        );
        counted.becomes(&line, count).await;
    }
    assert!(!counted.metrics.to_prometheus().contains("Guess"));
}

#[tokio::test]
async fn connections_messages_and_bytes_are_counted() {
    let counted = start(HubOptions::default()).await;
    let active = "signalr_server_active_connections{signalr_transport=\"web_sockets\"}";
    let mut client = counted.server.connect().await;
    counted.becomes(active, "1").await;
    client.invoke("Add", json!([1, 2])).await;
    client.invoke("Add", json!([1, 2])).await;
    // The heartbeat tells, without an end of the connection.
    let messages = "signalr_server_sent_messages_total{signalr_hub=\"CountedHub\"}";
    counted.becomes(messages, "2").await;
    let answer = "{\"type\":3,\"invocationId\":\"invoke\",\"result\":3}\u{1e}".len();
    let bytes = "signalr_server_sent_bytes_total{signalr_hub=\"CountedHub\"}";
    counted
        .becomes(bytes, &(2 * (2 + answer)).to_string())
        .await;
    drop(client);
    counted.becomes(active, "0").await;
    let duration = "signalr_server_connection_duration_seconds_count{signalr_connection_status=\"normal_closure\",signalr_transport=\"web_sockets\"}";
    counted.becomes(duration, "1").await;
}

#[tokio::test]
async fn who_stays_away_from_polling_is_counted_as_a_timeout() {
    let mut options = HubOptions::default();
    options.disconnect_timeout = std::time::Duration::from_secs(5);
    let counted = start(options).await;
    let negotiate = counted
        .server
        .request("POST", "/negotiate?negotiateVersion=1", &[], "")
        .await
        .into_reply()
        .await;
    let document: serde_json::Value = serde_json::from_str(&negotiate.body).unwrap();
    let token = document["connectionToken"].as_str().unwrap();
    let path = format!("/?id={token}");
    counted.server.request("GET", &path, &[], "").await;
    let hello = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
    counted.server.request("POST", &path, &[], hello).await;
    let duration = "signalr_server_connection_duration_seconds_count{signalr_connection_status=\"timeout\",signalr_transport=\"long_polling\"}";
    counted.becomes(duration, "1").await;
    let active = "signalr_server_active_connections{signalr_transport=\"long_polling\"}";
    assert_eq!(counted.line(active).as_deref(), Some("0"));
}

#[tokio::test]
async fn what_waits_and_what_is_dropped_is_counted() {
    let mut options = HubOptions::default();
    options.slow_client = campanile_hub::SlowClientPolicy::DropOldest;
    options.transport_send_timeout = None;
    options.maximum_queued_bytes = 32 * 1024;
    let counted = start(options).await;
    // It does not read.
    let _client = counted.server.connect().await;
    let context = counted.server.context::<CountedHub>();
    let queued = "signalr_server_queued_bytes{signalr_hub=\"CountedHub\"}";
    let dropped = "signalr_server_dropped_messages_total{signalr_hub=\"CountedHub\"}";
    let number = |line: &str| counted.line(line).and_then(|it| it.parse::<u64>().ok());
    let flooding = async {
        let text = "x".repeat(8 * 1024);
        while number(queued).unwrap_or(0) < 8 * 1024 || number(dropped).unwrap_or(0) == 0 {
            context.clients().all().send("M", (&text,)).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), flooding)
        .await
        .unwrap();
}

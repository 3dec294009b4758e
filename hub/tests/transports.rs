//! Server-Sent Events and long polling.

mod support;

use std::time::Duration;

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubOptions, hub};
use serde_json::json;
use support::Server;

const HANDSHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";

#[derive(Inject)]
struct TestHub;

#[hub]
impl TestHub {
    pub fn add(&self, a: i32, b: i32) -> i32 {
        a + b
    }

    pub fn transport(&self, caller: &HubCaller<Self>) -> String {
        caller.transport().to_string()
    }

    pub fn leave(&self, caller: &HubCaller<Self>) {
        caller.abort();
    }
}

fn call(id: &str, target: &str, arguments: &serde_json::Value) -> String {
    let message = json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments});
    format!("{message}\u{1e}")
}

async fn server() -> Server {
    Server::start::<TestHub>(HubOptions::default()).await
}

#[tokio::test]
async fn events_carry_a_whole_conversation() {
    let server = server().await;
    let url = server.negotiated().await;
    let mut events = server
        .request("GET", &url, &[("Accept", "text/event-stream")], "")
        .await;
    assert_eq!(events.header("content-type"), Some("text/event-stream"));
    assert_eq!(events.read_until("\r\n").await, ":\r\n");
    assert_eq!(server.post(&url, HANDSHAKE).await.status, 200);
    assert_eq!(
        events.read_until("\r\n\r\n").await,
        "data: {}\u{1e}\r\n\r\n"
    );
    assert_eq!(
        server
            .post(&url, &call("1", "Transport", &json!([])))
            .await
            .status,
        200
    );
    let result =
        "data: {\"type\":3,\"invocationId\":\"1\",\"result\":\"ServerSentEvents\"}\u{1e}\r\n\r\n";
    assert_eq!(events.read_until("\r\n\r\n").await, result);
    server.post(&url, &call("2", "Leave", &json!([]))).await;
    assert_eq!(events.rest().await, "data: {\"type\":7}\u{1e}\r\n\r\n");
    assert_eq!(server.post_until_gone(&url).await, 404);
}

#[tokio::test]
async fn polls_carry_a_whole_conversation() {
    let server = server().await;
    let url = server.negotiated().await;
    let first = server.poll(&url).await;
    assert_eq!(
        (first.status, first.header("content-type")),
        (200, Some("application/octet-stream"))
    );
    assert_eq!(first.header("cache-control"), Some("no-cache, no-store"));
    assert_eq!(first.body, "");
    // Messages may be cut anywhere.
    for piece in [
        &HANDSHAKE[..7],
        &HANDSHAKE[7..],
        &call("1", "Transport", &json!([])),
    ] {
        assert_eq!(server.post(&url, piece).await.status, 200);
    }
    let mut text = String::new();
    while text.matches('\u{1e}').count() < 2 {
        text += &server.poll(&url).await.body;
    }
    assert_eq!(
        text,
        "{}\u{1e}{\"type\":3,\"invocationId\":\"1\",\"result\":\"LongPolling\"}\u{1e}"
    );
    assert_eq!(server.request("DELETE", &url, &[], "").await.status, 202);
    assert_eq!(server.poll(&url).await.status, 404);
}

#[tokio::test]
async fn a_newer_poll_ends_the_older_one_and_an_idle_poll_ends_empty() {
    let mut options = HubOptions::default();
    // Long enough for both to be there at once on a busy machine.
    options.long_polling_timeout = Duration::from_secs(2);
    let server = Server::start::<TestHub>(options).await;
    let url = server.negotiated().await;
    server.poll(&url).await;
    server.post(&url, HANDSHAKE).await;
    server.poll(&url).await;
    // Which of them comes first is the network's affair.
    let (one, other) = tokio::join!(server.poll(&url), server.poll(&url));
    let (older, newer) = if one.status == 204 {
        (one, other)
    } else {
        (other, one)
    };
    assert_eq!((older.status, older.body.as_str()), (204, ""));
    assert_eq!(
        (newer.status, newer.header("content-type")),
        (200, Some("text/plain"))
    );
}

/// The address of a connection that polls, which the hub has ended: the client was told just now.
async fn left(server: &Server) -> String {
    let url = server.negotiated().await;
    server.poll(&url).await;
    server.post(&url, HANDSHAKE).await;
    server.poll(&url).await;
    server.post(&url, &call("1", "Leave", &json!([]))).await;
    assert_eq!(server.poll(&url).await.body, "{\"type\":7}\u{1e}");
    url
}

#[tokio::test]
async fn a_hub_that_ends_answers_what_is_left_then_nothing_then_404() {
    let server = server().await;
    let url = left(&server).await;
    assert_eq!(server.poll(&url).await.status, 204);
    assert_eq!(server.post_until_gone(&url).await, 404);
}

#[tokio::test]
async fn a_poll_that_crosses_the_deletion_of_an_ended_connection_is_told_of_the_end() {
    let server = server().await;
    let url = left(&server).await;
    assert_eq!(server.request("DELETE", &url, &[], "").await.status, 202);
    assert_eq!(server.poll(&url).await.status, 204);
    // Who is done and does not poll again is forgotten as well.
    let url = left(&server).await;
    while server.request("DELETE", &url, &[], "").await.status == 202 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.poll(&url).await.body, "No Connection with that ID");
}

#[tokio::test]
async fn who_stays_away_is_given_up() {
    let mut options = HubOptions::default();
    options.disconnect_timeout = Duration::from_secs(1);
    let server = Server::start::<TestHub>(options).await;
    let url = server.negotiated().await;
    server.poll(&url).await;
    server.post(&url, HANDSHAKE).await;
    server.poll(&url).await;
    assert_eq!(server.post_until_gone(&url).await, 404);
    let never = server.negotiated().await;
    assert_eq!(server.post_until_gone(&never).await, 404);
    assert_eq!(server.poll(&never).await.body, "No Connection with that ID");
}

#[tokio::test]
async fn a_binary_protocol_does_not_go_over_events() {
    let server = server().await;
    let url = server.negotiated().await;
    let events = server
        .request("GET", &url, &[("Accept", "text/event-stream")], "")
        .await;
    server
        .post(&url, "{\"protocol\":\"messagepack\",\"version\":1}\u{1e}")
        .await;
    let text = events.into_reply().await.body;
    assert!(
        text.contains("The transport does not support 'Binary' transfer format."),
        "{text}"
    );
}

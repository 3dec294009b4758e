//! What requests get that use a hub's path as it is not meant, a test for each rule: the statuses, types and texts of ASP.NET Core.

mod support;

use campanile_host::Inject;
use campanile_host::services::ServiceCollection;
use campanile_hub::{HttpTransports, HubOptions, HubService, HubServiceCollectionExt, hub};
use campanile_web::Body;
use http::Request;
use serde_json::json;
use support::requests::Caller;
use support::{Reply, Server};
use tower_service::Service;

#[derive(Inject)]
struct TestHub;

#[hub]
impl TestHub {
    pub fn add(&self, a: i32, b: i32) -> i32 {
        a + b
    }
}

const EVENTS: [(&str, &str); 1] = [("Accept", "text/event-stream")];

const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// Every way in which a client asks for something on the path itself, but a WebSocket.
const ASKING: [(&str, &[(&str, &str)]); 4] = [
    ("GET", &[]),
    ("GET", &EVENTS),
    ("POST", &[]),
    ("DELETE", &[]),
];

async fn start() -> Server {
    Server::start::<TestHub>(HubOptions::default()).await
}

/// A whole answer: its status, type and text.
async fn ask(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, Option<String>, String) {
    let reply = server.request(method, path, headers, "").await;
    whole(reply.into_reply().await)
}

fn whole(reply: Reply) -> (u16, Option<String>, String) {
    let kind = reply.header("content-type").map(str::to_owned);
    (reply.status, kind, reply.body)
}

fn told(status: u16, text: &str) -> (u16, Option<String>, String) {
    (status, Some("text/plain".to_owned()), text.to_owned())
}

#[tokio::test]
async fn without_an_id_400() {
    let server = start().await;
    for (method, headers) in ASKING {
        for path in ["/", "/?id="] {
            let answer = ask(&server, method, path, headers).await;
            assert_eq!(answer, told(400, "Connection ID required"), "{method}");
        }
    }
}

#[tokio::test]
async fn with_an_id_that_nobody_has_404() {
    let server = start().await;
    for (method, headers) in ASKING {
        let answer = ask(&server, method, "/?id=unknown", headers).await;
        assert_eq!(answer, told(404, "No Connection with that ID"), "{method}");
    }
}

#[tokio::test]
async fn a_web_socket_with_an_id_that_nobody_has_404_without_a_type() {
    let server = start().await;
    let answer = ask(&server, "GET", "/?id=unknown", &UPGRADE).await;
    let expected = (404, None, "No Connection with that ID".to_owned());
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn a_web_socket_without_an_id_is_a_connection_of_its_own() {
    let server = start().await;
    let mut client = server.connect_to("/").await;
    assert_eq!(client.invoke("Add", json!([1, 2])).await["result"], 3);
}

#[tokio::test]
async fn a_transport_that_is_not_offered_404() {
    for (offered, headers, name) in [
        (HttpTransports::LONG_POLLING, &UPGRADE[..], "WebSockets"),
        (
            HttpTransports::LONG_POLLING,
            &EVENTS[..],
            "ServerSentEvents",
        ),
        (HttpTransports::WEB_SOCKETS, &[], "LongPolling"),
    ] {
        let mut options = HubOptions::default();
        options.transports = offered;
        let server = Server::start::<TestHub>(options).await;
        let url = server.negotiated().await;
        let (status, _, text) = ask(&server, "GET", &url, headers).await;
        let says = format!("{name} transport not supported by this end point type");
        assert_eq!((status, text), (404, says));
    }
}

#[tokio::test]
async fn another_transport_of_the_same_connection_400() {
    let server = start().await;
    let url = server.negotiated().await;
    let mut client = server.connect_to(&url).await;
    for headers in [&[][..], &EVENTS[..]] {
        let answer = ask(&server, "GET", &url, headers).await;
        let says = "Cannot change transports mid-connection";
        assert_eq!(answer, told(400, says));
    }
    assert_eq!(client.invoke("Add", json!([1, 2])).await["result"], 3);
}

#[tokio::test]
async fn a_second_web_socket_or_stream_of_events_409() {
    let server = start().await;
    let url = server.negotiated().await;
    let mut client = server.connect_to(&url).await;
    assert_eq!(ask(&server, "GET", &url, &UPGRADE).await, told(409, ""));
    assert_eq!(client.invoke("Add", json!([1, 2])).await["result"], 3);

    let url = server.negotiated().await;
    let mut events = server.request("GET", &url, &EVENTS, "").await;
    assert_eq!(events.read_until("\r\n").await, ":\r\n");
    assert_eq!(ask(&server, "GET", &url, &EVENTS).await, told(409, ""));
    let handshake = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
    assert_eq!(server.post(&url, handshake).await.status, 200);
    let answer = events.read_until("\r\n\r\n").await;
    assert_eq!(answer, "data: {}\u{1e}\r\n\r\n");
}

#[tokio::test]
async fn a_post_for_a_web_socket_405() {
    let server = start().await;
    let url = server.negotiated().await;
    let _client = server.connect_to(&url).await;
    let says = "POST requests are not allowed for WebSocket connections.";
    assert_eq!(ask(&server, "POST", &url, &[]).await, told(405, says));
}

#[tokio::test]
async fn a_post_that_cannot_be_read_400() {
    let mut services = ServiceCollection::new();
    services.add_hub::<TestHub>();
    let services = services.build().unwrap();
    let mut hub = HubService::new::<TestHub>(&services, HubOptions::default()).unwrap();
    let url = Caller::anonymous(&hub).negotiate().await;
    let broken = futures_util::stream::iter([
        Ok(bytes::Bytes::from_static(b"{")),
        Err(std::io::Error::other("the client went away")),
    ]);
    let request = Request::post(&url).body(Body::stream(broken)).unwrap();
    let answer = hub.call(request).await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.headers()["content-type"], "text/plain");
}

#[tokio::test]
async fn deleting_what_does_not_poll_400() {
    let server = start().await;
    let url = server.negotiated().await;
    let says = "Cannot terminate this connection using the DELETE endpoint.";
    // One that has no transport yet, and one of a WebSocket.
    assert_eq!(ask(&server, "DELETE", &url, &[]).await, told(400, says));
    let mut client = server.connect_to(&url).await;
    assert_eq!(ask(&server, "DELETE", &url, &[]).await, told(400, says));
    assert_eq!(client.invoke("Add", json!([1, 2])).await["result"], 3);
}

#[tokio::test]
async fn deleting_what_polls_202_and_then_404() {
    let server = start().await;
    let url = server.negotiated().await;
    assert_eq!(server.poll(&url).await.status, 200);
    assert_eq!(ask(&server, "DELETE", &url, &[]).await, told(202, ""));
    assert_eq!(server.post_until_gone(&url).await, 404);
}

#[tokio::test]
async fn other_methods_405() {
    let server = start().await;
    for method in ["PUT", "PATCH", "OPTIONS"] {
        let answer = ask(&server, method, "/", &[]).await;
        assert_eq!(answer, told(405, ""), "{method}");
    }
    for method in ["GET", "PUT", "DELETE"] {
        let answer = ask(&server, method, "/negotiate", &[]).await;
        assert_eq!(answer, told(405, ""), "{method}");
    }
}

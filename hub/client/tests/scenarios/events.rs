//! Server-Sent Events: a stream of answers, and a request for what goes to the server.

use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::*;
use crate::support::script::{CONSENT, Pipe};

/// Opens the stream and accepts the handshake.
pub(super) async fn open(server: &mut ScriptedServer) -> Pipe {
    let stream = server.take(Method::GET).await.events();
    assert!(server.post().await.messages()[0]["protocol"].is_string());
    stream.event(CONSENT);
    stream
}

/// A connection that is started.
pub(super) async fn streaming(
    server: &mut ScriptedServer,
    builder: HubConnectionBuilder,
) -> (HubConnection, Pipe) {
    let builder = builder.transports([Transport::ServerSentEvents]);
    let connection = builder.build().unwrap();
    let start = starting(&connection);
    let offer = offer("TOKEN", &[Transport::ServerSentEvents]);
    server.take(Method::POST).await.json(&offer);
    let stream = open(server).await;
    soon(start).await.unwrap().unwrap();
    (connection, stream)
}

#[tokio::test]
async fn from_start_to_stop() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder().transports([Transport::ServerSentEvents]);
    let connection = builder.build().unwrap();
    let mut life = life(&connection);
    let start = starting(&connection);
    let offer = offer("TOKEN", &[Transport::ServerSentEvents]);
    server.next().await.json(&offer);
    let opening = server.next().await;
    assert_eq!(line(&opening), "GET /hub TOKEN");
    // The handshake waits for the stream. To wait for what is not to come needs no patience: nothing is under way.
    tokio::task::yield_now().await;
    assert!(!server.is_asked());
    let stream = opening.events();
    let handshake = server.post().await;
    assert_eq!(line(&handshake), "POST /hub TOKEN");
    assert_eq!(
        handshake.messages(),
        [json!({ "protocol": "json", "version": 1 })]
    );
    stream.event(CONSENT);
    soon(start).await.unwrap().unwrap();

    let call = invoking(&connection, "Method");
    let asked = server.post().await.messages();
    let id = &asked[0]["invocationId"];
    stream.event(&format!(
        "{}\u{1e}",
        json!({ "type": 3, "invocationId": id, "result": 2 })
    ));
    assert_eq!(soon(call).await.unwrap().unwrap(), 2);
    assert!(
        server.pings() > 0,
        "the server is told that pings will come"
    );

    soon(connection.stop()).await;
    stream.given_up().await;
    assert_eq!(life.next().await, "closed");
    assert!(!server.is_asked());
}

#[tokio::test]
async fn every_form_of_an_event_is_read() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder();
    let (connection, stream) = streaming(&mut server, builder).await;
    let (sender, mut told) = mpsc::unbounded_channel();
    connection.on("M", move |text: String| {
        let sender = sender.clone();
        async move { sender.send(text).map_err(|error| error.to_string()) }
    });
    let call =
        |text: &str| format!("{{\"type\":1,\"target\":\"M\",\"arguments\":[\"{text}\"]}}\u{1e}");
    let event = |text: &str| format!("data: {}\r\n\r\n", call(text));
    let (one, two) = (call("over"), call("two events"));
    let (begin, end) = two.split_at(20);
    for (piece, expected) in [
        (event("CRLF"), vec!["CRLF"]),
        (event("LF").replace('\r', ""), vec!["LF"]),
        (event("no space").replace("data: ", "data:"), vec!["no space"]),
        (format!("data: {}{}\r\n\r\n", call("one"), call("of two")), vec!["one", "of two"]),
        (event("first event") + &event("second event"), vec!["first event", "second event"]),
        (event("sn\u{2744}w"), vec!["sn\u{2744}w"]),
        (format!(": a comment\r\n\r\n:\r\n{}", event("after comments")), vec!["after comments"]),
        (format!("event: other\r\nid: 1\r\nretry: 5\r\nodd: x\r\n{}", event("fields")), vec!["fields"]),
        ("data: {\"type\":1,\r\ndata: \"target\":\"M\",\r\ndata: \"arguments\":[\"lines\"]}\u{1e}\r\n\r\n".to_owned(), vec!["lines"]),
        (format!("\r\n\r\ndata:\r\n\r\ndata: \r\n\r\n{}", event("after empty ones")), vec!["after empty ones"]),
        (format!("data: {one}{begin}\r\n\r\ndata: {end}\r\n\r\n"), vec!["over", "two events"]),
    ] {
        stream.write(&piece);
        for text in expected {
            assert_eq!(soon(told.recv()).await.as_deref(), Some(text), "{piece}");
        }
    }
    for piece in event("in pieces").as_bytes().chunks(11) {
        stream.write(std::str::from_utf8(piece).unwrap());
        tokio::task::yield_now().await;
    }
    assert_eq!(soon(told.recv()).await.as_deref(), Some("in pieces"));
}

#[tokio::test]
async fn a_stream_of_another_type_is_read_all_the_same() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder().transports([Transport::ServerSentEvents]);
    let connection = builder.build().unwrap();
    let start = starting(&connection);
    let offer = offer("TOKEN", &[Transport::ServerSentEvents]);
    server.next().await.json(&offer);
    let stream = server.next().await.stream(&[(CONTENT_TYPE, "text/html")]);
    server.post().await;
    stream.event(CONSENT);
    soon(start).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_handshake_that_is_refused_ends_the_start() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder().transports([Transport::ServerSentEvents]);
    let connection = builder.build().unwrap();
    let start = starting(&connection);
    let offer = offer("TOKEN", &[Transport::ServerSentEvents]);
    server.next().await.json(&offer);
    let stream = server.next().await.events();
    server.next().await.status(500);
    let error = soon(start).await.unwrap().unwrap_err();
    assert_eq!(error.status().map(|it| it.as_u16()), Some(500), "{error}");
    stream.given_up().await;
    assert!(!server.is_asked());
}

#[tokio::test]
async fn a_message_that_is_refused_ends_the_connection() {
    for code in [404, 500] {
        let mut server = ScriptedServer::start().await;
        let builder = server.builder();
        let (connection, stream) = streaming(&mut server, builder).await;
        let mut life = life(&connection);
        soon(connection.send("M", ())).await.unwrap();
        server.take(Method::POST).await.status(code);
        let closed = life.next().await;
        assert!(
            closed.contains(&format!("POST /hub was answered with {code}")),
            "{closed}"
        );
        stream.given_up().await;
        assert!(!server.is_asked());
    }
}

#[tokio::test]
async fn a_stream_that_ends_closes_the_connection() {
    for cut in [false, true] {
        let mut server = ScriptedServer::start().await;
        let builder = server.builder();
        let (connection, stream) = streaming(&mut server, builder).await;
        let mut life = life(&connection);
        if cut {
            stream.cut();
        } else {
            drop(stream);
        }
        assert_eq!(life.next().await == "closed", !cut);
        assert_eq!(connection.state(), HubConnectionState::Disconnected);
    }
}

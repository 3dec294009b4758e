//! Long polling: requests that wait for messages, and requests that bring them.

use http::Method;
use serde_json::json;

use super::events::streaming;
use super::*;
use crate::support::script::CONSENT;

/// Answers the first poll and accepts the handshake.
pub(super) async fn open(server: &mut ScriptedServer) {
    server.take(Method::GET).await.status(200);
    assert!(server.post().await.messages()[0]["protocol"].is_string());
    server.take(Method::GET).await.text(CONSENT);
}

/// A connection that is started; its next poll is not answered.
pub(super) async fn polling(
    server: &mut ScriptedServer,
    builder: HubConnectionBuilder,
) -> HubConnection {
    let builder = builder.transports([Transport::LongPolling]);
    let connection = builder.build().unwrap();
    let start = starting(&connection);
    let offer = offer("TOKEN", &[Transport::LongPolling]);
    server.take(Method::POST).await.json(&offer);
    open(server).await;
    soon(start).await.unwrap().unwrap();
    connection
}

async fn polled() -> (ScriptedServer, HubConnection) {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder();
    let connection = polling(&mut server, builder).await;
    (server, connection)
}

fn told(number: i32) -> String {
    format!(
        "{}\u{1e}",
        json!({ "type": 1, "target": "M", "arguments": [number] })
    )
}

#[tokio::test]
async fn from_start_to_stop() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder().transports([Transport::LongPolling]);
    let connection = builder.build().unwrap();
    let mut life = life(&connection);
    let start = starting(&connection);
    let offer = offer("TOKEN", &[Transport::LongPolling]);
    server.next().await.json(&offer);
    let first = server.next().await;
    assert_eq!(line(&first), "GET /hub TOKEN");
    tokio::task::yield_now().await;
    assert!(
        !server.is_asked(),
        "the handshake waits for the first answer"
    );
    first.status(200);
    let handshake = server.post().await;
    assert_eq!(
        handshake.messages(),
        [json!({ "protocol": "json", "version": 1 })]
    );
    server.take(Method::GET).await.text(CONSENT);
    soon(start).await.unwrap().unwrap();

    let call = invoking(&connection, "Method");
    let asked = server.post().await.messages();
    let answer = json!({ "type": 3, "invocationId": asked[0]["invocationId"], "result": 2 });
    server
        .take(Method::GET)
        .await
        .text(&format!("{answer}\u{1e}"));
    assert_eq!(soon(call).await.unwrap().unwrap(), 2);

    let hanging = server.take(Method::GET).await;
    let stop = stopping(&connection);
    let delete = server.take(Method::DELETE).await;
    assert_eq!(line(&delete), "DELETE /hub TOKEN");
    hanging.given_up().await;
    delete.status(202);
    soon(stop).await.unwrap();
    assert_eq!(life.next().await, "closed");
    assert!(!server.is_asked());
    assert_eq!(server.pings(), 0, "polls are signs of life enough");
}

#[tokio::test]
async fn answers_have_no_message_one_several_or_a_part_of_one() {
    let (mut server, connection) = polled().await;
    let mut numbers = crate::support::told(&connection, "M");
    let long = told(5);
    let (begin, end) = long.split_at(20);
    let three: String = (2..5).map(told).collect();
    for body in ["", &told(1), "", "", &three, begin, end, "", &told(6)] {
        server.take(Method::GET).await.text(body);
    }
    for number in 1..=6 {
        assert_eq!(soon(numbers.recv()).await, Some(number));
    }
}

#[tokio::test]
async fn how_polls_end() {
    for (code, closed) in [
        (204, "closed"),
        (404, "closed: GET /hub was answered with 404 Not Found"),
        (
            500,
            "closed: GET /hub was answered with 500 Internal Server Error",
        ),
    ] {
        let (mut server, connection) = polled().await;
        let mut life = life(&connection);
        server.take(Method::GET).await.status(code);
        assert_eq!(life.next().await, closed);
        soon(connection.stop()).await;
        assert!(!server.is_asked(), "{code}: there is nothing to delete");
    }
    let (mut server, connection) = polled().await;
    let mut closed = life(&connection);
    let answer = server.take(Method::GET).await.stream(&[]);
    answer.write("half");
    answer.cut();
    let closed = closed.next().await;
    assert!(closed.starts_with("closed: GET /hub"), "{closed}");

    // After a close message the connection is still there, on the server.
    let (mut server, connection) = polled().await;
    let mut life = life(&connection);
    let close = json!({ "type": 7, "error": "server is unwell" });
    server
        .take(Method::GET)
        .await
        .text(&format!("{close}\u{1e}"));
    server.take(Method::DELETE).await.status(202);
    let closed = life.next().await;
    assert!(closed.contains("server is unwell"), "{closed}");
}

#[tokio::test]
async fn a_handshake_that_is_refused_ends_the_start() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder().transports([Transport::LongPolling]);
    let connection = builder.build().unwrap();
    let start = starting(&connection);
    let offer = offer("TOKEN", &[Transport::LongPolling]);
    server.next().await.json(&offer);
    server.next().await.status(200);
    server.take(Method::POST).await.status(404);
    server.take(Method::DELETE).await.status(202);
    let error = soon(start).await.unwrap().unwrap_err();
    assert_eq!(error.status().map(|it| it.as_u16()), Some(404), "{error}");
    server.take(Method::GET).await.given_up().await;
}

#[tokio::test]
async fn a_message_that_is_refused_ends_the_connection() {
    for code in [404, 500] {
        let (mut server, connection) = polled().await;
        let mut life = life(&connection);
        let poll = server.take(Method::GET).await;
        soon(connection.send("M", ())).await.unwrap();
        server.take(Method::POST).await.status(code);
        server.take(Method::DELETE).await.status(202);
        let closed = life.next().await;
        assert!(
            closed.contains(&format!("POST /hub was answered with {code}")),
            "{closed}"
        );
        poll.given_up().await;
    }
}

/// What is sent while a request is under way waits, and goes together.
async fn sends_go_together(server: &mut ScriptedServer, connection: &HubConnection) {
    let mut first = None;
    for number in 0..4 {
        soon(connection.send("M", (number,))).await.unwrap();
        if first.is_none() {
            first = Some(server.take(Method::POST).await);
        }
    }
    // A turn or two for a request that is not to come.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!server.is_asked());
    first.unwrap().status(200);
    let arguments: Vec<_> = server
        .post()
        .await
        .messages()
        .iter()
        .map(|it| it["arguments"][0].clone())
        .collect();
    assert_eq!(arguments, [1, 2, 3]);
}

#[tokio::test]
async fn one_request_at_a_time_brings_all_that_has_gathered() {
    let (mut server, connection) = polled().await;
    let _poll = server.take(Method::GET).await;
    sends_go_together(&mut server, &connection).await;
    let mut server = ScriptedServer::start().await;
    let builder = server.builder();
    let (connection, _stream) = streaming(&mut server, builder).await;
    sends_go_together(&mut server, &connection).await;
}

#[tokio::test]
async fn a_delete_that_is_refused_does_not_matter() {
    for code in [Some(404), Some(500), None] {
        let (mut server, connection) = polled().await;
        let mut life = life(&connection);
        let _poll = server.take(Method::GET).await;
        let stop = stopping(&connection);
        let delete = server.take(Method::DELETE).await;
        match code {
            Some(code) => delete.status(code),
            None => drop(delete),
        }
        soon(stop).await.unwrap();
        assert_eq!(life.next().await, "closed");
    }
}

#[tokio::test]
async fn a_stop_waits_for_what_is_under_way_and_then_for_the_delete() {
    let (mut server, connection) = polled().await;
    let _poll = server.take(Method::GET).await;
    soon(connection.send("M", (1,))).await.unwrap();
    let hanging = server.take(Method::POST).await;
    let mut stop = stopping(&connection);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert!(!server.is_asked() && !stop.is_finished());
    hanging.status(200);
    let delete = server.take(Method::DELETE).await;
    assert!(!stop.is_finished());
    delete.status(202);
    soon(&mut stop).await.unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let (mut server, connection) = polled().await;
    let _poll = server.take(Method::GET).await;
    soon(connection.send("M", (1,))).await.unwrap();
    let _hanging = server.take(Method::POST).await;
    tokio::time::pause();
    let since = tokio::time::Instant::now();
    soon(connection.stop()).await;
    assert!(
        (9..=11).contains(&since.elapsed().as_secs()),
        "{:?}",
        since.elapsed()
    );
}

//! Automatic reconnects.

use std::time::Duration;

use campanile_hub_client::{RetryDelays, UploadExt};
use futures_util::{StreamExt, stream};
use http::HeaderMap;
use serde_json::json;

use super::*;

const NOW: Duration = Duration::ZERO;
/// Longer than any test waits.
const LATER: Duration = Duration::from_secs(1000);

/// A connection that is made anew after these delays, with what becomes of it.
async fn begun(delays: &[Duration]) -> (ScriptedServer, HubConnection, Socket, Life) {
    let mut server = ScriptedServer::start().await;
    let policy = RetryDelays::new(delays.iter().copied());
    let builder = server.builder().automatic_reconnect_with(policy);
    let (connection, socket) = connected(&mut server, builder).await;
    let life = life(&connection);
    (server, connection, socket, life)
}

/// The negotiation and the handshake of an attempt, which is not answered.
async fn unanswered_handshake(server: &mut ScriptedServer) -> Socket {
    server
        .next()
        .await
        .json(&offer("LOST", &[Transport::WebSockets]));
    let mut socket = server.next().await.upgrade(HeaderMap::new()).await;
    assert!(socket.receive().await["protocol"].is_string());
    socket
}

#[tokio::test]
async fn however_it_is_lost_it_comes_again_by_another_negotiation() {
    let (mut server, connection, mut socket, mut life) = begun(&[NOW]).await;
    let mut numbers = crate::support::told(&connection, "M");
    for (token, why) in [
        ("1000", "reconnecting"),
        ("1001", "reconnecting: the server closed the WebSocket"),
        ("1011", "reconnecting: the server closed the WebSocket"),
        ("cut", "reconnecting: the WebSocket"),
        ("bad", "reconnecting: "),
        ("close", "reconnecting"),
        (
            "restart",
            "reconnecting: The server closed the connection with the following error: it restarts",
        ),
    ] {
        let restarts = json!({ "type": 7, "allowReconnect": true, "error": "it restarts" });
        match token {
            "cut" => {}
            "bad" => socket.write("nonsense\u{1e}").await,
            "close" => {
                socket
                    .send(&json!({ "type": 7, "allowReconnect": true }))
                    .await;
            }
            "restart" => socket.send(&restarts).await,
            code => socket.close(code.parse().unwrap()).await,
        }
        if token != "cut" {
            assert_eq!(socket.rest().await.1, Some(1000), "{token}");
        }
        drop(socket);
        let seen = life.next().await;
        assert!(seen.starts_with(why), "{token}: {seen}");
        socket = accept(&mut server, token).await;
        assert_eq!(life.next().await, format!("reconnected ID-{token}"));
        assert_eq!(connection.state(), HubConnectionState::Connected);
    }
    socket
        .send(&json!({ "type": 1, "target": "M", "arguments": [1] }))
        .await;
    assert_eq!(soon(numbers.recv()).await, Some(1), "handlers stay");
}

#[tokio::test]
async fn a_close_message_that_does_not_allow_it_is_the_end() {
    let (mut server, connection, mut socket, mut life) = begun(&[NOW]).await;
    socket.send(&json!({ "type": 7 })).await;
    assert_eq!(life.next().await, "closed");
    let mut socket = started(&mut server, &connection).await;
    let away = json!({ "type": 7, "allowReconnect": false, "error": "go away" });
    socket.send(&away).await;
    let closed = "closed: The server closed the connection with the following error: go away";
    assert_eq!(life.next().await, closed);
    assert!(!server.is_asked());
}

#[tokio::test]
async fn a_first_start_is_not_repeated() {
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().automatic_reconnect().build().unwrap();
    let (asked, _) = refused_with(&mut server, &connection, vec![status(500)]).await;
    assert_eq!(asked.len(), 1);
}

#[tokio::test]
async fn without_a_delay_there_is_no_attempt() {
    let (server, connection, socket, mut life) = begun(&[]).await;
    drop(socket);
    let closed = life.next().await;
    assert!(closed.starts_with("closed: the WebSocket"), "{closed}");
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    assert!(!server.is_asked());
}

#[tokio::test]
async fn an_attempt_that_fails_is_followed_by_the_next() {
    let (mut server, connection, socket, mut life) = begun(&[NOW; 16]).await;
    drop(socket);
    assert!(life.next().await.starts_with("reconnecting"));
    let refusals: [Answer; 7] = [
        status(500),
        status(404),
        status(401),
        json(&json!({ "error": "not today" })),
        text("nonsense"),
        json(&offer("NONE", &[])),
        Box::new(drop),
    ];
    for refuse in refusals {
        let request = server.next().await;
        assert_eq!(line(&request), "POST /hub/negotiate");
        refuse(request);
    }
    let refusals: [Answer; 2] = [status(503), Box::new(drop)];
    for refuse in refusals {
        server
            .next()
            .await
            .json(&offer("LOST", &[Transport::WebSockets]));
        refuse(server.next().await);
    }
    let mut refused = unanswered_handshake(&mut server).await;
    refused.write("{\"error\":\"not today\"}\u{1e}").await;
    assert_eq!(refused.rest().await, (vec![], Some(1000)));
    drop(unanswered_handshake(&mut server).await);
    let mut socket = accept(&mut server, "SECOND").await;
    assert_eq!(
        life.next().await,
        "reconnected ID-SECOND",
        "and nothing before it"
    );
    let call = invoking(&connection, "M");
    let asked = socket.receive().await;
    socket.answer(&asked, 1).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 1);
}

/// Unlike .NET's client it names what ended the last attempt.
#[tokio::test]
async fn after_the_last_attempt_it_is_closed_and_can_be_started_again() {
    let (mut server, connection, socket, mut life) = begun(&[NOW; 3]).await;
    drop(socket);
    assert!(life.next().await.starts_with("reconnecting"));
    for code in [500, 500, 503] {
        server.next().await.status(code);
    }
    let closed = life.next().await;
    assert!(closed.contains("503 Service Unavailable"), "{closed}");
    assert!(!server.is_asked());
    let _socket = started(&mut server, &connection).await;
}

/// What calls of every kind come to.
async fn all_kinds(connection: &HubConnection) -> [Result<(), ClientError>; 3] {
    let (invoke, send, stream) = tokio::join!(
        connection.invoke::<i32>("M", (1,)),
        connection.send("M", (2,)),
        connection.stream::<i32>("M", (3,)),
    );
    [invoke.map(drop), send, stream.map(drop)]
}

#[tokio::test]
async fn calls_during_a_delay_fail_at_once() {
    let (server, connection, socket, mut life) = begun(&[LATER]).await;
    drop(socket);
    assert!(life.next().await.starts_with("reconnecting"));
    assert_eq!(connection.state(), HubConnectionState::Reconnecting);
    for outcome in soon(all_kinds(&connection)).await {
        let error = outcome.unwrap_err();
        assert!(matches!(error, ClientError::State { .. }), "{error}");
    }
    let again = soon(connection.start()).await.unwrap_err();
    assert!(matches!(again, ClientError::State { .. }), "{again}");
    assert!(!server.is_asked());
}

#[tokio::test]
async fn calls_during_an_attempt_wait_for_its_outcome() {
    // It works.
    let (mut server, connection, socket, _life) = begun(&[NOW]).await;
    drop(socket);
    let request = server.next().await;
    let call = invoking(&connection, "M");
    tokio::task::yield_now().await;
    assert!(!call.is_finished());
    request.json(&offer("SECOND", &[Transport::WebSockets]));
    let mut socket = server.next().await.accept().await;
    let asked = socket.receive().await;
    socket.answer(&asked, 1).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 1);

    // It fails.
    let (mut server, connection, socket, mut life) = begun(&[NOW]).await;
    drop(socket);
    let request = server.next().await;
    let calling = connection.clone();
    let calls = tokio::spawn(async move { all_kinds(&calling).await });
    tokio::task::yield_now().await;
    assert!(!calls.is_finished());
    request.status(500);
    for outcome in soon(calls).await.unwrap() {
        outcome.unwrap_err();
    }
    assert!(life.next().await.starts_with("reconnecting"));
    assert!(life.next().await.starts_with("closed"));
}

#[tokio::test]
async fn what_is_in_flight_fails_and_late_answers_are_nobodys() {
    let (mut server, connection, mut socket, _life) = begun(&[NOW]).await;
    let call = invoking(&connection, "M");
    let mut items = soon(connection.stream::<i32>("M", ())).await.unwrap();
    let uploading = connection.clone();
    let upload = tokio::spawn(async move {
        let numbers = stream::iter([1]).chain(stream::pending());
        uploading.invoke::<i32>("M", ().upload(numbers)).await
    });
    let mut ids = Vec::new();
    while ids.len() < 3 {
        let message = socket.receive().await;
        if message["target"] == "M" {
            ids.push(message["invocationId"].clone());
        }
    }
    drop(socket);
    let errors = [
        soon(call).await.unwrap().unwrap_err(),
        soon(items.next()).await.unwrap().unwrap_err(),
        soon(upload).await.unwrap().unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(error, ClientError::ConnectionLost(Some(_))),
            "{error}"
        );
    }
    assert!(soon(items.next()).await.is_none());
    let mut socket = accept(&mut server, "SECOND").await;
    for id in ids {
        socket.send(&json!({ "type": 3, "invocationId": id })).await;
    }
    let call = invoking(&connection, "Next");
    let asked = socket.receive().await;
    assert_eq!(
        asked["target"], "Next",
        "nothing of the old ones comes before"
    );
    socket.answer(&asked, 2).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn a_stop_gives_the_attempts_up() {
    let closed = format!("closed: {}", ClientError::Cancelled);
    // During a delay.
    let (server, connection, socket, mut life) = begun(&[LATER]).await;
    drop(socket);
    assert!(life.next().await.starts_with("reconnecting"));
    soon(connection.stop()).await;
    assert_eq!(life.next().await, closed);
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    assert!(!server.is_asked());
    // During a negotiation.
    let (mut server, connection, socket, mut life) = begun(&[NOW, NOW]).await;
    drop(socket);
    let request = server.next().await;
    assert!(life.next().await.starts_with("reconnecting"));
    soon(connection.stop()).await;
    assert_eq!(life.next().await, closed);
    request.given_up().await;
    assert!(!server.is_asked());
    // During a handshake.
    let (mut server, connection, socket, mut life) = begun(&[NOW, NOW]).await;
    drop(socket);
    let mut socket = unanswered_handshake(&mut server).await;
    assert!(life.next().await.starts_with("reconnecting"));
    let stop = stopping(&connection);
    assert_eq!(socket.rest().await, (vec![], Some(1000)));
    drop(socket);
    soon(stop).await.unwrap();
    assert_eq!(life.next().await, closed);
    assert!(!server.is_asked());
}

#[tokio::test]
async fn the_last_handle_gives_the_attempts_up() {
    let (server, connection, socket, mut life) = begun(&[LATER]).await;
    drop(socket);
    assert!(life.next().await.starts_with("reconnecting"));
    drop(connection);
    assert_eq!(
        life.next().await,
        format!("closed: {}", ClientError::Cancelled)
    );
    assert!(!server.is_asked());
}

#[tokio::test]
async fn without_a_negotiation_it_comes_back_by_a_web_socket_alone() {
    let mut server = ScriptedServer::start().await;
    let connection = server
        .builder()
        .transports([Transport::WebSockets])
        .skip_negotiation()
        .automatic_reconnect_with(RetryDelays::new([NOW]))
        .build()
        .unwrap();
    let mut life = life(&connection);
    let start = starting(&connection);
    drop(server.next().await.accept().await);
    soon(start).await.unwrap().unwrap();
    let request = server.next().await;
    assert_eq!(line(&request), "WEBSOCKET /hub");
    let _socket = request.accept().await;
    assert!(life.next().await.starts_with("reconnecting"));
    assert_eq!(life.next().await, "reconnected without an id");
    assert!(life.is_quiet());
}

//! Starts and stops over a WebSocket.

use serde_json::json;

use super::*;
use crate::support::script::CONSENT;

#[tokio::test]
async fn a_stop_says_so_and_closes_normally() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder();
    let (connection, mut socket) = connected(&mut server, builder).await;
    let mut life = life(&connection);
    assert_eq!(connection.state(), HubConnectionState::Connected);
    let stop = stopping(&connection);
    assert_eq!(
        socket.rest().await,
        (vec![json!({ "type": 7 })], Some(1000))
    );
    assert!(
        !stop.is_finished(),
        "the server gets the time to close as well"
    );
    socket.close(1000).await;
    drop(socket);
    soon(stop).await.unwrap();
    assert_eq!(life.next().await, "closed");
    assert_eq!(connection.state(), HubConnectionState::Disconnected);

    // And once more from the beginning.
    let start = starting(&connection);
    let _socket = accept(&mut server, "SECOND").await;
    soon(start).await.unwrap().unwrap();
    assert_eq!(connection.connection_id().as_deref(), Some("ID-SECOND"));
}

#[tokio::test]
async fn a_stop_before_a_start_is_nothing() {
    let server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    soon(connection.stop()).await;
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    assert!(!server.is_asked());
}

/// The error of a start whose handshake is answered by this; the client closes normally.
async fn handshake_answered(answer: &str) -> ClientError {
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    let start = starting(&connection);
    server
        .next()
        .await
        .json(&offer("TOKEN", &[Transport::WebSockets]));
    let mut socket = server.next().await.upgrade(http::HeaderMap::new()).await;
    let handshake = socket.receive().await;
    assert_eq!(handshake, json!({ "protocol": "json", "version": 1 }));
    socket.write(answer).await;
    let error = soon(start).await.unwrap().unwrap_err();
    assert_eq!(socket.rest().await, (vec![], Some(1000)), "{answer}");
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    error
}

#[tokio::test]
async fn a_handshake_that_is_not_accepted_ends_the_start() {
    let refused = handshake_answered("{\"error\":\"no such protocol\"}\u{1e}").await;
    assert!(
        matches!(refused, ClientError::HandshakeRefused(_)),
        "{refused}"
    );
    assert!(
        refused.to_string().contains("no such protocol"),
        "{refused}"
    );
    for (answer, reason) in [
        ("nonsense\u{1e}", ""),
        (
            "{\"type\":6}\u{1e}",
            "a message came before the handshake was answered",
        ),
    ] {
        let error = handshake_answered(answer).await;
        assert!(matches!(error, ClientError::Protocol(_)), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn messages_behind_the_answer_are_not_lost() {
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    let mut numbers = crate::support::told(&connection, "M");
    let start = starting(&connection);
    server
        .next()
        .await
        .json(&offer("TOKEN", &[Transport::WebSockets]));
    let mut socket = server.next().await.upgrade(http::HeaderMap::new()).await;
    socket.receive().await;
    let told = |number: i32| json!({ "type": 1, "target": "M", "arguments": [number] });
    let (one, two) = (told(1), told(2));
    socket
        .write(&format!("{CONSENT}{one}\u{1e}{two}\u{1e}"))
        .await;
    soon(start).await.unwrap().unwrap();
    assert_eq!(soon(numbers.recv()).await, Some(1));
    assert_eq!(soon(numbers.recv()).await, Some(2));
}

#[tokio::test]
async fn a_start_that_is_given_up_during_the_handshake_closes_normally() {
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    let start = starting(&connection);
    server
        .next()
        .await
        .json(&offer("TOKEN", &[Transport::WebSockets]));
    let mut socket = server.next().await.upgrade(http::HeaderMap::new()).await;
    socket.receive().await;
    let mut states = connection.state_changes();
    start.abort();
    assert_eq!(socket.rest().await, (vec![], Some(1000)));
    soon(states.wait_for(HubConnectionState::Disconnected)).await;
}

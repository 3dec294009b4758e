//! How the server ends a connection, without automatic reconnects.

use serde_json::json;

use super::*;

#[tokio::test]
async fn close_messages() {
    for (message, closed) in [
        (json!({ "type": 7 }), "closed"),
        (json!({ "type": 7, "error": "" }), "closed"),
        (json!({ "type": 7, "allowReconnect": true }), "closed"),
        (
            json!({ "type": 7, "error": "server is unwell" }),
            "closed: The server closed the connection with the following error: server is unwell",
        ),
    ] {
        let mut server = ScriptedServer::start().await;
        let builder = server.builder();
        let (connection, mut socket) = connected(&mut server, builder).await;
        let mut life = life(&connection);
        socket.send(&message).await;
        assert_eq!(socket.rest().await, (vec![], Some(1000)), "{message}");
        assert_eq!(life.next().await, closed, "{message}");
        assert_eq!(connection.state(), HubConnectionState::Disconnected);
        assert!(!server.is_asked());
    }
}

#[tokio::test]
async fn close_frames_and_cuts() {
    for (code, closed) in [
        (Some(1000), "closed"),
        (Some(1011), "closed: the server closed the WebSocket"),
        (None, "closed: the WebSocket"),
    ] {
        let mut server = ScriptedServer::start().await;
        let builder = server.builder();
        let (connection, mut socket) = connected(&mut server, builder).await;
        let mut life = life(&connection);
        match code {
            Some(code) => socket.close(code).await,
            None => drop(socket),
        }
        let seen = life.next().await;
        assert!(seen.starts_with(closed), "{code:?}: {seen}");
        assert_eq!(seen == "closed", code == Some(1000), "{seen}");
        assert_eq!(connection.state(), HubConnectionState::Disconnected);
    }
}

#[tokio::test]
async fn messages_that_cannot_be_read() {
    for text in [
        "nonsense",
        "[1]",
        r#"{"target":"M"}"#,
        r#"{"type":"1"}"#,
        r#"{"type":1,"arguments":[]}"#,
        r#"{"type":1,"target":"M"}"#,
        r#"{"type":3,"result":1}"#,
    ] {
        let mut server = ScriptedServer::start().await;
        let builder = server.builder();
        let (connection, mut socket) = connected(&mut server, builder).await;
        let mut life = life(&connection);
        socket.write(&format!("{text}\u{1e}")).await;
        assert_eq!(socket.rest().await, (vec![], Some(1000)), "{text}");
        assert!(life.next().await.starts_with("closed: "), "{text}");
    }
}

/// Unlike with .NET's client, what comes behind it does not wait for more.
#[tokio::test]
async fn a_message_of_an_unknown_type_is_passed_over() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder();
    let (connection, mut socket) = connected(&mut server, builder).await;
    let mut numbers = crate::support::told(&connection, "M");
    socket
        .write("{\"type\":99,\"x\":1}\u{1e}{\"type\":1,\"target\":\"M\",\"arguments\":[1]}\u{1e}")
        .await;
    assert_eq!(soon(numbers.recv()).await, Some(1));
}

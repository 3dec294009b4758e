//! Stateful reconnects, message by message.

use std::time::Duration;

use campanile_hub_client::{RetryDelays, UploadExt};
use futures_util::stream;
use serde_json::{Value, json};

use super::*;

const NOW: Duration = Duration::ZERO;

/// Answers a start over a WebSocket; the client may come back to it.
async fn grant(server: &mut ScriptedServer, token: &str) -> Socket {
    let request = server.next().await;
    assert_eq!(
        request.query("useStatefulReconnect").as_deref(),
        Some("true")
    );
    let mut offer = offer(token, &[Transport::WebSockets]);
    offer["useStatefulReconnect"] = json!(true);
    request.json(&offer);
    let request = server.next().await;
    assert_eq!(line(&request), format!("WEBSOCKET /hub {token}"));
    let mut socket = request.upgrade(http::HeaderMap::new()).await;
    assert_eq!(
        socket.receive().await,
        json!({ "protocol": "json", "version": 2 })
    );
    socket.write(crate::support::script::CONSENT).await;
    socket
}

/// A connection that is started, and may be come back to.
async fn begun_with(
    change: impl FnOnce(HubConnectionBuilder) -> HubConnectionBuilder,
) -> (ScriptedServer, HubConnection, Socket, Life) {
    let mut server = ScriptedServer::start().await;
    let connection = change(server.builder().stateful_reconnect())
        .build()
        .unwrap();
    let life = life(&connection);
    let start = starting(&connection);
    let socket = grant(&mut server, "TOKEN").await;
    soon(start).await.unwrap().unwrap();
    (server, connection, socket, life)
}

async fn begun() -> (ScriptedServer, HubConnection, Socket, Life) {
    begun_with(|it| it).await
}

/// The client comes back, without a handshake; the server says with which of its messages it goes on.
async fn back(server: &mut ScriptedServer, begin: u64) -> Socket {
    let request = server.next().await;
    assert_eq!(line(&request), "WEBSOCKET /hub TOKEN");
    let mut socket = request.upgrade(http::HeaderMap::new()).await;
    socket
        .send(&json!({ "type": 9, "sequenceId": begin }))
        .await;
    socket
}

/// Sends these, and waits until they are there.
async fn sends(connection: &HubConnection, socket: &mut Socket, numbers: &[i32]) {
    for number in numbers {
        soon(connection.send("M", (number,))).await.unwrap();
        assert_eq!(socket.receive().await["arguments"], json!([number]));
    }
}

fn told(number: i32) -> Value {
    json!({ "type": 1, "target": "M", "arguments": [number] })
}

fn ack(number: u64) -> Value {
    json!({ "type": 8, "sequenceId": number })
}

fn sequence(number: u64) -> Value {
    json!({ "type": 9, "sequenceId": number })
}

/// A call that is answered, behind all that was sent before.
async fn works(connection: &HubConnection, socket: &mut Socket) {
    let call = invoking(connection, "Works");
    let asked = socket.receive().await;
    assert_eq!(asked["target"], "Works");
    socket.answer(&asked, 1).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 1);
}

/// The client's next acknowledgement of at least so many, and what came before it.
async fn acknowledged(socket: &mut Socket, number: u64) -> (u64, Vec<Value>) {
    let mut before = Vec::new();
    loop {
        let message = socket.receive().await;
        match message["sequenceId"]
            .as_u64()
            .filter(|_| message["type"] == 8)
        {
            Some(seen) if seen >= number => return (seen, before),
            Some(_) => {}
            None => before.push(message),
        }
    }
}

#[tokio::test]
async fn what_is_not_granted_is_an_ordinary_connection() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder().stateful_reconnect();
    let builder = builder.automatic_reconnect_with(RetryDelays::new([NOW]));
    let (connection, mut socket) = connected(&mut server, builder).await;
    let mut life = life(&connection);
    let mut numbers = crate::support::told(&connection, "M");
    // They mean nothing here.
    for message in [ack(1), sequence(5), told(1)] {
        socket.send(&message).await;
    }
    assert_eq!(soon(numbers.recv()).await, Some(1));
    sends(&connection, &mut socket, &[1]).await;
    drop(socket);
    // The next one is granted.
    let mut socket = grant(&mut server, "TOKEN").await;
    assert!(life.next().await.starts_with("reconnecting"));
    assert_eq!(life.next().await, "reconnected ID-TOKEN");
    sends(&connection, &mut socket, &[2]).await;
    drop(socket);
    let mut socket = back(&mut server, 1).await;
    assert_eq!(socket.receive().await, sequence(1));
    assert_eq!(socket.receive().await["arguments"], json!([2]));
    assert!(life.is_quiet());
}

#[tokio::test]
async fn a_stop_is_the_end_of_it() {
    let (server, connection, mut socket, mut life) = begun().await;
    let stop = stopping(&connection);
    let close = json!({ "type": 7 });
    assert_eq!(socket.rest().await, (vec![close], Some(1000)));
    drop(socket);
    soon(stop).await.unwrap();
    assert_eq!(life.next().await, "closed");
    assert!(!server.is_asked());
}

#[tokio::test]
async fn what_is_not_acknowledged_is_sent_again() {
    let (mut server, connection, mut socket, life) = begun().await;
    // Nothing was sent: it comes back all the same, and nobody hears of it.
    drop(socket);
    socket = back(&mut server, 1).await;
    assert_eq!(socket.receive().await, sequence(1));
    assert_eq!(connection.state(), HubConnectionState::Connected);

    sends(&connection, &mut socket, &[1, 2, 3]).await;
    for (acknowledge, first, again) in [
        (None, 1, vec![1, 2, 3]),
        (Some(2), 3, vec![3]),
        (Some(3), 4, vec![]),
    ] {
        if let Some(number) = acknowledge {
            socket.send(&ack(number)).await;
        }
        drop(socket);
        socket = back(&mut server, 1).await;
        assert_eq!(socket.receive().await, sequence(first));
        for number in again {
            assert_eq!(socket.receive().await["arguments"], json!([number]));
        }
    }
    works(&connection, &mut socket).await;
    assert!(life.is_quiet());
}

#[tokio::test]
async fn the_client_acknowledges_what_has_a_number() {
    let (_server, connection, mut socket, _life) = begun().await;
    let mut numbers = crate::support::told(&connection, "M");
    let mut items = soon(connection.stream::<i32>("Items", ())).await.unwrap();
    let id = socket.receive().await["invocationId"].clone();
    // Calls, items and completions have one.
    for message in [
        json!({ "type": 6 }),
        told(1),
        ack(1),
        json!({ "type": 2, "invocationId": id, "item": 5 }),
        json!({ "type": 6 }),
        json!({ "type": 3, "invocationId": id }),
    ] {
        socket.send(&message).await;
    }
    assert_eq!(soon(numbers.recv()).await, Some(1));
    assert_eq!(soon(items.next()).await.unwrap().unwrap(), 5);
    assert!(soon(items.next()).await.is_none());
    assert_eq!(acknowledged(&mut socket, 3).await, (3, vec![]));
    socket.send(&told(2)).await;
    socket
        .send(&json!({ "type": 1, "target": "Unknown", "arguments": [] }))
        .await;
    assert_eq!(acknowledged(&mut socket, 5).await, (5, vec![]));
}

#[tokio::test]
async fn all_but_pings_and_acknowledgements_is_kept() {
    let (mut server, connection, mut socket, life) = begun().await;
    connection.on_with_result("Double", |it: i32| async move { Ok::<_, String>(it * 2) });
    let items = soon(connection.stream::<i32>("Items", ())).await.unwrap();
    let stream = socket.receive().await;
    drop(items);
    let cancellation = socket.receive().await;
    assert_eq!(cancellation["type"], 5);
    let asks = json!({ "type": 1, "invocationId": "s-1", "target": "Double", "arguments": [4] });
    socket.send(&asks).await;
    let result = json!({ "type": 3, "invocationId": "s-1", "result": 8 });
    assert_eq!(
        acknowledged(&mut socket, 1).await,
        (1, vec![result.clone()])
    );
    soon(connection.send("M", ().upload(stream::iter([1]))))
        .await
        .unwrap();
    let mut sent = vec![stream, cancellation, result];
    for _ in 0..3 {
        sent.push(socket.receive().await);
    }
    assert!(sent[3]["streamIds"].is_array());
    drop(socket);
    let mut socket = back(&mut server, 2).await;
    assert_eq!(socket.receive().await, sequence(1));
    for message in sent {
        assert_eq!(socket.receive().await, message);
    }
    assert!(life.is_quiet());
}

#[tokio::test]
async fn messages_that_have_come_already_count_once() {
    let (mut server, connection, mut socket, _life) = begun().await;
    let mut numbers = crate::support::told(&connection, "M");
    for number in [1, 2] {
        socket.send(&told(number)).await;
        assert_eq!(soon(numbers.recv()).await, Some(number));
    }
    drop(socket);
    let mut socket = back(&mut server, 1).await;
    for number in [1, 2, 3] {
        socket.send(&told(number)).await;
    }
    assert_eq!(soon(numbers.recv()).await, Some(3));
}

#[tokio::test]
async fn where_a_message_is_missing_a_new_connection_is_made() {
    let policy = || RetryDelays::new([NOW]);
    let (mut server, connection, mut socket, mut life) =
        begun_with(|it| it.automatic_reconnect_with(policy())).await;
    let mut numbers = crate::support::told(&connection, "M");
    for number in [1, 2] {
        socket.send(&told(number)).await;
        assert_eq!(soon(numbers.recv()).await, Some(number));
    }
    drop(socket);
    let mut socket = back(&mut server, 4).await;
    socket.send(&told(4)).await;
    assert!(life.next().await.starts_with("reconnecting: "));
    let _socket = grant(&mut server, "SECOND").await;
    assert_eq!(life.next().await, "reconnected ID-SECOND");
    assert!(numbers.is_empty(), "4 is not taken for 3");
}

#[tokio::test]
async fn calls_and_streams_in_flight_go_on() {
    let (mut server, connection, mut socket, life) = begun().await;
    let call = invoking(&connection, "Call");
    let call_id = socket.receive().await["invocationId"].clone();
    let mut items = soon(connection.stream::<i32>("Items", ())).await.unwrap();
    let id = socket.receive().await["invocationId"].clone();
    socket.send(&ack(2)).await;
    socket
        .send(&json!({ "type": 2, "invocationId": id, "item": 1 }))
        .await;
    assert_eq!(soon(items.next()).await.unwrap().unwrap(), 1);
    drop(socket);
    let mut socket = back(&mut server, 2).await;
    socket
        .send(&json!({ "type": 2, "invocationId": id, "item": 2 }))
        .await;
    socket
        .send(&json!({ "type": 3, "invocationId": call_id, "result": 3 }))
        .await;
    socket.send(&json!({ "type": 3, "invocationId": id })).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 3);
    assert_eq!(soon(items.next()).await.unwrap().unwrap(), 2);
    assert!(soon(items.next()).await.is_none());
    assert!(life.is_quiet());
}

#[tokio::test]
async fn calls_while_the_socket_is_gone_are_kept_in_their_order() {
    let (mut server, connection, mut socket, life) = begun().await;
    sends(&connection, &mut socket, &[1]).await;
    drop(socket);
    let request = server.next().await;
    for number in [2, 3] {
        soon(connection.send("M", (number,))).await.unwrap();
    }
    let call = invoking(&connection, "Call");
    tokio::task::yield_now().await;
    assert_eq!(connection.state(), HubConnectionState::Connected);
    let mut socket = request.upgrade(http::HeaderMap::new()).await;
    socket.send(&sequence(1)).await;
    assert_eq!(socket.receive().await, sequence(1));
    for number in [1, 2, 3] {
        assert_eq!(socket.receive().await["arguments"], json!([number]));
    }
    let asked = socket.receive().await;
    assert_eq!(asked["target"], "Call");
    socket.answer(&asked, 5).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 5);
    assert!(life.is_quiet());
}

#[tokio::test]
async fn a_full_buffer_holds_senders_up_until_the_server_acknowledges() {
    // Each is of some forty bytes; one may go beyond the limit.
    let (_server, connection, mut socket, _life) =
        begun_with(|it| it.stateful_reconnect_with(100)).await;
    let sending = connection.clone();
    let (sender, mut sent) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for number in 1..=6 {
            sending.send("M", (number,)).await.unwrap();
            sender.send(number).unwrap();
        }
    });
    let mut there = 0;
    for (acknowledge, then) in [(0, 3), (1, 4), (2, 5), (4, 6)] {
        if acknowledge > 0 {
            socket.send(&ack(acknowledge)).await;
        }
        while there < then {
            there += 1;
            assert_eq!(socket.receive().await["arguments"], json!([there]));
            assert_eq!(soon(sent.recv()).await, Some(there));
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(
            sent.is_empty(),
            "no more than {then} with {acknowledge} acknowledged"
        );
    }
}

#[tokio::test]
async fn a_server_that_does_not_know_it_any_more_ends_it() {
    let (mut server, connection, mut socket, mut life) = begun().await;
    sends(&connection, &mut socket, &[1, 2]).await;
    let call = invoking(&connection, "Call");
    socket.receive().await;
    drop(socket);
    let request = server.next().await;
    assert_eq!(line(&request), "WEBSOCKET /hub TOKEN");
    request.status(404);
    let error = soon(call).await.unwrap().unwrap_err();
    assert!(
        matches!(error, ClientError::ConnectionLost(Some(_))),
        "{error}"
    );
    let closed = life.next().await;
    assert!(closed.contains("404 Not Found"), "{closed}");
    assert!(!server.is_asked());
}

#[tokio::test]
async fn what_the_server_closes_is_not_come_back_to() {
    let policy = || RetryDelays::new([NOW]);
    let (mut server, _connection, mut socket, mut life) =
        begun_with(|it| it.automatic_reconnect_with(policy())).await;
    for (code, token) in [
        (None, "SECOND"),
        (Some(1000), "THIRD"),
        (Some(1011), "FOURTH"),
    ] {
        match code {
            None => {
                socket
                    .send(&json!({ "type": 7, "allowReconnect": true }))
                    .await;
            }
            Some(code) => socket.close(code).await,
        }
        assert_eq!(socket.rest().await, (vec![], Some(1000)), "{code:?}");
        drop(socket);
        assert!(life.next().await.starts_with("reconnecting"), "{code:?}");
        socket = grant(&mut server, token).await;
        assert_eq!(life.next().await, format!("reconnected ID-{token}"));
    }
    socket.send(&json!({ "type": 7 })).await;
    assert_eq!(life.next().await, "closed");
    assert!(!server.is_asked());
}

#[tokio::test]
async fn a_server_that_falls_silent_is_not_come_back_to() {
    let policy = || RetryDelays::new([NOW]);
    let (mut server, _connection, mut socket, mut life) = begun_with(|it| {
        it.automatic_reconnect_with(policy())
            .server_timeout(Duration::from_millis(200))
    })
    .await;
    let seen = life.next().await;
    assert_eq!(seen, "reconnecting: the server was silent for 200 ms");
    assert_eq!(socket.rest().await, (vec![], Some(1000)));
    assert_eq!(line(&server.next().await), "POST /hub/negotiate");
}

/// Unlike .NET's client it does not wait for the request that is under way.
#[tokio::test]
async fn a_stop_while_the_socket_is_gone_gives_it_up() {
    let (mut server, connection, socket, mut life) = begun().await;
    drop(socket);
    let request = server.next().await;
    soon(connection.stop()).await;
    assert_eq!(life.next().await, "closed");
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    request.given_up().await;
    assert!(!server.is_asked());
}

//! What the server calls.

use serde_json::{Value, json};

use super::*;

fn call(method: &str, arguments: &Value) -> Value {
    json!({ "type": 1, "target": method, "arguments": arguments })
}

#[tokio::test]
async fn handlers_are_called_by_their_exact_name_with_what_fits() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder();
    let (connection, mut socket) = connected(&mut server, builder).await;
    let (sender, mut calls) = mpsc::unbounded_channel();
    connection.on("M", move |a: i32, b: Option<String>, c: Value| {
        let sender = sender.clone();
        async move { sender.send((a, b, c)).map_err(|_| "nobody is there") }
    });
    for arguments in [
        ("M", json!([1, "x", { "a": 1 }])),
        // None of these is for it, and the connection goes on.
        ("m", json!([3, "other case", []])),
        ("Unknown", json!([1])),
        ("M", json!([])),
        ("M", json!([1, "x", 1, 1])),
        ("M", json!(["text", null, null])),
        ("M", json!([2, null, null])),
    ] {
        socket.send(&call(arguments.0, &arguments.1)).await;
    }
    let first = (1, Some("x".to_owned()), json!({ "a": 1 }));
    assert_eq!(soon(calls.recv()).await, Some(first));
    assert_eq!(soon(calls.recv()).await, Some((2, None, Value::Null)));
    assert!(calls.is_empty());
    assert_eq!(connection.state(), HubConnectionState::Connected);
}

/// Unlike .NET's client it tells apart a method without a handler and arguments that do not fit.
#[tokio::test]
async fn what_the_server_waits_for_is_always_answered() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder();
    let (connection, mut socket) = connected(&mut server, builder).await;
    connection.on_with_result("Double", |it: i32| async move { Ok::<_, String>(it * 2) });
    connection.on("Nothing", || async {});
    connection.on_with_result("Bad", || async { Err::<i32, _>("handler broke") });
    connection.on_with_result("Null", || async { Ok::<_, String>(None::<i32>) });
    let unfit = "Client failed to parse argument(s).";
    let none = "Client didn't provide a result.";
    for (method, arguments, name, answer) in [
        ("Double", json!([21]), "result", json!(42)),
        ("Nothing", json!([]), "error", json!(none)),
        ("Bad", json!([]), "error", json!("handler broke")),
        ("Unknown", json!([1]), "error", json!(none)),
        ("Double", json!(["text"]), "error", json!(unfit)),
        ("Double", json!([]), "error", json!(unfit)),
        ("Null", json!([]), "result", json!(null)),
    ] {
        let mut message = call(method, &arguments);
        message["invocationId"] = json!("s-1");
        socket.send(&message).await;
        let expected = json!({ "type": 3, "invocationId": "s-1", name: answer });
        assert_eq!(socket.receive().await, expected, "{method}{arguments}");
    }
}

#[tokio::test]
async fn a_message_may_be_as_long_as_the_server_likes() {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder();
    let (connection, mut socket) = connected(&mut server, builder).await;
    let (sender, mut lengths) = mpsc::unbounded_channel();
    connection.on("M", move |text: String| {
        let sender = sender.clone();
        async move { sender.send(text.len()).map_err(|_| "nobody is there") }
    });
    socket
        .send(&call("M", &json!(["x".repeat(5_000_000)])))
        .await;
    assert_eq!(soon(lengths.recv()).await, Some(5_000_000));
}

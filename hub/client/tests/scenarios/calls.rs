//! Calls, streams and uploads of the client.

use campanile_hub_client::UploadExt;
use futures_util::stream;
use serde_json::json;

use super::*;

async fn begun() -> (ScriptedServer, HubConnection, Socket) {
    let mut server = ScriptedServer::start().await;
    let builder = server.builder();
    let (connection, socket) = connected(&mut server, builder).await;
    (server, connection, socket)
}

#[tokio::test]
async fn results_come_in_any_order() {
    let (_server, connection, mut socket) = begun().await;
    let (mut calls, mut asked) = (Vec::new(), Vec::new());
    for method in ["A", "B", "C"] {
        calls.push(invoking(&connection, method));
        asked.push(socket.receive().await);
        assert_eq!(asked.last().unwrap()["target"], method);
    }
    for (number, call) in asked.iter().enumerate().rev() {
        socket.answer(call, number).await;
    }
    for (number, call) in calls.into_iter().enumerate() {
        let result = soon(call).await.unwrap().unwrap();
        assert_eq!(usize::try_from(result).unwrap(), number);
    }
}

#[tokio::test]
async fn every_kind_of_call_needs_a_connection() {
    let server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    for error in [
        soon(connection.invoke::<i32>("M", ())).await.unwrap_err(),
        soon(connection.send("M", ())).await.unwrap_err(),
        soon(connection.stream::<i32>("M", ())).await.unwrap_err(),
    ] {
        assert!(matches!(error, ClientError::State { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_call_in_flight_fails_with_its_connection() {
    let (_server, connection, mut socket) = begun().await;
    let call = invoking(&connection, "M");
    socket.receive().await;
    drop(socket);
    let error = soon(call).await.unwrap().unwrap_err();
    assert!(
        matches!(error, ClientError::ConnectionLost(Some(_))),
        "{error}"
    );
}

#[tokio::test]
async fn a_call_that_is_given_up_is_cancelled_and_its_late_result_harmless() {
    let (_server, connection, mut socket) = begun().await;
    let call = invoking(&connection, "M");
    let asked = socket.receive().await;
    call.abort();
    let id = &asked["invocationId"];
    assert_eq!(
        socket.receive().await,
        json!({ "type": 5, "invocationId": id })
    );
    socket.answer(&asked, 1).await;
    let call = invoking(&connection, "Next");
    let asked = socket.receive().await;
    socket.answer(&asked, 2).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn a_send_has_no_id() {
    let (_server, connection, mut socket) = begun().await;
    soon(connection.send("M", (1, "x"))).await.unwrap();
    let message = json!({ "type": 1, "target": "M", "arguments": [1, "x"] });
    assert_eq!(socket.receive().await, message);
}

#[tokio::test]
async fn arguments_are_written_as_they_are() {
    let (_server, connection, mut socket) = begun().await;
    let arguments = (
        1,
        "two",
        None::<i32>,
        2.5,
        true,
        vec![1],
        json!({ "k": "v" }),
    );
    soon(connection.send("M", arguments)).await.unwrap();
    let written = json!([1, "two", null, 2.5, true, [1], { "k": "v" }]);
    assert_eq!(socket.receive().await["arguments"], written);
}

#[tokio::test]
async fn a_stream_that_is_dropped_is_cancelled_and_its_late_items_harmless() {
    let (_server, connection, mut socket) = begun().await;
    let mut items = soon(connection.stream::<i32>("M", (7,))).await.unwrap();
    let asked = socket.receive().await;
    assert_eq!(
        (&asked["type"], &asked["arguments"]),
        (&json!(4), &json!([7]))
    );
    let id = &asked["invocationId"];
    for number in [1, 2] {
        socket
            .send(&json!({ "type": 2, "invocationId": id, "item": number }))
            .await;
        assert_eq!(soon(items.next()).await.unwrap().unwrap(), number);
    }
    drop(items);
    assert_eq!(
        socket.receive().await,
        json!({ "type": 5, "invocationId": id })
    );
    socket
        .send(&json!({ "type": 2, "invocationId": id, "item": 3 }))
        .await;
    socket.send(&json!({ "type": 3, "invocationId": id })).await;
    let call = invoking(&connection, "Next");
    let asked = socket.receive().await;
    socket.answer(&asked, 2).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn how_streams_end() {
    let (_server, connection, mut socket) = begun().await;
    for (end, expected) in [
        (json!({ "type": 3 }), None),
        (
            json!({ "type": 3, "error": "in the middle" }),
            Some("in the middle"),
        ),
        (
            json!({ "type": 3, "result": 5 }),
            Some("one result where a stream was asked for"),
        ),
    ] {
        let mut items = soon(connection.stream::<i32>("M", ())).await.unwrap();
        let id = socket.receive().await["invocationId"].clone();
        socket
            .send(&json!({ "type": 2, "invocationId": id, "item": 1 }))
            .await;
        let mut end = end;
        end["invocationId"] = id;
        socket.send(&end).await;
        assert_eq!(soon(items.next()).await.unwrap().unwrap(), 1);
        let last = soon(items.next()).await.map(Result::unwrap_err);
        let last = last.map(|it| it.to_string());
        match expected {
            None => assert_eq!(last, None),
            Some(text) => assert!(
                last.as_ref().is_some_and(|it| it.contains(text)),
                "{last:?}"
            ),
        }
        assert!(soon(items.next()).await.is_none());
    }
}

#[tokio::test]
async fn an_upload_stands_between_arguments_and_is_ended_or_failed() {
    let (_server, connection, mut socket) = begun().await;
    let uploading = connection.clone();
    let call = tokio::spawn(async move {
        let arguments = ("before", "after").upload(stream::iter([1, 2]));
        uploading.invoke::<i32>("M", arguments).await
    });
    let asked = socket.receive().await;
    assert_eq!(asked["arguments"], json!(["before", "after"]));
    let id = asked["streamIds"][0].clone();
    for number in [1, 2] {
        assert_eq!(
            socket.receive().await,
            json!({ "type": 2, "invocationId": id, "item": number })
        );
    }
    assert_eq!(
        socket.receive().await,
        json!({ "type": 3, "invocationId": id })
    );
    socket.answer(&asked, 3).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 3);

    let failing = ().try_upload(stream::iter([Ok(1), Err("broken source")]));
    soon(connection.send("M", failing)).await.unwrap();
    let id = socket.receive().await["streamIds"][0].clone();
    assert_eq!(socket.receive().await["item"], 1);
    let end = socket.receive().await;
    assert_eq!((&end["type"], &end["invocationId"]), (&json!(3), &id));
    let error = end["error"].as_str().unwrap();
    assert!(error.contains("broken source"), "{error}");
}

#[tokio::test]
async fn two_uploads_of_one_send_go_side_by_side() {
    let (_server, connection, mut socket) = begun().await;
    let uploads = ().upload(stream::iter([1, 2])).upload(stream::empty::<i32>());
    soon(connection.send("M", uploads)).await.unwrap();
    let asked = socket.receive().await;
    let ids = asked["streamIds"].as_array().unwrap().clone();
    assert_eq!((ids.len(), &asked["invocationId"]), (2, &json!(null)));
    let mut first = Vec::new();
    let mut second = Vec::new();
    for _ in 0..4 {
        let message = socket.receive().await;
        let of = if message["invocationId"] == ids[0] {
            &mut first
        } else {
            &mut second
        };
        of.push((message["type"].clone(), message["item"].clone()));
    }
    let end = (json!(3), json!(null));
    assert_eq!(
        first,
        [(json!(2), json!(1)), (json!(2), json!(2)), end.clone()]
    );
    assert_eq!(second, [end]);
}

#[tokio::test]
async fn a_call_that_is_answered_early_ends_its_upload() {
    let (_server, connection, mut socket) = begun().await;
    let (alive, dropped) = tokio::sync::oneshot::channel::<()>();
    let uploading = connection.clone();
    let call = tokio::spawn(async move {
        let endless = stream::unfold(alive, |alive| async move {
            std::future::pending::<()>().await;
            Some((1, alive))
        });
        uploading.invoke::<i32>("M", ().upload(endless)).await
    });
    let asked = socket.receive().await;
    socket.answer(&asked, 1).await;
    assert_eq!(soon(call).await.unwrap().unwrap(), 1);
    assert!(soon(dropped).await.is_err(), "the source is dropped");
    assert_eq!(connection.state(), HubConnectionState::Connected);
}

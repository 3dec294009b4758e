//! What is asked of a server before anything else, and what is made of the answer.

use http::header::{AUTHORIZATION, CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING};
use serde_json::{Value, json};

use super::*;

#[tokio::test]
async fn what_is_asked() {
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    let start = starting(&connection);
    let request = server.next().await;
    assert_eq!(request.head.method, "POST");
    assert_eq!(request.head.uri, "/hub/negotiate?negotiateVersion=1");
    assert_eq!(request.header(CONTENT_LENGTH), Some("0"));
    assert_eq!(request.header(TRANSFER_ENCODING), None);
    let with = http::HeaderName::from_static("x-requested-with");
    assert_eq!(request.header(with), Some("XMLHttpRequest"));
    request.status(500);
    assert!(soon(start).await.unwrap().is_err());
}

/// The id by which a WebSocket is asked for after this answer, and the connection's id.
async fn ids_after(answer: &str) -> (String, Option<String>) {
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    let start = starting(&connection);
    server.next().await.text(answer);
    let request = server.next().await;
    let id = request.query("id").unwrap();
    let _socket = request.accept().await;
    soon(start).await.unwrap().unwrap();
    (id, connection.connection_id())
}

/// An offer with these fields, or without those that are null.
fn changed(fields: &Value) -> Value {
    let mut offer = offer("TOKEN", &[Transport::WebSockets]);
    for (name, value) in fields.as_object().unwrap() {
        match value {
            Value::Null => drop(offer.as_object_mut().unwrap().remove(name)),
            value => offer[name] = value.clone(),
        }
    }
    offer
}

#[tokio::test]
async fn the_id_is_the_token_in_version_0() {
    for (fields, token) in [
        (
            json!({ "negotiateVersion": null, "connectionToken": null }),
            "ID-TOKEN",
        ),
        (json!({ "negotiateVersion": 0 }), "ID-TOKEN"),
        (json!({ "negotiateVersion": 2 }), "TOKEN"),
    ] {
        let ids = ids_after(&changed(&fields).to_string()).await;
        assert_eq!(
            ids,
            (token.to_owned(), Some("ID-TOKEN".to_owned())),
            "{fields}"
        );
    }
}

#[tokio::test]
async fn what_nobody_knows_is_passed_over() {
    let formats = json!(["Text", "Smoke"]);
    let strange = json!([
        { "transport": "Pigeons", "transferFormats": formats },
        { "transport": "websockets", "transferFormats": formats },
        { "transport": "WebSockets", "transferFormats": formats, "speed": 1 },
    ]);
    let with_null = format!(
        r#"{{"error":null,"url":null,"accessToken":null,{}"#,
        &changed(&json!({})).to_string()[1..]
    );
    for answer in [
        changed(&json!({ "extra": { "a": [1] } })).to_string(),
        changed(&json!({ "availableTransports": strange })).to_string(),
        with_null,
    ] {
        assert_eq!(ids_after(&answer).await.0, "TOKEN", "{answer}");
    }
}

#[tokio::test]
async fn answers_that_are_no_offer_say_what_they_lack() {
    let offer = |fields| changed(&fields).to_string();
    for (answer, reason) in [
        (offer(json!({ "connectionId": null })), "no connectionId"),
        (
            offer(json!({ "connectionToken": null })),
            "no connectionToken",
        ),
        (
            offer(json!({ "availableTransports": null })),
            "no availableTransports",
        ),
        (
            offer(json!({ "availableTransports": [] })),
            "no transport leads to the server",
        ),
        (
            offer(json!({ "error": "you are not welcome" })),
            "you are not welcome",
        ),
        (
            r#"{"connectionId":"a""#.to_owned(),
            "is not a negotiation of SignalR",
        ),
        ("[]".to_owned(), "is not a negotiation of SignalR"),
        (r#""x""#.to_owned(), "is not a negotiation of SignalR"),
        ("null".to_owned(), "is not a negotiation of SignalR"),
    ] {
        let mut server = ScriptedServer::start().await;
        let connection = server.builder().build().unwrap();
        let (asked, error) =
            refused_with(&mut server, &connection, vec![text(answer.clone())]).await;
        assert_eq!(asked, ["POST /hub/negotiate"], "{answer}");
        assert!(error.to_string().contains(reason), "{answer}: {error}");
    }
}

#[tokio::test]
async fn redirects_of_http_are_followed_without_the_token() {
    for (code, method) in [(301, "GET"), (302, "GET"), (307, "POST"), (308, "POST")] {
        let mut server = ScriptedServer::start().await;
        let connection = server
            .builder()
            .access_token_provider(|| async { Ok::<_, String>(Some("T".to_owned())) })
            .build()
            .unwrap();
        let start = starting(&connection);
        let request = server.next().await;
        assert_eq!(request.header(AUTHORIZATION), Some("Bearer T"));
        request.respond(code, &[(LOCATION, "/moved/negotiate?here=1")], "");
        let request = server.next().await;
        assert_eq!(
            line(&request),
            format!("{method} /moved/negotiate"),
            "{code}"
        );
        assert_eq!(request.query("here").as_deref(), Some("1"));
        assert_eq!(request.header(AUTHORIZATION), None, "{code}");
        request.json(&offer("TOKEN", &[Transport::WebSockets]));
        let request = server.next().await;
        assert_eq!(line(&request), "WEBSOCKET /hub TOKEN", "{code}");
        assert_eq!(request.header(AUTHORIZATION), Some("Bearer T"));
        let _socket = request.accept().await;
        soon(start).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn one_that_is_not_answered_ends_with_the_start() {
    let mut server = ScriptedServer::start().await;
    let connection = server.builder().build().unwrap();
    let mut states = connection.state_changes();
    let start = starting(&connection);
    let request = server.next().await;
    start.abort();
    request.given_up().await;
    soon(states.wait_for(HubConnectionState::Disconnected)).await;

    let start = starting(&connection);
    let request = server.next().await;
    soon(connection.stop()).await;
    request.given_up().await;
    let error = soon(start).await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::Cancelled), "{error}");
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
}

//! What is wrong is told with what it is, and leaves the connection in the state that is promised.

mod support;

use campanile_hub_client::{
    ClientError, HubConnection, HubConnectionBuilder, HubConnectionState, RetryDelays,
};
use campanile_web::WebHostBuilderExt;
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::fake::FakeServer;
use crate::support::{Server, soon};

/// A start that has to fail; it can be tried again.
async fn refused(connection: HubConnection) -> ClientError {
    let error = soon(connection.start()).await.unwrap_err();
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    let again = soon(connection.start()).await.unwrap_err();
    assert_eq!(again.to_string(), error.to_string());
    error
}

#[tokio::test]
async fn urls_that_are_none() {
    for (url, reason) in [
        ("", "'' is not the URL of a hub"),
        ("hub", "begins with neither http:// nor https://"),
        (
            "ftp://localhost/hub",
            "begins with neither http:// nor https://",
        ),
        ("http://", "'http://' is not the URL of a hub"),
        ("http://a b/hub", "'http://a b/hub' is not the URL of a hub"),
    ] {
        let error = HubConnectionBuilder::new(url).build().unwrap_err();
        assert!(matches!(error, ClientError::Url { .. }), "{url}: {error}");
        assert!(error.to_string().contains(reason), "{url}: {error}");
    }
}

#[tokio::test]
async fn answers_to_negotiate_that_are_none() {
    let server = Server::start_with(|host| {
        let old = r#"{"ProtocolVersion":"1.5","ConnectionToken":"x"}"#;
        host.map_post("/json/negotiate", |_| async { r#"{"hello":1}"# })
            .map_post("/old/negotiate", move |_| async move { old })
            .map_post("/bare/negotiate", |_| async { "" })
            .map_post("/error/negotiate", |_| async { r#"{"error":"not here"}"# })
            .map_post("/nothing/negotiate", |_| async {
                r#"{"connectionId":"x","availableTransports":[]}"#
            })
            .map_post("/circle/negotiate", |_| async { r#"{"url":"http://:0"}"# })
    })
    .await;
    for (path, text) in [
        (
            "/html",
            "the answer of POST /html/negotiate is not a negotiation of SignalR",
        ),
        ("/json", "it has no connectionId"),
        ("/bare", "POST /bare/negotiate is not a negotiation"),
        ("/old", "ASP.NET SignalR, not of ASP.NET Core SignalR"),
        ("/error", "the server refused the negotiation: not here"),
        ("/nothing", "no transport leads to the server"),
        ("/circle", "'http://:0' is not the URL of a hub"),
    ] {
        let error = refused(server.builder_at(path).build().unwrap()).await;
        assert!(error.to_string().contains(text), "{path}: {error}");
    }
    server.stop().await;
}

#[tokio::test]
async fn statuses_of_http() {
    let server = Server::start_with(|host| {
        host.map_post("/who/negotiate", |_| async {
            (StatusCode::UNAUTHORIZED, "")
        })
        .map_post("/never/negotiate", |_| async {
            (StatusCode::FORBIDDEN, "")
        })
        .map_post("/ill/negotiate", |_| async {
            (StatusCode::INTERNAL_SERVER_ERROR, "")
        })
    })
    .await;
    for (path, status) in [
        ("/who", StatusCode::UNAUTHORIZED),
        ("/never", StatusCode::FORBIDDEN),
        ("/ill", StatusCode::INTERNAL_SERVER_ERROR),
        ("/a-hub-that-nobody-knows", StatusCode::NOT_FOUND),
    ] {
        let error = refused(server.builder_at(path).build().unwrap()).await;
        assert_eq!(error.status(), Some(status), "{error}");
        let text = format!("POST {path}/negotiate was answered with {status}");
        assert_eq!(error.to_string(), text);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_server_of_something_else() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 mail.example ready\r\n").await;
            let _ = stream.read(&mut [0; 1024]).await;
        }
    });
    let builder = HubConnectionBuilder::new(format!("http://{address}/hub"));
    let error = refused(builder.build().unwrap()).await;
    assert!(matches!(error, ClientError::Network { .. }), "{error}");
    assert!(error.to_string().contains("POST /hub/negotiate"), "{error}");
}

#[tokio::test]
async fn messages_that_are_garbage_end_the_connection() {
    for (message, text) in [
        ("garbage", "not a message of the protocol"),
        (r#"{"type":1,"target":7,"arguments":[]}"#, "target"),
        (r#"{"no":"type"}"#, "not a message of the protocol"),
    ] {
        let server = FakeServer::start().await;
        let connection = server.connect().await;
        let mut states = connection.state_changes();
        let (sender, mut closed) = tokio::sync::mpsc::unbounded_channel();
        connection.on_closed(move |error| drop(sender.send(error.cloned())));
        let items = soon(connection.stream::<i32>("Count", ())).await.unwrap();
        server.send(message);
        assert!(soon(states.wait_for(HubConnectionState::Disconnected)).await);
        let error = soon(closed.recv()).await.unwrap().unwrap();
        assert!(matches!(error, ClientError::Protocol(_)), "{error}");
        assert!(error.to_string().contains(text), "{message}: {error}");
        let mut items = items;
        let lost = soon(items.next()).await.unwrap().unwrap_err();
        assert!(
            matches!(lost, ClientError::ConnectionLost(Some(_))),
            "{lost}"
        );
        assert!(lost.to_string().contains(text), "{message}: {lost}");
    }
}

#[tokio::test]
async fn messages_that_mean_nothing_do_no_harm() {
    let mut server = FakeServer::start().await;
    let connection = server.connect().await;
    for message in [
        r#"{"type":77}"#,
        r#"{"type":3,"invocationId":"99","result":1}"#,
        r#"{"type":2,"invocationId":"none","item":1}"#,
        r#"{"type":1,"target":"Nobody","arguments":[]}"#,
        r#"{"type":5,"invocationId":"1"}"#,
        r#"{"type":8,"sequenceId":1}"#,
    ] {
        server.send(message);
    }
    let call = tokio::spawn(async move { connection.invoke::<i32>("Add", (1, 2)).await });
    let asked = soon(server.message()).await;
    let id = asked["invocationId"].as_str().unwrap();
    server.send(&format!(r#"{{"type":3,"invocationId":"{id}","result":3}}"#));
    assert_eq!(soon(call).await.unwrap().unwrap(), 3);
}

#[tokio::test]
async fn a_result_of_the_wrong_type_fails_its_call_alone() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let error = soon(connection.invoke::<String>("Add", (1, 2)))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Result(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("not of the type that was asked for"),
        "{text}"
    );
    assert_eq!(connection.state(), HubConnectionState::Connected);

    let told =
        connection.on_with_result("Odd", |text: String| async move { Ok::<_, String>(text) });
    let error = soon(connection.invoke::<i32>("AskMe", ("Odd", 1)))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Hub(_)), "{error}");
    told.remove();
    let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    assert_eq!(sum, 3);
    server.stop().await;
}

/// Nothing can be read into it.
#[derive(Debug)]
struct Trap;

impl<'de> Deserialize<'de> for Trap {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("it snapped")
    }
}

#[tokio::test]
async fn a_result_whose_reading_panics_ends_the_connection_and_nobody_waits_on() {
    let server = Server::start().await;
    let connection = server.builder().build().unwrap();
    let (closed, mut reason) = mpsc::unbounded_channel();
    connection.on_closed(move |error| drop(closed.send(error.map(ToString::to_string))));
    soon(connection.start()).await.unwrap();
    let mut waiting = soon(connection.stream::<i32>("ForEver", ())).await.unwrap();
    let error = soon(connection.invoke::<Trap>("Add", (1, 2)))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::ConnectionLost(_)), "{error}");
    while let Some(item) = soon(waiting.next()).await {
        if let Err(error) = item {
            assert!(matches!(error, ClientError::ConnectionLost(_)), "{error}");
        }
    }
    let reason = soon(reason.recv()).await.unwrap();
    let text = "reading a message panicked: it snapped";
    assert_eq!(reason.as_deref(), Some(text));
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    soon(connection.start()).await.unwrap();
    let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    assert_eq!(sum, 3);
    server.stop().await;
}

#[tokio::test]
async fn a_failing_token_provider_is_named() {
    let connection = HubConnectionBuilder::new("http://localhost:1/hub")
        .access_token_provider(|| async { Err::<Option<String>, _>("the vault is closed") })
        .automatic_reconnect_with(RetryDelays::default())
        .build()
        .unwrap();
    let error = refused(connection).await;
    let text = "the access token provider failed: the vault is closed";
    assert_eq!(error.to_string(), text);
}

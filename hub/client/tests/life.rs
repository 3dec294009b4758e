//! Starts, stops, losses and reconnects.

mod support;

use std::sync::Arc;
use std::time::Duration;

use campanile_hub_client::{ClientError, HubConnectionBuilder, HubConnectionState, RetryDelays};
use http::StatusCode;
use tokio::sync::mpsc;

use crate::support::{Server, soon, told};

#[tokio::test]
async fn what_is_no_hub_is_told_apart() {
    let server = Server::start().await;
    let error = |path: &str| {
        let connection = HubConnectionBuilder::new(format!("{}{path}", server.url))
            .build()
            .unwrap();
        async move {
            let error = soon(connection.start()).await.unwrap_err();
            assert_eq!(connection.state(), HubConnectionState::Disconnected);
            error
        }
    };
    let html = error("/html").await;
    assert!(matches!(html, ClientError::NotSignalR { .. }), "{html}");
    assert_eq!(
        error("/refused").await.status(),
        Some(StatusCode::FORBIDDEN)
    );
    assert_eq!(
        error("/nowhere").await.status(),
        Some(StatusCode::NOT_FOUND)
    );
    for url in ["hub", "ftp://localhost/hub", "http://"] {
        let error = HubConnectionBuilder::new(url).build().unwrap_err();
        assert!(matches!(error, ClientError::Url { .. }), "{error}");
    }
    let url = server.url.clone();
    server.stop().await;
    let gone = HubConnectionBuilder::new(url).build().unwrap();
    let error = soon(gone.start()).await.unwrap_err();
    assert!(matches!(error, ClientError::Network { .. }), "{error}");
}

#[tokio::test]
async fn calls_need_a_connection() {
    let server = Server::start().await;
    let connection = server.builder().build().unwrap();
    let error = connection.invoke::<i32>("Add", (1, 2)).await.unwrap_err();
    assert!(matches!(error, ClientError::State { .. }), "{error}");
    soon(connection.start()).await.unwrap();
    assert!(matches!(
        connection.start().await,
        Err(ClientError::State { .. })
    ));
    let _: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    soon(connection.stop()).await;
    soon(connection.start()).await.unwrap();
    let _: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_stop_cancels_what_is_under_way() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let mut items = soon(connection.stream::<i32>("ForEver", ())).await.unwrap();
    let call = tokio::spawn({
        let connection = connection.clone();
        async move { connection.invoke::<()>("Wait", ()).await }
    });
    // Its own task has sent the call when it is answered.
    let _: Result<i32, _> = soon(connection.invoke("Nobody", ())).await;
    soon(connection.stop()).await;
    let error = soon(items.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::Cancelled), "{error}");
    assert!(soon(items.next()).await.is_none());
    assert!(soon(call).await.unwrap().is_err());
    server.stop().await;
}

#[tokio::test]
async fn a_flood_of_items_is_read_by_and_by_and_holds_up_neither_calls_nor_a_stop() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let mut items = soon(connection.stream::<i32>("Count", (i32::MAX,)))
        .await
        .unwrap();
    for number in 0..10_000 {
        assert_eq!(soon(items.next()).await.unwrap().unwrap(), number);
    }
    let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    assert_eq!(sum, 3);
    soon(connection.stop()).await;
    let mut last = soon(items.next()).await.unwrap();
    while last.is_ok() {
        last = soon(items.next()).await.unwrap();
    }
    assert!(matches!(last, Err(ClientError::Cancelled)), "{last:?}");
    assert!(soon(items.next()).await.is_none());
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again() {
    let server = Server::start().await;
    let connection = server
        .builder()
        .automatic_reconnect_with(RetryDelays::new([Duration::from_millis(20)]).for_ever())
        .build()
        .unwrap();
    let mut numbers = told(&connection, "Number");
    let (sender, mut events) = mpsc::unbounded_channel();
    let sender = Arc::new(sender);
    connection.on_reconnecting({
        let sender = sender.clone();
        move |_| drop(sender.send("reconnecting".to_owned()))
    });
    connection.on_reconnected({
        let sender = sender.clone();
        move |id| drop(sender.send(format!("reconnected {}", id.is_some())))
    });
    connection.on_closed(move |error| drop(sender.send(format!("closed {}", error.is_some()))));
    soon(connection.start()).await.unwrap();
    let first = connection.connection_id();
    let pending = soon(connection.stream::<i32>("ForEver", ())).await.unwrap();

    let url = server.url.clone();
    server.stop().await;
    assert_eq!(soon(events.recv()).await.unwrap(), "reconnecting");
    let mut pending = pending;
    let error = soon(pending.next()).await.unwrap().unwrap_err();
    assert!(matches!(error, ClientError::ConnectionLost(_)), "{error}");

    let server = Server::start_at(&url).await;
    assert_eq!(soon(events.recv()).await.unwrap(), "reconnected true");
    assert_eq!(connection.state(), HubConnectionState::Connected);
    assert_ne!(connection.connection_id(), first);
    soon(connection.send("TellMe", ("Number", 5)))
        .await
        .unwrap();
    assert_eq!(soon(numbers.recv()).await, Some(5), "handlers stay");

    soon(connection.stop()).await;
    assert_eq!(soon(events.recv()).await.unwrap(), "closed false");
    server.stop().await;
}

#[tokio::test]
async fn a_lost_connection_without_reconnects_is_closed() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let mut states = connection.state_changes();
    server.stop().await;
    assert!(soon(states.wait_for(HubConnectionState::Disconnected)).await);
    assert!(connection.invoke::<i32>("Add", (1, 2)).await.is_err());
}

#[tokio::test]
async fn the_last_handle_takes_the_connection_along() {
    let server = Server::start().await;
    let connection = server.connect().await;
    let mut states = connection.state_changes();
    drop(connection);
    // Either the state is seen, or the end of all states.
    soon(states.wait_for(HubConnectionState::Disconnected)).await;
    server.stop().await;
}

//! What takes its time, in paused time.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use campanile_hub_client::{ClientError, HubConnectionState, RetryDelays};
use tokio::time::Instant;

use crate::support::fake::FakeServer;

/// Seconds since then, whole ones.
fn seconds(since: Instant) -> u64 {
    since.elapsed().as_secs()
}

#[tokio::test]
async fn a_lost_connection_is_tried_again_after_0_2_10_and_30_seconds() {
    let server = FakeServer::start().await;
    // Attempts fail before they reach the network, which paused time does not wait for.
    let (there, attempts) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(Mutex::new(Vec::new())),
    );
    let connection = server
        .builder()
        .access_token_provider({
            let (there, attempts) = (there.clone(), attempts.clone());
            move || {
                let there = there.load(Ordering::Relaxed);
                if !there {
                    attempts.lock().unwrap().push(Instant::now());
                }
                async move { there.then_some(None).ok_or("gone") }
            }
        })
        .automatic_reconnect()
        .build()
        .unwrap();
    connection.start().await.unwrap();
    let mut states = connection.state_changes();
    there.store(false, Ordering::Relaxed);
    tokio::time::pause();
    server.drop_connection();
    assert!(states.wait_for(HubConnectionState::Disconnected).await);
    let attempts = attempts.lock().unwrap();
    let since_the_first: Vec<_> = attempts
        .iter()
        .map(|it| (*it - attempts[0]).as_secs())
        .collect();
    assert_eq!(since_the_first, [0, 2, 12, 42]);
    assert_eq!(seconds(attempts[3]), 0, "closed with the last attempt");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_lost_after_its_timeout() {
    let server = FakeServer::start().await;
    let connection = server.connect().await;
    let (sender, mut closed) = tokio::sync::mpsc::unbounded_channel();
    connection.on_closed(move |error| drop(sender.send(error.cloned())));
    let mut items = connection.stream::<i32>("Count", ()).await.unwrap();
    tokio::time::pause();
    let since = Instant::now();
    let error = items.next().await.unwrap().unwrap_err();
    assert!((29..=31).contains(&seconds(since)), "{} s", seconds(since));
    assert_eq!(
        error.to_string(),
        "the connection was lost: the server was silent for 30000 ms"
    );
    let error = closed.recv().await.unwrap().unwrap();
    assert!(matches!(error, ClientError::ServerSilent(_)), "{error}");
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
}

#[tokio::test]
async fn pings_of_the_server_keep_a_quiet_connection() {
    let server = FakeServer::start().await;
    let connection = server.connect().await;
    tokio::time::pause();
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(20)).await;
        server.send(r#"{"type":6}"#);
    }
    assert_eq!(connection.state(), HubConnectionState::Connected);
}

#[tokio::test]
async fn silence_is_noticed_on_the_next_connection_as_well() {
    let server = FakeServer::start().await;
    let connection = server
        .builder()
        .automatic_reconnect_with(RetryDelays::new([Duration::ZERO]))
        .build()
        .unwrap();
    let (sender, mut events) = tokio::sync::mpsc::unbounded_channel();
    let reconnected = sender.clone();
    connection.on_reconnected(move |_| drop(reconnected.send(None)));
    connection.on_reconnecting(move |error| drop(sender.send(error.cloned())));
    connection.start().await.unwrap();
    server.drop_connection();
    assert!(events.recv().await.unwrap().is_some());
    assert!(events.recv().await.unwrap().is_none());
    tokio::time::pause();
    let since = Instant::now();
    let lost = events.recv().await.unwrap().unwrap();
    assert!(matches!(lost, ClientError::ServerSilent(_)), "{lost}");
    assert!((29..=31).contains(&seconds(since)), "{} s", seconds(since));
}

#[tokio::test]
async fn a_handshake_that_is_not_answered_is_given_up() {
    let mut server = FakeServer::silent().await;
    let connection = server.builder().build().unwrap();
    let start = tokio::spawn({
        let connection = connection.clone();
        async move { connection.start().await }
    });
    assert_eq!(server.anything().await["protocol"], "json");
    tokio::time::pause();
    let since = Instant::now();
    let error = start.await.unwrap().unwrap_err();
    assert!((14..=15).contains(&seconds(since)), "{} s", seconds(since));
    assert_eq!(error.to_string(), "the handshake took too long");
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
}

#[tokio::test]
async fn the_server_is_told_every_15_seconds_that_the_client_is_there() {
    let mut server = FakeServer::start().await;
    let connection = server
        .builder()
        .server_timeout(Duration::from_secs(3600))
        .build()
        .unwrap();
    connection.start().await.unwrap();
    assert!(server.anything().await["protocol"].is_string());
    assert_eq!(
        server.anything().await["type"],
        6,
        "at once, so that the server expects more"
    );
    tokio::time::pause();
    let since = Instant::now();
    for count in 1..=4 {
        assert_eq!(server.anything().await["type"], 6);
        // The first interval began a little before.
        assert!(
            seconds(since) >= 15 * count - 1,
            "{count}: {} s",
            seconds(since)
        );
    }
    assert_eq!(connection.state(), HubConnectionState::Connected);
}

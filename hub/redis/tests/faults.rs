//! What becomes of the farm when Redis, or one of its servers, goes.

mod support;

use campanile_hub::HubError;
use campanile_hub_client::HubConnectionState;
use campanile_hub_redis::WhenUnreachable;
use end_to_end::{Redis, eventually, soon};
use support::{Server, nowhere};

#[tokio::test]
async fn a_redis_that_comes_back_finds_everybody_again() {
    let Some(mut redis) = Redis::start("a_redis_that_comes_back_finds_everybody_again").await
    else {
        return;
    };
    let (a, b) = (
        Server::start(&redis.address()).await,
        Server::start(&redis.address()).await,
    );
    let mut one = a.client().await;
    let mut two = b.client().await;
    two.join(&two.id(), "g").await;
    redis.kill();
    eventually("Redis is lost, or found again", || {
        !a.backplane().is_connected() && !b.backplane().is_connected()
    })
    .await;
    let error = soon(a.context().clients().untyped().all().send("Number", (1,)))
        .await
        .unwrap_err();
    assert!(matches!(error, HubError::Backplane(_)), "{error}");
    redis.restart().await;
    eventually("Redis is lost, or found again", || {
        a.backplane().is_connected() && b.backplane().is_connected()
    })
    .await;
    assert_eq!(one.connection.state(), HubConnectionState::Connected);
    let clients = a.context().clients().untyped();
    soon(clients.all().send("Number", (2,))).await.unwrap();
    soon(clients.group("g").send("Number", (3,))).await.unwrap();
    soon(clients.client(&two.id()).send("Number", (4,)))
        .await
        .unwrap();
    assert_eq!(one.told().await, 2);
    let mut heard = [two.told().await, two.told().await, two.told().await];
    heard.sort_unstable();
    assert_eq!(heard, [2, 3, 4]);
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_host_without_redis_starts_and_is_not_ready_and_refuses() {
    let a = Server::start(&nowhere()).await;
    assert!(!a.backplane().is_connected());
    assert!(a.backplane().last_error().is_some());
    let connection = campanile_hub_client::HubConnectionBuilder::new(a.url("/hub"))
        .build()
        .unwrap();
    // The handshake is answered before anybody knows; then the client is told to go.
    let closed = std::sync::Arc::new(tokio::sync::Notify::new());
    connection.on_closed({
        let closed = closed.clone();
        move |_| closed.notify_one()
    });
    if soon(connection.start()).await.is_ok() {
        soon(closed.notified()).await;
    }
    a.stop().await;
}

#[tokio::test]
async fn where_it_is_wanted_a_server_serves_its_own_clients_meanwhile() {
    let a = Server::start_with(
        &nowhere(),
        |options| {
            options.when_unreachable = WhenUnreachable::ServeLocally;
        },
        |_| {},
    )
    .await;
    let mut client = a.client().await;
    client.join(&client.id(), "g").await;
    let clients = a.context().clients().untyped();
    soon(clients.group("g").send("Number", (1,))).await.unwrap();
    assert_eq!(client.told().await, 1);
    a.stop().await;
}

#[tokio::test]
async fn where_it_is_wanted_messages_wait_for_redis() {
    let Some(mut redis) = Redis::start("where_it_is_wanted_messages_wait_for_redis").await else {
        return;
    };
    let a = Server::start_with(
        &redis.address(),
        |options| {
            options.queued_while_unreachable = 1000;
        },
        |_| {},
    )
    .await;
    let mut client = a.client().await;
    redis.kill();
    eventually("Redis is lost, or found again", || {
        !a.backplane().is_connected()
    })
    .await;
    let clients = a.context().clients().untyped();
    let waiting = tokio::spawn({
        let clients = clients.clone();
        async move { clients.all().send("Number", (1,)).await }
    });
    let large = "x".repeat(2000);
    let error = soon(clients.all().send("Text", (large,)))
        .await
        .unwrap_err();
    assert!(matches!(error, HubError::Backplane(_)), "{error}");
    redis.restart().await;
    soon(waiting).await.unwrap().unwrap();
    assert_eq!(client.told().await, 1);
    a.stop().await;
}

#[tokio::test]
async fn who_waits_for_a_server_that_dies_is_told() {
    let Some(redis) = Redis::start("who_waits_for_a_server_that_dies_is_told").await else {
        return;
    };
    let a = Server::start(&redis.address()).await;
    // A server that hears the question and never answers: its subscription ends with its connection.
    let mut silent = redis.subscriber("FarmHub:connection:gone").await;
    let asking = tokio::spawn({
        let asked = a.context().clients().untyped().client("gone");
        async move { asked.invoke::<i32>("Double", (1,)).await }
    });
    silent.hears().await;
    drop(silent);
    let error = soon(asking).await.unwrap().unwrap_err();
    assert!(
        matches!(error, HubError::ClientDisconnected { .. }),
        "{error}"
    );
    a.stop().await;
}

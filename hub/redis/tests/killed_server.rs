//! A server is killed while messages are on their way, and while others wait for it.

mod support;

use std::time::{Duration, Instant};

use campanile_hub::HubError;
use campanile_hub_client::HubConnectionBuilder;
use campanile_hub_redis::RedisOptions;
use end_to_end::{ConformanceServer, Redis, eventually, free_port, soon};
use support::talk::Talk;
use support::{FarmHub, Server};
use tokio::sync::mpsc;

/// A little more than a server looks twice for one that it waits for.
const BOUND: Duration = Duration::from_secs(10);

/// Under the name that its hub has at the server that is killed, a process of its own.
async fn server(redis: &Redis) -> Server {
    let named = |options: &mut RedisOptions| {
        options.hub_name::<FarmHub>("Reference.ConformanceHub");
    };
    Server::start_with(&redis.address(), named, |_| {}).await
}

#[tokio::test]
async fn who_waits_for_it_is_told_and_the_others_go_on() {
    let test = "who_waits_for_it_is_told_and_the_others_go_on";
    let Some(redis) = Redis::start(test).await else {
        return;
    };
    // First: nothing else goes on here while it is built.
    let killed = ConformanceServer::start_in_farm(&redis.address(), free_port());
    let (a, c) = (server(&redis).await, server(&redis).await);
    let mut clients = [a.client().await, c.client().await];
    for client in &clients {
        client.join(&client.id(), "g").await;
    }
    let (asked, mut questions) = mpsc::unbounded_channel();
    let lost = HubConnectionBuilder::new(killed.url("/hubs/conformance"))
        .build()
        .unwrap();
    lost.on_with_result("Ponder", move |number: i32| {
        let _ = asked.send(number);
        std::future::pending::<Result<i32, String>>()
    });
    soon(lost.start()).await.unwrap();
    let id: String = soon(lost.invoke("CallerId", ())).await.unwrap();
    let groups = a.context().groups();
    soon(groups.add(&id, "g")).await.unwrap();
    let mut talk = Talk::start(a.context());

    let asking = tokio::spawn({
        let client = a.context().clients().untyped().client(&id);
        async move { client.invoke::<i32>("Ponder", (1,)).await }
    });
    assert_eq!(soon(questions.recv()).await, Some(1));
    eventually("there is traffic", || talk.sent() > 20).await;
    killed.freeze();
    let joining = tokio::spawn({
        let id = id.clone();
        async move { groups.add(&id, "h").await }
    });
    // The command is on its way: what is sent after it is.
    let sent = talk.sent();
    eventually("there is more traffic", || talk.sent() > sent + 20).await;
    assert!(!asking.is_finished(), "{:?}", asking.await);
    assert!(!joining.is_finished(), "{:?}", joining.await);

    drop(killed);
    let since = Instant::now();
    let answer = soon(asking).await.unwrap().unwrap_err();
    assert!(
        matches!(&answer, HubError::ClientDisconnected { connection_id } if *connection_id == id),
        "{answer}"
    );
    // A connection that is nowhere is in no group, as on a single server.
    soon(joining).await.unwrap().unwrap();
    assert!(since.elapsed() < BOUND, "after {:?}", since.elapsed());
    let client = a.context().clients().untyped().client(&id);
    let answer = soon(client.invoke::<i32>("Ponder", (2,))).await;
    assert!(
        matches!(answer, Err(HubError::NoSuchClient { .. })),
        "{answer:?}"
    );

    let sent = talk.sent();
    eventually("there is more traffic", || talk.sent() > sent + 20).await;
    let next = talk.stop().await;
    assert_eq!(talk.sent(), next, "no send has failed");
    for client in &mut clients {
        for number in 0..next {
            assert_eq!(client.told().await, number);
        }
    }
    a.stop().await;
    c.stop().await;
}

//! Two servers on one Redis, as their clients see them.

mod support;

use campanile_hub::{HubContext, HubError};
use campanile_hub_client::HubProtocol;
use end_to_end::{Redis, soon};
use support::{FarmHub, Server, worker};

#[tokio::test]
async fn every_target_reaches_the_clients_of_both_servers_once_and_in_order() {
    let Some(redis) =
        Redis::start("every_target_reaches_the_clients_of_both_servers_once_and_in_order").await
    else {
        return;
    };
    let (a, b) = (
        Server::start(&redis.address()).await,
        Server::start(&redis.address()).await,
    );
    let mut one = a.client().await;
    let mut two = b.client_in(HubProtocol::MessagePack).await;
    let clients = a.context().clients().untyped();
    two.join(&two.id(), "g").await;
    // The group of a connection on the other server.
    two.join(&one.id(), "g").await;
    for number in 0..100 {
        soon(clients.all().send("Number", (number,))).await.unwrap();
    }
    soon(clients.all_except([one.id()]).send("Number", (100,)))
        .await
        .unwrap();
    soon(clients.group("g").send("Number", (101,)))
        .await
        .unwrap();
    soon(clients.group_except("g", [two.id()]).send("Number", (102,)))
        .await
        .unwrap();
    soon(clients.client(&two.id()).send("Number", (103,)))
        .await
        .unwrap();
    soon(
        clients
            .clients([one.id(), two.id(), "nobody".to_owned()])
            .send("Number", (104,)),
    )
    .await
    .unwrap();
    two.leave(&one.id(), "g").await;
    soon(clients.group("g").send("Number", (105,)))
        .await
        .unwrap();
    soon(clients.all().send("Number", (106,))).await.unwrap();
    let expected_one = (0..100).chain([101, 102, 104, 106]);
    for number in expected_one {
        assert_eq!(one.told().await, number);
    }
    let mut heard: Vec<i32> = Vec::new();
    for _ in 0..105 {
        heard.push(two.told().await);
    }
    // What goes over different channels may overtake; what goes over one does not.
    assert!(heard[..100].iter().copied().eq(0..100), "{heard:?}");
    heard.sort_unstable();
    assert_eq!(heard[100..], [100, 101, 103, 104, 105]);
    assert_eq!(two.told().await, 106);
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn clients_are_asked_from_the_other_server_and_from_where_there_is_none() {
    let Some(redis) =
        Redis::start("clients_are_asked_from_the_other_server_and_from_where_there_is_none").await
    else {
        return;
    };
    let (a, b) = (
        Server::start(&redis.address()).await,
        Server::start(&redis.address()).await,
    );
    for protocol in [HubProtocol::Json, HubProtocol::MessagePack] {
        let client = b.client_in(protocol).await;
        let asked = a.context().clients().untyped().client(&client.id());
        let answer: i32 = soon(asked.invoke("Double", (21,))).await.unwrap();
        assert_eq!(answer, 42);
    }
    let nobody = a.context().clients().untyped().client("nobody");
    let error = soon(nobody.invoke::<i32>("Double", (1,)))
        .await
        .unwrap_err();
    assert!(matches!(error, HubError::NoSuchClient { .. }), "{error}");

    let worker = worker(&redis.address()).await;
    let mut client = b.client().await;
    let context = worker.services().required::<HubContext<FarmHub>>().unwrap();
    let clients = context.clients().untyped();
    soon(clients.all().send("Number", (7,))).await.unwrap();
    assert_eq!(client.told().await, 7);
    let answer: i32 = soon(clients.client(&client.id()).invoke("Double", (4,)))
        .await
        .unwrap();
    assert_eq!(answer, 8);
    soon(worker.stop()).await.unwrap();
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_connection_that_is_nowhere_is_in_no_group() {
    let Some(redis) = Redis::start("a_connection_that_is_nowhere_is_in_no_group").await else {
        return;
    };
    let a = Server::start(&redis.address()).await;
    soon(a.context().groups().add("nobody", "g")).await.unwrap();
    soon(a.context().groups().remove("nobody", "g"))
        .await
        .unwrap();
    a.stop().await;
}

//! A hub protocol that is not built in, over two servers.

#[path = "../../examples/cbor/protocol.rs"]
mod cbor;
mod support;

use campanile_host::HostBuilder;
use campanile_hub::HubHostBuilderExt;
use campanile_hub_client::HubProtocol;
use end_to_end::{Redis, soon};
use support::Server;

use crate::cbor::CBOR;

const PROTOCOL: HubProtocol = HubProtocol::Custom(&CBOR);

/// A server that knows it.
async fn start(redis: &str) -> Server {
    let add = |host: HostBuilder| host.add_hub_protocol(&CBOR);
    Server::start_as(redis, |_| {}, |_| {}, add).await
}

#[tokio::test]
async fn the_clients_of_other_servers_are_reached_and_asked_in_every_protocol() {
    let Some(redis) =
        Redis::start("the_clients_of_other_servers_are_reached_and_asked_in_every_protocol").await
    else {
        return;
    };
    let address = redis.address();
    let start = async || start(&address).await;
    let (a, b) = (start().await, start().await);
    let clients = a.context().clients().untyped();
    let mut there = Vec::new();
    for server in [&a, &b] {
        for protocol in [HubProtocol::Json, HubProtocol::MessagePack, PROTOCOL] {
            there.push(server.client_in(protocol).await);
        }
    }
    for number in 0..20 {
        soon(clients.all().send("Number", (number,))).await.unwrap();
    }
    for client in &mut there {
        for number in 0..20 {
            assert_eq!(client.told().await, number);
        }
        let asked = clients.client(&client.id());
        let answer: i32 = soon(asked.invoke("Double", (21,))).await.unwrap();
        assert_eq!(answer, 42);
        let refused = soon(asked.invoke::<i32>("Nobody", ())).await;
        assert!(refused.is_err(), "{refused:?}");
    }
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_server_without_it_reaches_the_clients_of_the_other_protocols() {
    let Some(redis) =
        Redis::start("a_server_without_it_reaches_the_clients_of_the_other_protocols").await
    else {
        return;
    };
    let without = Server::start(&redis.address()).await;
    let with = start(&redis.address()).await;
    let mut json = with.client().await;
    let mut cbor = with.client_in(PROTOCOL).await;
    let clients = without.context().clients().untyped();
    soon(clients.all().send("Number", (1,))).await.unwrap();
    assert_eq!(json.told().await, 1);
    // The first message was not for it; what is sent here is.
    let clients = with.context().clients().untyped();
    soon(clients.all().send("Number", (2,))).await.unwrap();
    assert_eq!(cbor.told().await, 2);
    assert_eq!(json.told().await, 2);
    without.stop().await;
    with.stop().await;
}

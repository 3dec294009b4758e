//! A client whose connection is cut again and again, while another server sends to it.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use campanile_hub_client::HubProtocol;
use end_to_end::{Redis, Wire, soon};
use support::{Client, Server};

const CUTS: usize = 25;

#[tokio::test]
async fn nothing_of_another_server_is_lost_or_doubled_over_many_cuts() {
    let test = "nothing_of_another_server_is_lost_or_doubled_over_many_cuts";
    let Some(redis) = Redis::start(test).await else {
        return;
    };
    let a = Server::start(&redis.address()).await;
    let b = Server::start_with(
        &redis.address(),
        |_| {},
        |options| options.allow_stateful_reconnects = true,
    )
    .await;
    for protocol in HubProtocol::BUILT_IN {
        let wire = Wire::to(b.address());
        let url = format!("{}/hub", wire.url());
        let mut client =
            Client::connect(&url, |it| it.protocol(protocol).stateful_reconnect()).await;
        let id = client.id();
        client.join(&id, "g").await;

        let over = Arc::new(AtomicBool::new(false));
        let talk = tokio::spawn({
            let clients = a.context().clients().untyped();
            let (over, id) = (over.clone(), id.clone());
            async move {
                let mut number = 0;
                while !over.load(Ordering::Relaxed) {
                    // Even ones to the group, odd ones to the connection: two channels.
                    let group = clients.group("g");
                    soon(group.send("Number", (number,))).await.unwrap();
                    let itself = clients.client(&id);
                    soon(itself.send("Number", (number + 1,))).await.unwrap();
                    number += 2;
                }
                number
            }
        });
        for _ in 0..CUTS {
            wire.cut();
            // The next cut comes when the connection has carried something again.
            client.here().await;
        }
        over.store(true, Ordering::Relaxed);
        let sent = soon(talk).await.unwrap();

        let (mut even, mut odd) = (Vec::new(), Vec::new());
        for _ in 0..sent {
            let number = client.told().await;
            if number % 2 == 0 { &mut even } else { &mut odd }.push(number);
        }
        assert!(sent > 0);
        assert!(even.into_iter().eq((0..sent).step_by(2)), "the group's");
        assert!(odd.into_iter().eq((1..sent).step_by(2)), "its own");
        // What comes next is what is sent next: nothing came twice.
        let all = a.context().clients().untyped().all();
        soon(all.send("Number", (-1,))).await.unwrap();
        assert_eq!(client.told().await, -1);
        assert_eq!(client.id(), id, "it is the same connection");
        client.connection.stop().await;
    }
    a.stop().await;
    b.stop().await;
}

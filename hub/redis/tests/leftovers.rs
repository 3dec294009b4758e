//! After faults under traffic, once the clients have gone, servers and Redis keep no more than before.

mod support;

use std::time::Duration;

use campanile_host::metrics::Metrics;
use end_to_end::{Redis, eventually, soon};
use support::Server;
use support::talk::Talk;

/// Each kind several times: what is left behind once could be for good reasons, what grows cannot.
const FAULTS: usize = 9;

#[tokio::test]
async fn nothing_is_left_behind_by_many_faults() {
    let Some(mut redis) = Redis::start("nothing_is_left_behind_by_many_faults").await else {
        return;
    };
    let address = redis.address();
    let start = || {
        Server::start_with(
            &address,
            |options| {
                options.response_timeout = Duration::from_secs(2);
                options.keep_alive = Duration::from_millis(500);
                // A command may be lost with its connection, and its acknowledgement, too.
                options.acknowledgement_timeout = Duration::from_secs(2);
            },
            |_| {},
        )
    };
    let servers = [start().await, start().await];
    let before = Kept::by(&servers, &redis).await;
    for fault in 0..FAULTS {
        with_a_fault(fault, &servers, &mut redis).await;
    }
    soon(async {
        loop {
            let after = Kept::by(&servers, &redis).await;
            if after == before {
                break;
            }
            // Read where it never is.
            eprintln!("{after:?} in place of {before:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    for server in servers {
        server.stop().await;
    }
}

/// Clients come, talk, wait for each other, and go, some while Redis is away.
async fn with_a_fault(fault: usize, [a, b]: &[Server; 2], redis: &mut Redis) {
    let here = a.client_of(&format!("ann-{fault}")).await;
    let mut there = b.client_of(&format!("bob-{fault}")).await;
    let deserter = b.client_of(&format!("bob-{fault}")).await;
    let groups = ["g".to_owned(), format!("only {fault}")];
    for client in [&here, &there, &deserter] {
        for group in &groups {
            client.join(&client.id(), group).await;
        }
    }
    let mut talk = Talk::start(a.context());
    eventually("there is traffic", || talk.sent() > 20).await;
    let asking = tokio::spawn({
        let clients = a.context().clients().untyped();
        let client = clients.client(&deserter.id());
        async move { client.invoke::<i32>("Ponder", (1,)).await }
    });
    let joining = tokio::spawn({
        let (groups, id) = (a.context().groups(), there.id());
        async move { groups.add(&id, "another").await }
    });
    let counting = tokio::spawn({
        let everywhere = a.context().presence().everywhere();
        async move { everywhere.count().await }
    });
    let is_up = || a.backplane().is_connected() && b.backplane().is_connected();
    match fault % 3 {
        0 => {
            redis.kill();
            eventually("Redis is lost", || {
                !a.backplane().is_connected() && !b.backplane().is_connected()
            })
            .await;
            deserter.connection.stop().await;
            redis.restart().await;
        }
        1 => {
            redis.ask("CLIENT KILL TYPE pubsub").await;
            deserter.connection.stop().await;
        }
        _ => {
            redis.ask("CLIENT KILL TYPE normal").await;
            deserter.connection.stop().await;
        }
    }
    eventually("Redis is found again", is_up).await;
    // Whatever comes of them, they end.
    assert!(soon(asking).await.unwrap().is_err());
    let _ = soon(joining).await.unwrap();
    let _ = soon(counting).await.unwrap();
    let sent = talk.sent();
    eventually("sends go on", || talk.sent() > sent + 20).await;
    talk.stop().await;
    assert!(!there.told_by_now().is_empty());
    for client in [here, there] {
        client.connection.stop().await;
    }
}

/// What is counted of what servers keep.
#[derive(Debug, PartialEq, Eq)]
struct Kept {
    /// Of each server.
    channels: Vec<i64>,
    waiting: Vec<i64>,
    clients: Vec<usize>,
    /// Of Redis.
    heard: Option<String>,
    connections: usize,
}

impl Kept {
    async fn by(servers: &[Server; 2], redis: &Redis) -> Self {
        let level = |name, unit| {
            let of = |server: &Server| {
                let metrics = server.host.services().required::<Metrics>().unwrap();
                metrics.up_down_counter(name, unit, "").value(&[])
            };
            servers.iter().map(of).collect()
        };
        let channels = redis.ask("PUBSUB CHANNELS").await;
        let connections = redis.ask("CLIENT LIST").await;
        Self {
            channels: level("signalr.backplane.channels", "{channel}"),
            waiting: level("signalr.backplane.waiting", "{request}"),
            clients: servers
                .iter()
                .map(|it| it.context().presence().count())
                .collect(),
            // An array says how long it is.
            heard: channels.lines().next().map(ToOwned::to_owned),
            connections: connections.matches(" addr=").count(),
        }
    }
}

//! Farms on every kind of Redis.

mod support;

use std::path::Path;
use std::time::Duration;

use campanile_hub_client::HubProtocol;
use end_to_end::{Redis, RedisCluster, eventually, soon};
use support::{Client, Server};

/// What crosses from one server to the other, over every kind of channel.
async fn tour(a: &Server, b: &Server) {
    let mut one = Client::connect(&a.url("/hub?user=alice"), |it| it).await;
    let mut two = Client::connect(&b.url("/hub?user=alice"), |it| {
        it.protocol(HubProtocol::MessagePack)
    })
    .await;
    let clients = a.context().clients().untyped();
    // Groups are joined over the channels of commands and of acknowledgements.
    one.join(&two.id(), "g").await;
    one.join(&one.id(), "g").await;
    let targets = [
        clients.all(),
        clients.group("g"),
        clients.user("alice"),
        clients.clients([one.id(), two.id()]),
    ];
    for (target, number) in targets.iter().zip(1..) {
        soon(target.send("Number", (number,))).await.unwrap();
    }
    for client in [&mut one, &mut two] {
        let mut heard = Vec::new();
        for _ in 0..4 {
            heard.push(client.told().await);
        }
        heard.sort_unstable();
        assert_eq!(heard, [1, 2, 3, 4]);
    }
    for (server, client) in [(a, &two), (b, &one)] {
        let asked = server.context().clients().untyped().client(&client.id());
        let answer: i32 = soon(asked.invoke("Double", (21,))).await.unwrap();
        assert_eq!(answer, 42);
    }
    one.leave(&two.id(), "g").await;
    soon(clients.group("g").send("Number", (5,))).await.unwrap();
    soon(clients.all().send("Number", (6,))).await.unwrap();
    let mut heard = [one.told().await, one.told().await];
    heard.sort_unstable();
    assert_eq!(heard, [5, 6]);
    assert_eq!(two.told().await, 6);
    for client in [one, two] {
        client.connection.stop().await;
    }
}

async fn serves(redis: &str) {
    let (a, b) = (Server::start(redis).await, Server::start(redis).await);
    assert!(
        a.backplane().is_connected(),
        "{:?}",
        a.backplane().last_error()
    );
    tour(&a, &b).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_farm_on_a_cluster_of_three() {
    let Some(cluster) = RedisCluster::start("a_farm_on_a_cluster_of_three").await else {
        return;
    };
    serves(&cluster.address()).await;
    // Each on another node.
    let [one, two, _] = cluster.nodes();
    let a = Server::start(&one.address()).await;
    let b = Server::start(&two.address()).await;
    tour(&a, &b).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_farm_moves_to_the_node_of_a_cluster_that_is_there() {
    let test = "a_farm_moves_to_the_node_of_a_cluster_that_is_there";
    let Some(mut cluster) = RedisCluster::start(test).await else {
        return;
    };
    let a = Server::start(&cluster.address()).await;
    let b = Server::start(&cluster.address()).await;
    cluster.kill_first();
    hear(&cluster.nodes()[1], 2).await;
    eventually("both are ready", || {
        a.backplane().is_connected() && b.backplane().is_connected()
    })
    .await;
    tour(&a, &b).await;
    a.stop().await;
    b.stop().await;
}

/// Waits until so many servers hear what is published on this Redis, and are ready.
async fn hear(redis: &Redis, servers: u64) {
    soon(async {
        // Nobody's message, in no protocol.
        while redis.publish("FarmHub:all", b"\x92\x90\x80").await < servers {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn who_is_asked_for_a_user_and_a_password_gives_them() {
    let test = "who_is_asked_for_a_user_and_a_password_gives_them";
    let arguments = |port: u16| {
        let port = port.to_string();
        let users = "--user farm on >secret resetkeys &* +@all --user default off";
        let users = users.split(' ').chain(["--port", &port]);
        users.map(ToOwned::to_owned).collect()
    };
    let Some(redis) = Redis::start_with(test, arguments).await else {
        return;
    };
    let address = redis.address();
    serves(&format!("{address},user=farm,password=secret")).await;
    serves(&format!("redis://farm:secret@{address}")).await;

    let refused = Server::start(&format!("{address},user=farm,password=hush-hush")).await;
    let why = refused.backplane().last_error().unwrap();
    assert!(why.contains("Password"), "{why}");
    assert!(!why.contains("hush-hush"), "{why}");
    refused.stop().await;
}

#[tokio::test]
async fn a_password_alone_is_that_of_the_default_user() {
    let test = "a_password_alone_is_that_of_the_default_user";
    let arguments = |port: u16| {
        let port = port.to_string();
        ["--requirepass", "secret", "--port", &port]
            .map(ToOwned::to_owned)
            .to_vec()
    };
    let Some(redis) = Redis::start_with(test, arguments).await else {
        return;
    };
    serves(&format!("{},password=secret", redis.address())).await;
}

#[tokio::test]
async fn sentinels_tell_the_master_and_the_next_one() {
    let test = "sentinels_tell_the_master_and_the_next_one";
    let Some(first) = Redis::start(test).await else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let Some(sentinel) = sentinel(test, directory.path(), first.port()).await else {
        return;
    };
    let text = format!("{},serviceName=farm", sentinel.address());
    serves(&text).await;

    // The farm is known by the name of its master, wherever that is.
    let Some(second) = Redis::start(test).await else {
        return;
    };
    let (a, b) = (Server::start(&text).await, Server::start(&text).await);
    let answer = sentinel.ask("SENTINEL REMOVE farm").await;
    assert!(answer.starts_with("+OK"), "{answer}");
    let monitor = format!("SENTINEL MONITOR farm 127.0.0.1 {} 1", second.port());
    let answer = sentinel.ask(&monitor).await;
    assert!(answer.starts_with("+OK"), "{answer}");
    drop(first);
    hear(&second, 2).await;
    eventually("both have found the second", || {
        a.backplane().is_connected() && b.backplane().is_connected()
    })
    .await;
    tour(&a, &b).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_farm_follows_the_replica_that_takes_over() {
    let test = "a_farm_follows_the_replica_that_takes_over";
    let at_once = |port: u16| {
        let port = port.to_string();
        ["--repl-diskless-sync-delay", "0", "--port", &port]
            .map(ToOwned::to_owned)
            .to_vec()
    };
    let Some(mut master) = Redis::start_with(test, at_once).await else {
        return;
    };
    let of = master.port().to_string();
    let replica = |port: u16| {
        let port = port.to_string();
        ["--replicaof", "127.0.0.1", &of, "--port", &port]
            .map(ToOwned::to_owned)
            .to_vec()
    };
    let Some(replica) = Redis::start_with(test, replica).await else {
        return;
    };
    says(&master, "INFO replication", "state=online").await;
    let directory = tempfile::tempdir().unwrap();
    let Some(sentinel) = sentinel(test, directory.path(), master.port()).await else {
        return;
    };
    let port = replica.port().to_string();
    says(&sentinel, "SENTINEL REPLICAS farm", &port).await;

    let text = format!("{},serviceName=farm", sentinel.address());
    let (a, b) = (Server::start(&text).await, Server::start(&text).await);
    let mut clients = [a.client().await, b.client().await];
    for client in &clients {
        client.join(&client.id(), "g").await;
    }
    master.kill();
    hear(&replica, 2).await;
    says(&replica, "ROLE", "master").await;
    eventually("both have found the replica", || {
        a.backplane().is_connected() && b.backplane().is_connected()
    })
    .await;
    // Whoever has stayed hears again, once.
    let group = a.context().clients().untyped().group("g");
    for number in [1, 2] {
        soon(group.send("Number", (number,))).await.unwrap();
    }
    for client in &mut clients {
        assert_eq!([client.told().await, client.told().await], [1, 2]);
    }
    // Nobody goes back to the one that was master, whatever it takes itself for.
    master.restart().await;
    tour(&a, &b).await;
    a.stop().await;
    b.stop().await;
}

/// Waits until the answer to a command has this in it.
async fn says(redis: &Redis, command: &str, expected: &str) {
    soon(async {
        while !redis.ask(command).await.contains(expected) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

/// A sentinel that watches the Redis of that port, under the name `farm`.
async fn sentinel(test: &str, directory: &Path, watched: u16) -> Option<Redis> {
    let file = directory.join("sentinel.conf");
    std::fs::write(
        &file,
        format!(
            "sentinel monitor farm 127.0.0.1 {watched} 1\n\
             sentinel down-after-milliseconds farm 2000\n\
             sentinel failover-timeout farm 2000\n"
        ),
    )
    .unwrap();
    let file = file.display().to_string();
    let arguments = move |port: u16| {
        let port = port.to_string();
        [&file, "--sentinel", "--port", &port]
            .map(ToOwned::to_owned)
            .to_vec()
    };
    Redis::start_with(test, arguments).await
}

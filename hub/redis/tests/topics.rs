//! What all works in a farm as on a single server, topic by topic.

mod support;

use campanile_hub::HubResult;
use campanile_hub_client::HubProtocol;
use end_to_end::{Redis, soon};
use support::{Client, Server};

/// Two servers on one Redis.
async fn farm(test: &str) -> Option<(Redis, Server, Server)> {
    let redis = Redis::start(test).await?;
    let a = Server::start(&redis.address()).await;
    let b = Server::start(&redis.address()).await;
    Some((redis, a, b))
}

/// Sends a number.
macro_rules! send {
    ($to:expr, $number:expr) => {
        soon($to.send("Number", ($number,))).await.unwrap()
    };
}

#[tokio::test]
async fn several_groups_and_connections_are_reached_one_after_the_other() {
    let Some((_redis, a, b)) =
        farm("several_groups_and_connections_are_reached_one_after_the_other").await
    else {
        return;
    };
    let (mut one, mut two) = (a.client().await, b.client().await);
    one.join(&one.id(), "left").await;
    two.join(&two.id(), "right").await;
    let clients = a.context().clients().untyped();
    send!(clients.groups(["left", "right", "nobody's"]), 1);
    send!(
        clients.clients([two.id(), "nobody".to_owned(), one.id()]),
        2
    );
    send!(clients.group("LEFT"), 3);
    send!(clients.all(), 4);
    for client in [&mut one, &mut two] {
        let mut heard = [
            client.told().await,
            client.told().await,
            client.told().await,
        ];
        heard.sort_unstable();
        assert_eq!(heard, [1, 2, 4], "names of groups have their case");
    }
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn names_of_groups_are_no_patterns() {
    let Some((_redis, a, b)) = farm("names_of_groups_are_no_patterns").await else {
        return;
    };
    let mut two = b.client().await;
    let clients = a.context().clients().untyped();
    let long = "x".repeat(300);
    for (number, name) in ["*", "a:b", "[x]", "grün 🔔", " ", "?", &long]
        .iter()
        .enumerate()
    {
        let number = i32::try_from(number).unwrap();
        two.join(&two.id(), name).await;
        let other = format!("q{}", &name[name.chars().next().unwrap().len_utf8()..]);
        send!(clients.group(&other), -1);
        send!(clients.group(name), number);
        assert_eq!(two.told().await, number, "{name}");
        two.leave(&two.id(), name).await;
    }
    assert_eq!(two.told_by_now(), [0; 0]);
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_user_is_reached_on_every_server_as_long_as_there_is_a_connection() {
    let Some((_redis, a, b)) =
        farm("a_user_is_reached_on_every_server_as_long_as_there_is_a_connection").await
    else {
        return;
    };
    let known = |server: &Server| server.url("/hub?user=alice");
    let mut one = Client::connect(&known(&a), |it| it).await;
    let mut two = Client::connect(&known(&b), |it| it).await;
    let three = Client::connect(&known(&b), |it| it).await;
    let mut stranger = b.client().await;
    let clients = a.context().clients().untyped();
    send!(clients.user("alice"), 1);
    assert_eq!((one.told().await, two.told().await), (1, 1));
    three.connection.stop().await;
    // Another one of the same server has left; this one hears on.
    send!(clients.users(["alice", "bob"]), 2);
    send!(clients.user("ALICE"), 3);
    send!(clients.all(), 4);
    for client in [&mut one, &mut two] {
        let mut heard = [client.told().await, client.told().await];
        heard.sort_unstable();
        assert_eq!(heard, [2, 4]);
    }
    assert_eq!(stranger.told().await, 4);
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn who_leaves_is_heard_of_no_more_and_leaves_no_channel() {
    let Some((redis, a, b)) = farm("who_leaves_is_heard_of_no_more_and_leaves_no_channel").await
    else {
        return;
    };
    let one = a.client().await;
    let two = Client::connect(&b.url("/hub?user=alice"), |it| it).await;
    two.join(&two.id(), "g").await;
    two.join(&one.id(), "h").await;
    // A connection and a group each, and a user.
    assert_eq!(channels(&redis).await.len(), 5);
    let id = two.id();
    for client in [one, two] {
        client.connection.stop().await;
    }
    soon(async {
        while !channels(&redis).await.is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    })
    .await;
    // Nobody is there to be told; the servers are well.
    let clients = a.context().clients().untyped();
    send!(clients.client(&id), 1);
    send!(clients.group("g"), 1);
    let mut three = b.client().await;
    send!(clients.all(), 2);
    assert_eq!(three.told().await, 2);
    a.stop().await;
    b.stop().await;
}

/// What is subscribed to for connections, groups and users; the rest is the servers' own.
async fn channels(redis: &Redis) -> Vec<String> {
    let answer = redis.ask("PUBSUB CHANNELS FarmHub:*").await;
    let theirs = ["FarmHub:connection:", "FarmHub:group:", "FarmHub:user:"];
    answer
        .lines()
        .filter(|line| theirs.iter().any(|it| line.starts_with(it)))
        .map(ToOwned::to_owned)
        .collect()
}

#[tokio::test]
async fn hubs_are_apart() {
    let Some((_redis, a, b)) = farm("hubs_are_apart").await else {
        return;
    };
    let mut two = b.client().await;
    let mut other = Client::connect(&b.url("/other"), |it| it).await;
    let clients = a.context().clients().untyped();
    send!(clients.client(&other.id()), 1);
    send!(clients.all(), 2);
    assert_eq!(two.told().await, 2);
    let others = a.context_of::<support::OtherHub>();
    send!(others.clients().untyped().all(), 3);
    assert_eq!(other.told().await, 3);
    assert_eq!(two.told_by_now(), [0; 0]);
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_large_message_is_whole() {
    let Some((_redis, a, b)) = farm("a_large_message_is_whole").await else {
        return;
    };
    let length = 3_000_000;
    for protocol in [HubProtocol::Json, HubProtocol::MessagePack] {
        let mut two = b.client_in(protocol).await;
        let asked = a.context().clients().untyped().client(&two.id());
        soon(asked.send("Text", ("x".repeat(length),)))
            .await
            .unwrap();
        assert_eq!(usize::try_from(two.told().await).unwrap(), length);
    }
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_client_that_fails_or_leaves_fails_the_same_from_anywhere() {
    let Some((_redis, a, b)) =
        farm("a_client_that_fails_or_leaves_fails_the_same_from_anywhere").await
    else {
        return;
    };
    for protocol in [HubProtocol::Json, HubProtocol::MessagePack] {
        let two = b.client_in(protocol).await;
        // It fails; it answers what is no number; it does not know what it is asked.
        for method in ["Fail", "Spell", "Sing"] {
            let here = ask(&b, &two.id(), method).await.unwrap_err();
            let there = ask(&a, &two.id(), method).await.unwrap_err();
            assert_eq!(there.to_string(), here.to_string(), "{method}");
        }
        let mut two = two;
        let asking = tokio::spawn({
            let asked = a.context().clients().untyped().client(&two.id());
            async move { asked.invoke::<i32>("Ponder", (7,)).await }
        });
        assert_eq!(two.told().await, 7, "it is asked");
        two.connection.stop().await;
        let error = soon(asking).await.unwrap().unwrap_err();
        assert!(error.to_string().contains("disconnected"), "{error}");
    }
    a.stop().await;
    b.stop().await;
}

async fn ask(server: &Server, id: &str, method: &str) -> HubResult<i32> {
    let asked = server.context().clients().untyped().client(id);
    soon(asked.invoke::<i32>(method, (1,))).await
}

#[tokio::test]
async fn both_servers_ask_clients_of_each_other_at_once() {
    let Some((_redis, a, b)) = farm("both_servers_ask_clients_of_each_other_at_once").await else {
        return;
    };
    let (one, two) = (a.client().await, b.client().await);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..50 {
        for (server, client) in [(&a, &two), (&b, &one)] {
            let asked = server.context().clients().untyped().client(&client.id());
            asking.spawn(async move {
                let answer: i32 = soon(asked.invoke("Double", (number,))).await.unwrap();
                assert_eq!(answer, number * 2);
            });
        }
    }
    soon(asking.join_all()).await;
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_server_that_joins_later_is_one_of_them() {
    let Some((redis, a, b)) = farm("a_server_that_joins_later_is_one_of_them").await else {
        return;
    };
    let mut one = a.client().await;
    b.stop().await;
    let clients = a.context().clients().untyped();
    send!(clients.all(), 1);
    let c = Server::start(&redis.address()).await;
    let mut three = c.client().await;
    send!(clients.all(), 2);
    send!(c.context().clients().untyped().all(), 3);
    assert_eq!([three.told().await, three.told().await], [2, 3]);
    assert_eq!(
        [one.told().await, one.told().await, one.told().await],
        [1, 2, 3]
    );
    let answer = ask(&a, &three.id(), "Double").await;
    assert_eq!(answer.unwrap(), 2);
    a.stop().await;
    c.stop().await;
}

//! Group commands for connections on other servers, and what becomes of those that are refused.

mod support;

use std::time::Duration;

use campanile_hub::HubError;
use campanile_hub_protocol::backplane::GroupCommand;
use campanile_hub_redis::RedisOptions;
use end_to_end::{Redis, soon};
use support::Server;

/// A server whose clients may be in two groups.
async fn strict(redis: &Redis) -> Server {
    let limit = |options: &mut campanile_hub::HubOptions| {
        options.maximum_groups_per_connection = Some(2);
    };
    Server::start_with(&redis.address(), |_| {}, limit).await
}

#[tokio::test]
async fn the_limit_of_another_server_is_told_as_that() {
    let Some(redis) = Redis::start("the_limit_of_another_server_is_told_as_that").await else {
        return;
    };
    let hasty = |options: &mut RedisOptions| {
        options.acknowledgement_timeout = Duration::from_secs(1);
    };
    let a = Server::start_with(&redis.address(), hasty, |_| {}).await;
    let b = strict(&redis).await;
    let (one, mut two) = (a.client().await, b.client().await);
    let groups = a.context().groups();
    for group in ["g", "h", "g"] {
        soon(groups.add(&two.id(), group)).await.unwrap();
    }
    // As long as the servers do not know each other, nothing is said.
    let error = soon(async {
        loop {
            match groups.add(&two.id(), "i").await.unwrap_err() {
                HubError::BackplaneTimeout { .. } => {}
                told => return told,
            }
        }
    })
    .await;
    assert!(
        matches!(error, HubError::TooManyGroups { limit: 2 }),
        "{error}"
    );
    // A client is told as by its own server.
    let joining = one.connection.invoke::<()>("Join", (two.id(), "i"));
    let error = soon(joining).await.unwrap_err().to_string();
    assert!(
        error.contains("a connection is in 2 groups at most"),
        "{error}"
    );
    // What is refused changes nothing.
    let clients = a.context().clients().untyped();
    soon(clients.group("i").send("Number", (1,))).await.unwrap();
    soon(clients.group("h").send("Number", (2,))).await.unwrap();
    assert_eq!(two.told().await, 2);
    soon(groups.remove(&two.id(), "g")).await.unwrap();
    soon(groups.add(&two.id(), "i")).await.unwrap();
    soon(clients.group("i").send("Number", (3,))).await.unwrap();
    assert_eq!(two.told().await, 3);
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn whoever_takes_every_acknowledgement_for_success_is_told_of_success_only() {
    let test = "whoever_takes_every_acknowledgement_for_success_is_told_of_success_only";
    let Some(redis) = Redis::start(test).await else {
        return;
    };
    let b = strict(&redis).await;
    let two = b.client().await;
    // As a server of ASP.NET Core does, which announces nothing.
    let mut acknowledgements = redis.subscriber("FarmHub:internal:ack:foreign").await;
    for (id, group) in [(101, "g"), (102, "h"), (103, "i"), (104, "g")] {
        let command = GroupCommand {
            id,
            server: "foreign",
            add: true,
            group,
            connection: &two.id(),
        };
        redis
            .publish("FarmHub:internal:groups", &command.write())
            .await;
        if id != 103 {
            let heard = acknowledgements.hears().await;
            let expected = [0x91, u8::try_from(id).unwrap()];
            assert!(
                heard.ends_with(&[&expected[..], b"\r\n"].concat()),
                "{id}: {}",
                String::from_utf8_lossy(&heard)
            );
        }
    }
    b.stop().await;
}

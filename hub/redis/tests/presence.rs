//! Who is connected, asked of all servers.

mod support;

use std::sync::Arc;
use std::time::Duration;

use campanile_hub::{FarmAnswer, FarmPresence, HubContext, HubError};
use campanile_hub_protocol::backplane::{Announcement, AnnouncementKind};
use campanile_hub_redis::WhenUnreachable;
use end_to_end::{Redis, eventually, soon};
use support::{FarmHub, PATIENCE, Server, nowhere, worker};

impl Server {
    /// Answers are there once all servers have given theirs; the limit is for what must not be.
    fn everywhere(&self) -> FarmPresence<FarmHub> {
        self.context().presence().everywhere().within(PATIENCE)
    }
}

/// The value of an answer to which every server has something to say.
fn complete<T>(answer: FarmAnswer<T>) -> T {
    assert!(answer.is_complete(), "{:?}", answer.silent);
    answer.value
}

fn name(name: &str) -> Arc<str> {
    name.into()
}

fn sorted(mut names: Vec<Arc<str>>) -> Vec<Arc<str>> {
    names.sort_unstable();
    names
}

fn ids(ids: &[String]) -> Vec<Arc<str>> {
    sorted(ids.iter().map(|it| it.as_str().into()).collect())
}

/// Asks until the answer is as it has to be.
async fn until(presence: FarmPresence<FarmHub>, is_so: impl Fn(&FarmAnswer<usize>) -> bool) {
    soon(async {
        loop {
            let answer = presence.count().await.unwrap();
            if is_so(&answer) {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn all_servers_are_asked_who_is_there() {
    let Some(redis) = Redis::start("all_servers_are_asked_who_is_there").await else {
        return;
    };
    let (a, b) = (
        Server::start(&redis.address()).await,
        Server::start(&redis.address()).await,
    );
    let one = a.client_of("ann").await;
    let two = b.client_of("ann").await;
    let three = b.client_of("bob").await;
    let four = b.client().await;
    for client in [&one, &two, &four] {
        client.join(&client.id(), "g").await;
    }
    four.join(&four.id(), "h").await;
    let all = [one.id(), two.id(), three.id(), four.id()];
    for server in [&a, &b] {
        let farm = server.everywhere();
        assert_eq!(complete(soon(farm.count()).await.unwrap()), 4);
        let connections = complete(soon(farm.connections()).await.unwrap());
        assert_eq!(sorted(connections), ids(&all));
        let users = complete(soon(farm.users()).await.unwrap());
        assert_eq!(sorted(users), [name("ann"), name("bob")]);
        let members = complete(soon(farm.members("g")).await.unwrap());
        assert_eq!(sorted(members), ids(&[one.id(), two.id(), four.id()]));
        let anns = complete(soon(farm.connections_of("ann")).await.unwrap());
        assert_eq!(sorted(anns), ids(&[one.id(), two.id()]));
        let id = three.id();
        let bobs = complete(soon(farm.connection(&id)).await.unwrap()).unwrap();
        assert_eq!((bobs.user.as_deref(), bobs.groups.len()), (Some("bob"), 0));
        let id = four.id();
        let nobodys = complete(soon(farm.connection(&id)).await.unwrap()).unwrap();
        assert_eq!(nobodys.user, None);
        assert_eq!(sorted(nobodys.groups), [name("g"), name("h")]);
        assert!(complete(soon(farm.is_connected(&id)).await.unwrap()));
        assert!(!complete(soon(farm.is_connected("nobody")).await.unwrap()));
        assert!(complete(soon(farm.members("nowhere")).await.unwrap()).is_empty());
    }
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn a_worker_that_has_no_clients_asks_those_that_have() {
    let Some(redis) = Redis::start("a_worker_that_has_no_clients_asks_those_that_have").await
    else {
        return;
    };
    let a = Server::start(&redis.address()).await;
    let client = a.client().await;
    let worker = worker(&redis.address()).await;
    let context = worker.services().required::<HubContext<FarmHub>>().unwrap();
    let farm = context.presence().everywhere().within(PATIENCE);
    let connections = complete(soon(farm.connections()).await.unwrap());
    assert_eq!(connections, ids(&[client.id()]));
    // It has none, and says so.
    assert_eq!(complete(soon(a.everywhere().count()).await.unwrap()), 1);
    soon(worker.stop()).await.unwrap();
    a.stop().await;
}

#[tokio::test]
async fn servers_that_do_not_answer_are_named_until_they_go() {
    let Some(redis) = Redis::start("servers_that_do_not_answer_are_named_until_they_go").await
    else {
        return;
    };
    let (a, b) = (
        Server::start(&redis.address()).await,
        Server::start(&redis.address()).await,
    );
    let _client = b.client().await;
    let announce = async |kind| {
        let announcement = Announcement {
            kind,
            server: "ghost",
            hubs: vec!["FarmHub"],
        };
        redis
            .publish("campanile:servers", &announcement.write())
            .await;
    };
    announce(AnnouncementKind::Here).await;
    let hasty = a.everywhere().within(Duration::from_millis(500));
    until(hasty, |answer| {
        answer.value == 1 && answer.silent == [name("ghost")] && answer.unnamed == 0
    })
    .await;
    announce(AnnouncementKind::Bye).await;
    until(a.everywhere(), FarmAnswer::is_complete).await;
    // Servers of ours say when they go, and are not waited for.
    b.stop().await;
    until(a.everywhere(), |answer| {
        answer.is_complete() && answer.value == 0
    })
    .await;
    a.stop().await;
}

#[tokio::test]
async fn whoever_hears_the_question_is_waited_for_even_if_nobody_knows_him() {
    let Some(redis) =
        Redis::start("whoever_hears_the_question_is_waited_for_even_if_nobody_knows_him").await
    else {
        return;
    };
    let a = Server::start(&redis.address()).await;
    let unknown = redis.subscriber("FarmHub:campanile:questions").await;
    let hasty = a.everywhere().within(Duration::from_millis(200));
    until(hasty, |answer| {
        answer.unnamed == 1 && answer.silent.is_empty() && !answer.is_complete()
    })
    .await;
    drop(unknown);
    until(a.everywhere(), FarmAnswer::is_complete).await;
    a.stop().await;
}

#[tokio::test]
async fn without_redis_nobody_can_be_asked_unless_the_server_serves_alone() {
    let a = Server::start(&nowhere()).await;
    let error = soon(a.everywhere().count()).await.unwrap_err();
    assert!(matches!(error, HubError::Backplane(_)), "{error}");
    a.stop().await;
    let b = Server::start_with(
        &nowhere(),
        |options| options.when_unreachable = WhenUnreachable::ServeLocally,
        |_| {},
    )
    .await;
    let _client = b.client().await;
    assert_eq!(complete(soon(b.everywhere().count()).await.unwrap()), 1);
    b.stop().await;
}

#[tokio::test]
async fn servers_that_could_not_be_heard_are_asked_again_when_redis_is_back() {
    let Some(mut redis) =
        Redis::start("servers_that_could_not_be_heard_are_asked_again_when_redis_is_back").await
    else {
        return;
    };
    let (a, b) = (
        Server::start(&redis.address()).await,
        Server::start(&redis.address()).await,
    );
    let _client = b.client().await;
    redis.kill();
    eventually("Redis is lost", || {
        !a.backplane().is_connected() && !b.backplane().is_connected()
    })
    .await;
    redis.restart().await;
    eventually("Redis is found again", || {
        a.backplane().is_connected() && b.backplane().is_connected()
    })
    .await;
    let answer = soon(a.everywhere().count()).await.unwrap();
    assert_eq!(complete(answer), 1);
    assert!(a.backplane().server() != b.backplane().server());
    a.stop().await;
    b.stop().await;
}

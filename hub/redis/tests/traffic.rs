//! Faults while messages are on their way: afterwards every client hears again, and has heard nothing twice.

mod support;

use std::time::Duration;

use end_to_end::{Redis, eventually, soon};
use support::talk::Talk;
use support::wire::Wire;
use support::{Client, Server};

/// Two servers, each with a client in a group; one of them talks all the time.
struct Farm {
    a: Server,
    b: Server,
    clients: [Client; 2],
    talk: Talk,
}

impl Farm {
    async fn start(redis: &str) -> Self {
        let start = || {
            Server::start_with(
                redis,
                |options| {
                    options.response_timeout = Duration::from_secs(2);
                    options.keep_alive = Duration::from_millis(500);
                },
                |_| {},
            )
        };
        let (a, b) = (start().await, start().await);
        let clients = [a.client().await, b.client().await];
        for client in &clients {
            client.join(&client.id(), "g").await;
        }
        let talk = Talk::start(a.context());
        Self {
            a,
            b,
            clients,
            talk,
        }
    }

    async fn is_lost(&self) {
        eventually("Redis is lost", || {
            !self.a.backplane().is_connected() && !self.b.backplane().is_connected()
        })
        .await;
    }

    async fn is_up(&self) {
        eventually("Redis is found again", || {
            self.a.backplane().is_connected() && self.b.backplane().is_connected()
        })
        .await;
    }

    /// Waits until all is well again, and sees to it that it is.
    async fn recovers(mut self) {
        self.is_up().await;
        // Traffic goes on for a while, on the new connections.
        let sent = self.talk.sent();
        eventually("sends go on", || self.talk.sent() > sent + 20).await;
        // By now both have noticed what has happened to them.
        self.is_up().await;
        let next = self.talk.stop().await;
        let group = self.b.context().clients().untyped().group("g");
        for number in next..next + 10 {
            soon(group.send("Number", (number,))).await.unwrap();
        }
        for client in &mut self.clients {
            let mut heard = Vec::new();
            while heard.last() != Some(&(next + 9)) {
                heard.push(client.told().await);
            }
            assert!(
                heard.is_sorted_by(|one, other| one < other),
                "each once, in order: {heard:?}"
            );
            let last = &heard[heard.len().saturating_sub(10)..];
            assert!(last.iter().copied().eq(next..next + 10), "{last:?}");
            assert!(heard[0] < 20, "it has heard from the beginning: {heard:?}");
        }
        self.a.stop().await;
        self.b.stop().await;
    }
}

#[tokio::test]
async fn redis_is_killed_and_started_again() {
    let Some(mut redis) = Redis::start("redis_is_killed_and_started_again").await else {
        return;
    };
    let farm = Farm::start(&redis.address()).await;
    eventually("there is traffic", || farm.talk.sent() > 20).await;
    redis.kill();
    farm.is_lost().await;
    redis.restart().await;
    farm.recovers().await;
}

#[tokio::test]
async fn redis_stands_still_and_goes_on() {
    let Some(redis) = Redis::start("redis_stands_still_and_goes_on").await else {
        return;
    };
    let farm = Farm::start(&redis.address()).await;
    eventually("there is traffic", || farm.talk.sent() > 20).await;
    redis.freeze();
    farm.is_lost().await;
    redis.thaw();
    farm.recovers().await;
}

#[tokio::test]
async fn redis_stands_still_for_less_than_it_may() {
    let Some(redis) = Redis::start("redis_stands_still_for_less_than_it_may").await else {
        return;
    };
    let farm = Farm::start(&redis.address()).await;
    eventually("there is traffic", || farm.talk.sent() > 20).await;
    redis.freeze();
    // Messages pile up meanwhile; however long it is, all have to be heard afterwards.
    tokio::time::sleep(Duration::from_millis(200)).await;
    redis.thaw();
    farm.recovers().await;
}

#[tokio::test]
async fn redis_is_slow() {
    let Some(redis) = Redis::start("redis_is_slow").await else {
        return;
    };
    let wire = Wire::to(redis.port()).await;
    wire.delay(Duration::from_millis(50));
    let farm = Farm::start(&wire.address()).await;
    eventually("there is traffic", || farm.talk.sent() > 20).await;
    farm.recovers().await;
}

#[tokio::test]
async fn a_connection_is_cut_within_a_message_that_comes() {
    let Some(redis) = Redis::start("a_connection_is_cut_within_a_message_that_comes").await else {
        return;
    };
    let wire = Wire::to(redis.port()).await;
    let farm = Farm::start(&wire.address()).await;
    eventually("there is traffic", || farm.talk.sent() > 20).await;
    wire.cut_after(150_000);
    // Larger than what may still pass.
    redis
        .publish("FarmHub:group:g", &vec![0xc1; 1_000_000])
        .await;
    eventually("the connections are cut", || wire.cuts() > 0).await;
    farm.recovers().await;
}

#[tokio::test]
async fn a_connection_is_cut_within_a_message_that_goes() {
    let Some(redis) = Redis::start("a_connection_is_cut_within_a_message_that_goes").await else {
        return;
    };
    let wire = Wire::to(redis.port()).await;
    let farm = Farm::start(&wire.address()).await;
    eventually("there is traffic", || farm.talk.sent() > 20).await;
    wire.cut_after(150_000);
    let all = farm.a.context().clients().untyped().all();
    // Redis gets half of it and throws that away.
    let error = soon(all.send("Text", ("x".repeat(1_000_000),))).await;
    assert!(error.is_err());
    assert!(wire.cuts() > 0);
    farm.recovers().await;
}

//! Ten thousand connections at once.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use end_to_end::{ConformanceServer, Member, Usage, raise_descriptor_limit};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

const PATH: &str = "/hubs/bench";
const WANTED: usize = 10_000;
const BROADCASTS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);

/// Straight to the descriptor: the test harness swallows what a passing test prints.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_are_held_and_all_get_every_broadcast() {
    let limit = usize::try_from(raise_descriptor_limit()).unwrap_or(usize::MAX);
    let count = WANTED.min(limit.saturating_sub(200));
    if count < WANTED {
        tell(&format!(
            "{count} connections in place of {WANTED}: no more than {limit} files may be open"
        ));
    }
    let server = ConformanceServer::start();
    // What the first connection leaves behind is no connection's share.
    drop(Member::join(server.address(), PATH).await.expect("one"));
    let before = Usage::of(process(&server));

    let first = crowd(&server, count).await;
    tell(&format!(
        "{} bytes of memory a connection",
        first.memory.saturating_sub(before.memory) / count as u64
    ));
    until("all are gone", || {
        Usage::of(process(&server)).descriptors <= before.descriptors
    })
    .await;
    let second = crowd(&server, count).await;
    tell(&format!(
        "memory: {} KiB before, {} KiB with {count}, {} KiB with the next {count}",
        before.memory >> 10,
        first.memory >> 10,
        second.memory >> 10
    ));
    // The allocator keeps what it has for the next; a server that kept what a connection had would need it twice.
    assert!(
        second.memory < first.memory + (first.memory - before.memory) / 4,
        "the memory is used again: {before:?}, {first:?}, {second:?}"
    );
}

fn process(server: &ConformanceServer) -> u32 {
    server.process().expect("the server is one of ours")
}

/// So many connections, all of which get every broadcast, and leave; what the server used while they were there.
async fn crowd(server: &ConformanceServer, count: usize) -> Usage {
    let address = server.address();
    let begin = Instant::now();
    let received = Arc::new(AtomicUsize::new(0));
    let joined = Arc::new(AtomicUsize::new(0));
    let at_once = Arc::new(Semaphore::new(100));
    let mut members = JoinSet::new();
    for _ in 0..count {
        let (received, joined, at_once) = (
            Arc::clone(&received),
            Arc::clone(&joined),
            Arc::clone(&at_once),
        );
        members.spawn(async move {
            let permit = at_once.acquire_owned().await.expect("it is never closed");
            let mut member = Member::join(address, PATH)
                .await
                .expect("the server takes the connection");
            drop(permit);
            joined.fetch_add(1, Ordering::Relaxed);
            for i in 0..BROADCASTS {
                let expected = format!(r#"{{"type":1,"target":"Receive","arguments":["{i}"]}}"#);
                while let Some(message) = member.message().await.expect("it stays open") {
                    if message != r#"{"type":6}"# {
                        assert_eq!(message, expected, "broadcasts come in order, once");
                        break;
                    }
                }
                received.fetch_add(1, Ordering::Relaxed);
            }
            member
        });
    }
    until("all are connected", || {
        joined.load(Ordering::Relaxed) == count
    })
    .await;
    let held = Usage::of(process(server));
    tell(&format!(
        "{count} connections in {:.1} s",
        begin.elapsed().as_secs_f32()
    ));

    let mut sender = Member::join(address, PATH).await.expect("one more");
    for i in 0..BROADCASTS {
        let begin = Instant::now();
        sender
            .send(&format!(
                r#"{{"type":1,"target":"Broadcast","arguments":["{i}"]}}"#
            ))
            .await
            .expect("the server listens");
        until("all have heard it", || {
            received.load(Ordering::Relaxed) >= count * (i + 1)
        })
        .await;
        tell(&format!(
            "a broadcast to {count} in {} ms",
            begin.elapsed().as_millis()
        ));
    }
    while let Some(member) = members.join_next().await {
        drop(member.expect("no member has failed"));
    }
    held
}

async fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let waiting = async {
        while !reached() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "not yet: {what}");
}

//! A million messages leave nothing behind.
//!
//! A test alone in its program, whose memory is looked at.

mod support;

use std::fs;

use campanile_hub_client::{HubConnection, HubProtocol, UploadExt};
use futures_util::stream;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::support::{Server, soon, told};

/// How many messages there are in all.
const MESSAGES: usize = 1_000_000;
/// Of each kind there are that many in a round.
const OF_EACH: i32 = 250;
/// Messages, items, uploaded items, and calls.
const ROUND: usize = 4 * OF_EACH as usize;
/// What memory may differ by: about twenty bytes a message of one protocol, were all of them to be kept.
const MOST: usize = 8 * 1024 * 1024;

/// Each kind of message, both ways.
async fn round(connection: &HubConnection, numbers: &mut UnboundedReceiver<i32>) {
    soon(connection.send("Flood", (OF_EACH,))).await.unwrap();
    for number in 0..OF_EACH {
        assert_eq!(soon(numbers.recv()).await, Some(number));
    }
    let mut items = soon(connection.stream::<i32>("Count", (OF_EACH,)))
        .await
        .unwrap();
    for number in 0..OF_EACH {
        assert_eq!(soon(items.next()).await.unwrap().unwrap(), number);
    }
    assert!(soon(items.next()).await.is_none());
    let upload = ("sum",).upload(stream::iter(0..OF_EACH));
    let sum: String = soon(connection.invoke("Sum", upload)).await.unwrap();
    assert_eq!(sum, format!("sum: {}", OF_EACH * (OF_EACH - 1) / 2));
    let calls = (0..OF_EACH).map(|number| connection.invoke::<i32>("Add", (number, 1)));
    let sums = soon(futures_util::future::try_join_all(calls)).await;
    assert_eq!(sums.unwrap(), (1..=OF_EACH).collect::<Vec<_>>());
}

/// The memory of this process that is in use, where the system tells it.
fn memory() -> Option<usize> {
    // `man 5 proc`: the second number is the resident pages, of 4 KiB on the machines of this test.
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<usize>().ok()? * 4096)
}

#[tokio::test]
async fn memory_stays_flat() {
    let server = Server::start().await;
    for protocol in HubProtocol::BUILT_IN {
        let connection = server.builder().protocol(protocol).build().unwrap();
        let mut numbers = told(&connection, "Number");
        soon(connection.start()).await.unwrap();
        let rounds = MESSAGES / ROUND / HubProtocol::BUILT_IN.len();
        let mut before = None;
        for count in 0..rounds {
            // By then what grows to its size has it.
            if count == rounds / 4 {
                before = memory();
            }
            round(&connection, &mut numbers).await;
        }
        if let (Some(before), Some(after)) = (before, memory()) {
            assert!(
                after < before + MOST,
                "{}: from {before} bytes to {after}",
                protocol.name()
            );
        }
        soon(connection.stop()).await;
    }
    server.stop().await;
}

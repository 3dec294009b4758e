//! Clients that do everything wrong, while a broadcast goes on.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use end_to_end::{ConformanceServer, Member, Usage, raise_descriptor_limit};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

const PATH: &str = "/hubs/conformance";
/// How long each storm goes on.
const STORM: Duration = Duration::from_secs(4);
/// Longer than a handshake may take, and than a write may be stuck.
const PATIENCE: Duration = Duration::from_secs(40);

/// Straight to the descriptor: the test harness swallows what a passing test prints.
fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_stall_vanish_flood_and_storm_harm_nobody_and_leave_nothing() {
    let _ = raise_descriptor_limit();
    let server = ConformanceServer::start();
    let process = server.process().expect("the server is one of ours");
    drop(
        Member::join(server.address(), PATH)
            .await
            .expect("the server takes connections"),
    );
    let before = Usage::of(process);
    let mut used = Vec::new();
    for storm in 1..=3 {
        let (numbers, offences) = weather(&server).await;
        until("all offenders are gone", || {
            Usage::of(process).descriptors <= before.descriptors
        })
        .await;
        let usage = Usage::of(process);
        tell(&format!(
            "storm {storm}: {offences} offences, {numbers} broadcasts heard, then {} KiB of memory",
            usage.memory >> 10
        ));
        used.push(usage);
    }
    // The allocator keeps what a storm needed; what a server keeps of each storm would grow on.
    let (first, last) = (used[0].memory, used[2].memory);
    assert!(
        last < first + first / 2 + (8 << 20),
        "memory is back: {before:?}, {used:?}"
    );
}

/// One storm; how many broadcasts a healthy client heard meanwhile, without a gap, and how many offences there were.
async fn weather(server: &ConformanceServer) -> (u64, usize) {
    let address = server.address();
    let over = Arc::new(AtomicBool::new(false));
    let offences = Arc::new(AtomicUsize::new(0));

    let mut healthy = Member::join(address, PATH).await.expect("a healthy client");
    let listening = tokio::spawn(async move {
        let mut expected = 0;
        loop {
            let message = timeout(PATIENCE, healthy.message()).await;
            let message = message
                .expect("broadcasts go on")
                .expect("a healthy client stays connected")
                .expect("a healthy client is not closed");
            let message: Value = serde_json::from_str(&message).expect("a message is JSON");
            if message["target"] == "Note" {
                let number = &message["arguments"][0]["number"];
                if number.is_null() {
                    break expected;
                }
                assert_eq!(
                    *number,
                    json!(expected),
                    "no broadcast is lost or out of order"
                );
                expected += 1;
            }
        }
    });

    let mut offenders = JoinSet::new();
    let mut offend = |count: usize, offence: Offence| {
        for seed in 0..count {
            let (over, offences) = (Arc::clone(&over), Arc::clone(&offences));
            offenders.spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    // Whatever becomes of an offender is well deserved, but nobody is left hanging.
                    let ended = timeout(PATIENCE, offence.commit(address, seed)).await;
                    assert!(ended.is_ok(), "{offence:?} {seed} is never told");
                    offences.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    };
    offend(10, Offence::StallInRequest);
    offend(10, Offence::StallInHandshake);
    offend(10, Offence::StallInFrame);
    offend(8, Offence::Vanish);
    offend(8, Offence::Storm);
    offend(2, Offence::Flood);
    offend(4, Offence::Garble);
    offend(2, Offence::Exceed);
    offend(4, Offence::NeverRead);

    let mut sender = Member::join(address, PATH).await.expect("a sender");
    let end = tokio::time::Instant::now() + STORM;
    let mut number = 0;
    while tokio::time::Instant::now() < end {
        // Large enough to fill the buffers of those who do not read.
        broadcast(
            &mut sender,
            &json!({ "number": number, "text": "x".repeat(8_000) }),
        )
        .await;
        number += 1;
    }
    over.store(true, Ordering::Relaxed);
    while let Some(offender) = offenders.join_next().await {
        offender.expect("offenders come to an end");
    }
    broadcast(&mut sender, &json!({})).await;
    let heard = listening.await.expect("the healthy client is well");
    assert_eq!(heard, number, "every broadcast was heard");

    let mut late = Member::join(address, PATH)
        .await
        .expect("a client after it");
    late.send(r#"{"type":1,"invocationId":"1","target":"Add","arguments":[1,2]}"#)
        .await
        .expect("it is connected");
    assert_eq!(
        late.message().await.expect("it is connected").as_deref(),
        Some(r#"{"type":3,"invocationId":"1","result":3}"#)
    );
    (heard, offences.load(Ordering::Relaxed))
}

/// Sends to all, and waits for the answer.
async fn broadcast(sender: &mut Member, value: &Value) {
    let call = json!({ "type": 1, "invocationId": "1", "target": "SendToOthers", "arguments": ["Note", value] });
    sender
        .send(&call.to_string())
        .await
        .expect("the sender stays connected");
    let answered = timeout(PATIENCE, async {
        while let Some(message) = sender.message().await.expect("the sender stays connected") {
            let message: Value = serde_json::from_str(&message).expect("a message is JSON");
            if message["type"] == 3 {
                assert_eq!(message["error"], Value::Null);
                break;
            }
        }
    });
    answered.await.expect("a broadcast comes to an end");
}

#[derive(Clone, Copy, Debug)]
enum Offence {
    StallInRequest,
    StallInHandshake,
    StallInFrame,
    Vanish,
    Storm,
    Flood,
    Garble,
    Exceed,
    NeverRead,
}

impl Offence {
    async fn commit(self, address: std::net::SocketAddr, seed: usize) -> std::io::Result<()> {
        let long = STORM / 2;
        match self {
            Self::StallInRequest => {
                let mut member = Member::dial(address).await?;
                member
                    .raw(b"POST /hubs/conformance/negotiate HTTP/1.1\r\nHost: a")
                    .await?;
                sleep(long).await;
            }
            Self::StallInHandshake => {
                let mut member = Member::upgrade(address, PATH).await?;
                member.raw(b"\x81\x95\0\0\0\0{\"protocol\":\"js").await?;
                sleep(long).await;
            }
            Self::StallInFrame => {
                let mut member = Member::join(address, PATH).await?;
                // A frame of 64 KiB, of which some bytes come; and one of more than there is on earth.
                let head: &[u8] = if seed.is_multiple_of(2) {
                    b"\x81\xfe\xff\xff\0\0\0\0{\"type\":1"
                } else {
                    b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0{\"type\":1"
                };
                member.raw(head).await?;
                member.message().await?;
                sleep(long).await;
            }
            Self::Vanish => {
                let mut member = Member::join(address, PATH).await?;
                member
                    .send(r#"{"type":1,"invocationId":"1","target":"Slow","arguments":[20]}"#)
                    .await?;
                member
                    .send(r#"{"type":4,"invocationId":"2","target":"Counter","arguments":[1000000,0]}"#)
                    .await?;
                sleep(Duration::from_millis(20)).await;
                member.vanish();
            }
            Self::Storm => {
                let mut member = Member::join(address, PATH).await?;
                member
                    .send(r#"{"type":1,"target":"Join","arguments":["storm"]}"#)
                    .await?;
            }
            Self::Flood => {
                let mut member = Member::join(address, PATH).await?;
                let call = format!(
                    r#"{{"type":1,"invocationId":"1","target":"Echo","arguments":["{}"]}}"#,
                    "y".repeat(1_000)
                );
                // Without ever reading: it is the server that has to stop taking more.
                timeout(long, async {
                    loop {
                        member.send(&call).await?;
                    }
                })
                .await
                .unwrap_or(Ok::<(), std::io::Error>(()))?;
            }
            Self::Garble => {
                let mut member = Member::join(address, PATH).await?;
                let garbage: &[u8] = match seed % 4 {
                    0 => &[0xff; 32],
                    1 => b"\x81\x84\0\0\0\0\xc3\x28\xa0\x1e",
                    2 => b"\x81\x85\0\0\0\0{\"a\"\x1e",
                    _ => b"GET / HTTP/1.1\r\n\r\n",
                };
                member.raw(garbage).await?;
                while member.message().await?.is_some() {}
            }
            Self::Exceed => {
                let mut member = Member::join(address, PATH).await?;
                member.send(&"z".repeat(1 << 20)).await?;
                while member.message().await?.is_some() {}
            }
            Self::NeverRead => {
                let _member = Member::join(address, PATH).await?;
                sleep(long).await;
            }
        }
        Ok(())
    }
}

async fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let waiting = async {
        while !reached() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "not yet: {what}");
}

//! A client that does not read on one server, while another server sends: what the hub's policy says, and nobody else notices.

mod support;

use campanile_hub::{HubOptions, SlowClientPolicy};
use end_to_end::{Member, Redis, soon};
use serde_json::Value;
use support::{PATIENCE, Server};

/// More than the system keeps for a connection.
const MESSAGES: usize = 200;

/// How long the text of the first message is; each one after it is longer by one.
const FIRST: usize = 64 * 1024;

/// What a client that does not read is left with, after it has been sent `MESSAGES` messages: their numbers, and the Close
/// message if there is one. All others have got all of them in order, and no send has waited for anybody.
async fn left_with(
    test: &str,
    configure: impl FnOnce(&mut HubOptions) + Send + 'static,
) -> Option<(Vec<usize>, Option<Value>)> {
    left_with_messages_of(test, configure, None).await
}

/// The same where the messages have a policy of their own.
async fn left_with_messages_of(
    test: &str,
    configure: impl FnOnce(&mut HubOptions) + Send + 'static,
    policy: Option<SlowClientPolicy>,
) -> Option<(Vec<usize>, Option<Value>)> {
    let redis = Redis::start(test).await?;
    let a = Server::start(&redis.address()).await;
    let configure = |options: &mut HubOptions| {
        // Not how long it does not read is asked about, but how much waits for it.
        options.transport_send_timeout = None;
        options.close_timeout = PATIENCE;
        options.maximum_queued_bytes = 8 * FIRST;
        configure(options);
    };
    let b = Server::start_with(&redis.address(), |_| {}, configure).await;
    let mut others = [a.client().await, b.client().await];
    let mut slow = Member::join(b.address(), "/hub").await.unwrap();
    // Once it is answered, the farm knows it.
    slow.send(r#"{"type":1,"invocationId":"1","target":"Here","arguments":[]}"#)
        .await
        .unwrap();
    let answer = soon(slow.message()).await.unwrap().unwrap();
    assert!(answer.contains(r#""type":3"#), "{answer}");

    let clients = a.context().clients();
    let over = clients.untyped().all();
    let all = match policy {
        None => clients.untyped().all(),
        Some(policy) => clients.slow_client(policy).untyped().all(),
    };
    for length in FIRST..FIRST + MESSAGES {
        soon(all.send("Text", ("x".repeat(length),))).await.unwrap();
        for other in &mut others {
            assert_eq!(other.told().await, i32::try_from(length).unwrap());
        }
    }
    soon(over.send("Over", ())).await.unwrap();

    let (mut numbers, mut close) = (Vec::new(), None);
    while let Ok(Some(message)) = soon(slow.message()).await {
        let message: Value = serde_json::from_str(&message).unwrap();
        match (message["type"].as_i64(), message["target"].as_str()) {
            (Some(1), Some("Text")) => {
                let text = message["arguments"][0].as_str().unwrap();
                numbers.push(text.len() - FIRST);
            }
            (Some(1), _) => break,
            (Some(7), _) => close = Some(message),
            _ => {}
        }
    }
    drop(slow);
    for other in others {
        other.here().await;
        other.connection.stop().await;
    }
    a.stop().await;
    b.stop().await;
    Some((numbers, close))
}

/// The first ones without a gap, and then it was told to go and come back.
fn was_let_go(numbers: &[usize], close: Option<Value>) {
    assert!(numbers.len() < MESSAGES, "it was sent everything");
    assert!(numbers.iter().copied().eq(0..numbers.len()), "{numbers:?}");
    let close = close.expect("it is told to go");
    assert_eq!(close["allowReconnect"], true, "{close}");
}

/// Some are missing, and not the last one.
fn has_the_newest(numbers: &[usize]) {
    assert!(numbers.len() < MESSAGES, "nothing was dropped");
    assert!(numbers.is_sorted_by(|one, other| one < other));
    assert_eq!(numbers.last(), Some(&(MESSAGES - 1)));
}

#[tokio::test]
async fn who_is_waited_for_gets_everything_up_to_a_bound() {
    let test = "who_is_waited_for_gets_everything_up_to_a_bound";
    // 64 times what may be queued: more than there is.
    let Some((numbers, close)) = left_with(test, |_| {}).await else {
        return;
    };
    assert!(numbers.iter().copied().eq(0..MESSAGES), "{numbers:?}");
    assert_eq!(close, None);
}

#[tokio::test]
async fn who_is_waited_for_is_let_go_beyond_the_bound() {
    let test = "who_is_waited_for_is_let_go_beyond_the_bound";
    let narrow = |options: &mut HubOptions| options.maximum_queued_bytes = FIRST;
    let Some((numbers, close)) = left_with(test, narrow).await else {
        return;
    };
    was_let_go(&numbers, close);
}

#[tokio::test]
async fn the_oldest_are_dropped_where_that_is_the_policy() {
    let test = "the_oldest_are_dropped_where_that_is_the_policy";
    let policy = |options: &mut HubOptions| options.slow_client = SlowClientPolicy::DropOldest;
    let Some((numbers, close)) = left_with(test, policy).await else {
        return;
    };
    has_the_newest(&numbers);
    assert_eq!(close, None);
}

#[tokio::test]
async fn the_newest_is_kept_where_only_that_counts() {
    let test = "the_newest_is_kept_where_only_that_counts";
    let policy = |options: &mut HubOptions| options.slow_client = SlowClientPolicy::KeepNewest;
    let Some((numbers, close)) = left_with(test, policy).await else {
        return;
    };
    has_the_newest(&numbers);
    assert_eq!(close, None);
}

#[tokio::test]
async fn a_policy_of_messages_goes_before_that_of_the_hub_that_has_the_client() {
    let test = "a_policy_of_messages_goes_before_that_of_the_hub_that_has_the_client";
    let policy = |options: &mut HubOptions| options.slow_client = SlowClientPolicy::Disconnect;
    let of_messages = Some(SlowClientPolicy::KeepNewest);
    let Some((numbers, close)) = left_with_messages_of(test, policy, of_messages).await else {
        return;
    };
    has_the_newest(&numbers);
    assert_eq!(close, None);
}

#[tokio::test]
async fn who_does_not_keep_up_is_disconnected_where_that_is_the_policy() {
    let test = "who_does_not_keep_up_is_disconnected_where_that_is_the_policy";
    let policy = |options: &mut HubOptions| options.slow_client = SlowClientPolicy::Disconnect;
    let Some((numbers, close)) = left_with(test, policy).await else {
        return;
    };
    was_let_go(&numbers, close);
}

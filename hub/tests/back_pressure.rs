//! A client that does not read holds back whatever makes something for it, over every way in which it may not read.
//!
//! Time stands still here, and goes on by itself once nobody has anything to do: what is not made by then is held back.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use campanile_host::Inject;
use campanile_host::services::ServiceCollection;
use campanile_hub::{HubCaller, HubOptions, HubResult, HubService, HubServiceCollectionExt, hub};
use futures_util::{Stream, StreamExt, stream};
use serde_json::json;
use support::requests::{Caller, Events, text};

/// How many items have been asked for.
#[derive(Debug, Default)]
struct Made(AtomicUsize);

impl Made {
    fn one(&self) -> String {
        self.0.fetch_add(1, Ordering::SeqCst);
        "x".repeat(1_000)
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Inject)]
struct FountainHub {
    made: Arc<Made>,
}

/// More than fits into all buffers of a test.
const PLENTY: usize = 100_000;

#[hub]
impl FountainHub {
    pub fn flow(&self) -> impl Stream<Item = String> + use<> {
        let made = self.made.clone();
        stream::iter(0..PLENTY).map(move |_| made.one())
    }

    pub async fn send(&self, caller: &HubCaller<Self>) -> HubResult<()> {
        for _ in 0..PLENTY {
            let item = self.made.one();
            caller.clients().caller().send("Item", (item,)).await?;
        }
        Ok(())
    }
}

/// How many items of a little more than 1,000 bytes find room, and one that does not.
const WAITING: usize = 10;

fn serve() -> (HubService, Arc<Made>) {
    let made = Arc::new(Made::default());
    let mut services = ServiceCollection::new();
    services.add_hub::<FountainHub>();
    services.add_instance(made.clone());
    let mut options = HubOptions::default();
    options.maximum_queued_bytes = 10_000;
    options.transport_send_timeout = None;
    let hub = HubService::new::<FountainHub>(&services.build().unwrap(), options).unwrap();
    (hub, made)
}

/// Until nobody does anything any more.
async fn stillness() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

/// What makes items: a stream, and a method that sends.
const SOURCES: [(u8, &str); 2] = [(4, "Flow"), (1, "Send")];

#[tokio::test(start_paused = true)]
async fn events_are_held_back_by_a_client_that_does_not_read() {
    for (kind, target) in SOURCES {
        let (hub, made) = serve();
        let mut client = Events::connect(&Caller::anonymous(&hub)).await;
        client
            .post(&json!({"type": kind, "invocationId": "1", "target": target, "arguments": []}))
            .await;
        stillness().await;
        assert_eq!(made.count(), WAITING, "{target}");
        for read in 1..=100 {
            client.next().await.unwrap();
            stillness().await;
            // What one chunk of the body had, and what is made in its place.
            let ahead = made.count() - read;
            assert!(ahead < 2 * WAITING, "{target}: {ahead} after {read}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn polls_are_held_back_by_a_client_that_does_not_poll() {
    for (kind, target) in SOURCES {
        let (hub, made) = serve();
        let client = Caller::anonymous(&hub);
        let path = client.negotiate().await;
        assert_eq!(text(client.get(&path).await).await, "");
        let call = json!({"type": kind, "invocationId": "1", "target": target, "arguments": []});
        let messages = format!("{{\"protocol\":\"json\",\"version\":1}}\u{1e}{call}\u{1e}");
        client.post(&path, &messages).await;
        stillness().await;
        assert_eq!(made.count(), WAITING, "{target}");
        let mut read = 0;
        while read < 100 {
            let polled = text(client.get(&path).await).await;
            read += polled.matches("xxx\"").count();
            stillness().await;
            let ahead = made.count() - read;
            assert!(ahead <= WAITING, "{target}: {ahead} after {read}");
        }
    }
}

//! One hub at two paths.

mod support;

use std::sync::Arc;
use std::time::Duration;

use campanile_host::Inject;
use campanile_host::metrics::Metrics;
use campanile_host::services::{ServiceCollection, ServiceProvider};
use campanile_hub::{
    HubContext, HubError, HubOptions, HubResult, HubService, HubServiceCollectionExt, hub,
};
use serde_json::json;
use support::requests::{Caller, Events, text};
use tokio::time::Instant;

#[derive(Inject)]
struct TwiceHub;

#[hub]
impl TwiceHub {}

const HANDSHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";

struct Mounted {
    services: ServiceProvider,
    metrics: Arc<Metrics>,
    first: HubService,
    second: HubService,
}

/// At the first path with the times of the default, and at the second one with a ping every 5 seconds, and 2 seconds to answer.
fn mount() -> Mounted {
    let metrics = Arc::new(Metrics::new());
    let mut services = ServiceCollection::new();
    services.add_hub::<TwiceHub>();
    services.add_instance(metrics.clone());
    let services = services.build().unwrap();
    let mut frequent = HubOptions::default();
    frequent.keep_alive_interval = Duration::from_secs(5);
    frequent.client_result_timeout = Some(Duration::from_secs(2));
    let first = HubService::new::<TwiceHub>(&services, HubOptions::default()).unwrap();
    let second = HubService::new::<TwiceHub>(&services, frequent).unwrap();
    Mounted {
        services,
        metrics,
        first,
        second,
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_pinged_as_often_as_its_path_says() {
    let mounted = mount();
    for (hub, interval) in [(&mounted.first, 15), (&mounted.second, 5)] {
        let mut client = Events::connect(&Caller::anonymous(hub)).await;
        let mut last = Instant::now();
        for number in 0..4 {
            assert_eq!(client.next().await, Some(json!({"type": 6})));
            // The first one may be due earlier, where the tick falls.
            if number > 0 {
                assert_eq!(last.elapsed(), Duration::from_secs(interval));
            }
            last = Instant::now();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_has_its_whole_time() {
    let mounted = mount();
    let mut client = Events::connect(&Caller::anonymous(&mounted.first)).await;
    client.post(&json!({"type": 6})).await;
    let pinged = Instant::now();
    let mut last = None;
    while let Some(message) = client.next().await {
        last = Some(message);
    }
    let last = last.unwrap();
    assert_eq!(last["error"], "Connection closed with an error.");
    let waited = pinged.elapsed().as_secs();
    assert!((29..=32).contains(&waited), "after {waited} s");
}

#[tokio::test(start_paused = true)]
async fn a_client_has_as_long_to_answer_as_its_path_says() {
    let mounted = mount();
    let context: HubContext<TwiceHub> = mounted.services.inject().unwrap();
    for (hub, patience) in [
        (&mounted.first, 30),
        (&mounted.second, 2),
        (&mounted.first, 30),
    ] {
        let known = context.presence().connections();
        let mut silent = Events::connect(&Caller::anonymous(hub)).await;
        let asked = context.presence().connections();
        let id = asked.iter().find(|id| !known.contains(id)).unwrap();
        tokio::spawn(async move { while silent.next().await.is_some() {} });
        let since = Instant::now();
        let client = context.clients().client(id);
        let answer: HubResult<u32> = client.invoke("Count", ()).await;
        assert!(matches!(answer, Err(HubError::ClientResultTimeout { .. })));
        assert_eq!(since.elapsed().as_secs(), patience);
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_counted_once() {
    let mounted = mount();
    let client = Caller::anonymous(&mounted.first);
    let path = client.negotiate().await;
    assert_eq!(client.get(&path).await.status(), 200);
    client.post(&path, HANDSHAKE).await;
    assert_eq!(text(client.get(&path).await).await, "{}\u{1e}");
    let context: HubContext<TwiceHub> = mounted.services.inject().unwrap();
    context.clients().all().send("Ring", ()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let line = "signalr_server_queued_bytes{signalr_hub=\"TwiceHub\"} ";
    let shown = mounted.metrics.to_prometheus();
    let queued = shown.lines().find_map(|it| it.strip_prefix(line)).unwrap();
    let waiting = text(client.get(&path).await).await;
    // Counted as a WebSocket frame, whose head has 2 bytes.
    assert_eq!(queued, (2 + waiting.len()).to_string());
}

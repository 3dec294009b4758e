//! Requests for a connection that is somebody else's, and tickets that are renewed.

mod support;

use std::time::Duration;

use campanile_host::Inject;
use campanile_host::services::{ServiceCollection, ServiceProvider};
use campanile_hub::{HubContext, HubOptions, HubService, HubServiceCollectionExt, hub};
use campanile_web::{AuthenticationTicket, Principal};
use serde_json::{Value, json};
use support::Server;
use support::requests::{Caller, Events, text};
use tokio::time::Instant;

#[derive(Inject)]
struct OwnedHub;

#[hub]
impl OwnedHub {
    pub fn add(&self, a: i32, b: i32) -> i32 {
        a + b
    }
}

const HANDSHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
const TIME: &str = "{\"type\":1,\"target\":\"Time\",\"arguments\":[]}\u{1e}";

fn serve(options: HubOptions) -> (ServiceProvider, HubService) {
    let mut services = ServiceCollection::new();
    services.add_hub::<OwnedHub>();
    let services = services.build().unwrap();
    let hub = HubService::new::<OwnedHub>(&services, options).unwrap();
    (services, hub)
}

async fn tell_the_time(services: &ServiceProvider) {
    let context: HubContext<OwnedHub> = services.inject().unwrap();
    context.clients().all().send("Time", ()).await.unwrap();
}

/// Polls until the hand is shaken; gives the path.
async fn poll(client: &Caller) -> String {
    let path = client.negotiate().await;
    assert_eq!(client.get(&path).await.status(), 200);
    assert_eq!(client.post(&path, HANDSHAKE).await.status(), 200);
    assert_eq!(text(client.get(&path).await).await, "{}\u{1e}");
    path
}

#[tokio::test(start_paused = true)]
async fn a_polled_connection_is_its_users_alone() {
    let (services, hub) = serve(HubOptions::default());
    let ann = Caller::named(&hub, "ann");
    let path = poll(&ann).await;
    let waiting = tokio::spawn({
        let (ann, path) = (ann.clone(), path.clone());
        async move { text(ann.get(&path).await).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    for other in [Caller::named(&hub, "bob"), Caller::anonymous(&hub)] {
        let refusal = other.get(&path).await;
        assert_eq!(refusal.status(), 403);
        assert_eq!(refusal.headers()["cache-control"], "no-cache, no-store");
        assert_eq!(text(refusal).await, "The connection is another user's.");
        assert_eq!(other.post(&path, TIME).await.status(), 403);
        assert_eq!(other.delete(&path).await.status(), 403);
    }
    // The poll of the one whose it is has not been disturbed.
    assert!(!waiting.is_finished());
    tell_the_time(&services).await;
    assert_eq!(waiting.await.unwrap(), TIME);
    tell_the_time(&services).await;
    assert_eq!(text(ann.get(&path).await).await, TIME);
    assert_eq!(ann.delete(&path).await.status(), 202);
}

#[tokio::test(start_paused = true)]
async fn nobody_else_speaks_on_a_connection_of_events() {
    let (_, hub) = serve(HubOptions::default());
    let mut ann = Events::connect(&Caller::named(&hub, "ann")).await;
    let bob = Caller::named(&hub, "bob");
    assert_eq!(bob.post(&ann.path, TIME).await.status(), 403);
    let answer = ann.invoke(1, "Add", json!([1, 2])).await;
    assert_eq!(answer[0]["result"], 3);
}

#[tokio::test]
async fn nobody_else_goes_on_with_a_connection_that_lost_its_socket() {
    let mut options = HubOptions::default();
    options.allow_stateful_reconnects = true;
    let server = Server::start::<OwnedHub>(options).await;
    let path = "/negotiate?negotiateVersion=1&useStatefulReconnect=true";
    let negotiated: Value = serde_json::from_str(&server.post(path, "").await.body).unwrap();
    let path = format!("/?id={}", negotiated["connectionToken"].as_str().unwrap());
    let mut client = server.open_as(&path, Some("ann")).await.unwrap();
    client
        .send_text("{\"protocol\":\"json\",\"version\":2}\u{1e}")
        .await;
    assert_eq!(client.next().await, Some(json!({})));
    assert_eq!(client.invoke("Add", json!([1, 2])).await["result"], 3);
    assert_eq!(server.open_as(&path, Some("bob")).await.unwrap_err(), 403);
    assert_eq!(server.open_as(&path, None).await.unwrap_err(), 403);
    // Nor is the one whose it is disturbed, who may go on by another socket.
    assert_eq!(client.invoke("Add", json!([2, 2])).await["result"], 4);
    let mut again = server.open_as(&path, Some("ann")).await.unwrap();
    again.send(json!({"type": 9, "sequenceId": 1})).await;
    assert_eq!(again.next().await.unwrap()["type"], 9);
}

fn ann_for(hub: &HubService, seconds: u64) -> Caller {
    let ticket = AuthenticationTicket::new(Principal::new([("sub", "ann")]));
    Caller::known(hub, ticket.expiring_in(Duration::from_secs(seconds)))
}

#[tokio::test(start_paused = true)]
async fn a_poll_with_a_newer_ticket_keeps_the_connection() {
    let mut options = HubOptions::default();
    options.close_on_authentication_expiration = true;
    let (services, hub) = serve(options);
    let began = Instant::now();
    let path = poll(&ann_for(&hub, 5)).await;
    let newer = ann_for(&hub, 20);
    let waiting = tokio::spawn({
        let (newer, path) = (newer.clone(), path.clone());
        async move { text(newer.get(&path).await).await }
    });
    tokio::time::sleep(Duration::from_secs(10)).await;
    tell_the_time(&services).await;
    assert_eq!(waiting.await.unwrap(), TIME);
    // What is posted with a newer one does not count: the polls are the connection.
    assert_eq!(
        ann_for(&hub, 60)
            .post(&path, "{\"type\":6}\u{1e}")
            .await
            .status(),
        200
    );
    let goodbye = text(newer.get(&path).await).await;
    assert_eq!(goodbye, "{\"type\":7,\"allowReconnect\":true}\u{1e}");
    let lasted = began.elapsed().as_secs();
    assert!((20..=22).contains(&lasted), "{lasted} s");
}

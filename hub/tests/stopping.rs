//! What a stop of the host means for clients.

mod support;

use std::time::{Duration, Instant};

use campanile_host::Inject;
use campanile_host::hosting::HostBuilder;
use campanile_hub::{HubHostBuilderExt, hub};
use campanile_web::ServerAddresses;
use serde_json::json;
use support::Server;

#[derive(Inject)]
struct QuietHub;

#[hub]
impl QuietHub {
    pub fn id(&self) -> u8 {
        7
    }
}

#[tokio::test]
async fn clients_are_told_to_come_back_and_those_who_vanished_are_not_waited_for() {
    let host = HostBuilder::empty()
        .configure_configuration(|configuration| {
            configuration.add_in_memory([("urls", "http://127.0.0.1:0")]);
        })
        .add_hub_with::<QuietHub>("/", |options| options.allow_stateful_reconnects = true)
        .build()
        .unwrap();
    host.start().await.unwrap();
    let addresses = host.services().required::<ServerAddresses>().unwrap();
    let address = addresses
        .first()
        .unwrap()
        .replace("http://", "")
        .parse()
        .unwrap();
    let server = Server {
        address,
        services: host.services().clone(),
    };

    // One that polled once and was not seen again, one whose socket was cut, one that is there.
    let polled = server.negotiated().await;
    server.poll(&polled).await;
    server
        .post(&polled, "{\"protocol\":\"json\",\"version\":1}\u{1e}")
        .await;
    let negotiated = server
        .post(
            "/negotiate?negotiateVersion=1&useStatefulReconnect=true",
            "",
        )
        .await;
    let answer: serde_json::Value = serde_json::from_str(&negotiated.body).unwrap();
    let mut cut = server
        .open(&format!(
            "/?id={}",
            answer["connectionToken"].as_str().unwrap()
        ))
        .await;
    cut.send_text("{\"protocol\":\"json\",\"version\":2}\u{1e}")
        .await;
    cut.next().await.unwrap();
    drop(cut);
    let mut client = server.connect().await;
    let told = async move { client.rest().await };

    let begun = Instant::now();
    let (stopped, rest) = tokio::join!(host.stop(), told);
    stopped.unwrap();
    assert_eq!(rest, [json!({"type": 7, "allowReconnect": true})]);
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "took {:?}",
        begun.elapsed()
    );
}

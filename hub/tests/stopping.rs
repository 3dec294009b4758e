//! What a stop of the host means for clients.

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use campanile_host::Inject;
use campanile_host::hosting::{ApplicationLifetime, Host, HostBuilder, TestHost};
use campanile_hub::{HubHostBuilderExt, hub};
use campanile_web::ServerAddresses;
use serde_json::json;
use support::Server;
use tokio::sync::Notify;

#[derive(Inject)]
struct QuietHub;

#[hub]
impl QuietHub {
    pub fn id(&self) -> u8 {
        7
    }
}

/// A method that ends when it is let go.
#[derive(Default)]
struct Gate {
    entered: Notify,
    opened: Notify,
}

#[derive(Inject)]
struct GateHub {
    gate: Arc<Gate>,
}

#[hub]
impl GateHub {
    pub async fn pass(&self) -> &'static str {
        self.gate.entered.notify_one();
        self.gate.opened.notified().await;
        "passed"
    }
}

fn server(host: &Host) -> Server {
    let addresses = host.services().required::<ServerAddresses>().unwrap();
    let address = addresses.first().unwrap().replace("http://", "");
    Server {
        address: address.parse().unwrap(),
        services: host.services().clone(),
    }
}

#[tokio::test]
async fn a_running_call_is_answered_before_its_client_is_told_to_come_back() {
    let nothing: [(&str, &str); 0] = [];
    let gate = Arc::new(Gate::default());
    let host = TestHost::builder(nothing)
        .configure_services({
            let gate = gate.clone();
            move |services| {
                services.add_instance(gate);
            }
        })
        .add_hub::<GateHub>("/");
    let host = TestHost::start(host).await.unwrap();
    let stopping = host.required::<ApplicationLifetime>().stopping();
    let mut client = server(host.host()).connect().await;
    client.call("1", "Pass", json!([])).await;
    gate.entered.notified().await;
    let (stopped, rest) = tokio::join!(host.stop(), async move {
        stopping.cancelled().await;
        gate.opened.notify_one();
        client.rest().await
    });
    stopped.unwrap();
    assert_eq!(
        rest,
        [
            json!({"type": 3, "invocationId": "1", "result": "passed"}),
            json!({"type": 7, "allowReconnect": true}),
        ]
    );
}

#[tokio::test]
async fn clients_are_told_to_come_back_and_those_who_vanished_are_not_waited_for() {
    let host = HostBuilder::empty()
        .configure_configuration(|configuration| {
            configuration.add_in_memory([("urls", "http://127.0.0.1:0")]);
        })
        .add_hub_with::<QuietHub>("/", |options| {
            options.allow_stateful_reconnects = true;
            // Longer than the test takes on any machine.
            options.disconnect_timeout = Duration::from_secs(25);
            options.close_timeout = Duration::from_secs(25);
        })
        .build()
        .unwrap();
    host.start().await.unwrap();
    let server = server(&host);

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
        begun.elapsed() < Duration::from_secs(20),
        "took {:?}",
        begun.elapsed()
    );
}

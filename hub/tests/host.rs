//! Hubs and raw handlers of a host, and their options.

mod support;

use campanile_host::hosting::{HostBuilder, TestHost};
use campanile_host::{BoxError, Inject};
use campanile_hub::{
    ConnectionHandler, HttpTransports, HubCaller, HubHostBuilderExt, RawConnection, hub,
};
use campanile_web::{RemoteAddress, ServerAddresses};
use serde_json::{Value, json};
use support::Server;

#[derive(Inject)]
struct DoorHub;

#[hub]
impl DoorHub {
    pub fn address(&self, caller: &HubCaller<Self>) -> Option<String> {
        let address = caller.request().feature::<RemoteAddress>();
        address.map(ToString::to_string)
    }
}

#[derive(Inject)]
struct QuietHub;

#[hub]
impl QuietHub {}

struct Silent;

impl ConnectionHandler for Silent {
    async fn on_connected(&self, mut connection: RawConnection) -> Result<(), BoxError> {
        while connection.receive().await.is_some() {}
        Ok(())
    }
}

async fn start(host: HostBuilder) -> (TestHost, Server) {
    let host = TestHost::start(host).await.unwrap();
    let address = host.required::<ServerAddresses>().first().unwrap();
    let server = Server {
        address: address.replace("http://", "").parse().unwrap(),
        services: host.host().services().clone(),
    };
    (host, server)
}

async fn transports(server: &Server, path: &str) -> Vec<String> {
    let reply = server.post(&format!("{path}/negotiate"), "").await;
    let answer: Value = serde_json::from_str(&reply.body).unwrap();
    let transports = answer["availableTransports"].as_array().unwrap();
    let names = transports.iter().map(|it| it["transport"].as_str());
    names.map(|it| it.unwrap().to_owned()).collect()
}

#[tokio::test]
async fn options_of_all_hubs_are_for_all_hubs_and_those_of_a_path_for_that_path() {
    let nothing: [(&str, &str); 0] = [];
    let host = TestHost::builder(nothing)
        .add_hub_with::<DoorHub>("/door", |options| {
            options.transports = HttpTransports::WEB_SOCKETS;
            options.keep_feature::<RemoteAddress>();
        })
        .add_hub::<QuietHub>("/quiet")
        .configure_hubs(|options| options.transports = HttpTransports::LONG_POLLING)
        .map_connection_handler("/bytes", Silent)
        .map_connection_handler_with("/events", Silent, |options| {
            options.transports = HttpTransports::SERVER_SENT_EVENTS;
        });
    let (host, server) = start(host).await;
    assert_eq!(transports(&server, "/door").await, ["WebSockets"]);
    assert_eq!(transports(&server, "/quiet").await, ["LongPolling"]);
    assert_eq!(transports(&server, "/events").await, ["ServerSentEvents"]);
    assert_eq!(transports(&server, "/bytes").await.len(), 3);

    let mut client = server.connect_to("/door").await;
    let answer = client.invoke("Address", json!([])).await;
    let address = answer["result"].as_str().unwrap();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    drop(client);
    host.stop().await.unwrap();
}

#[test]
fn options_that_make_no_sense_end_the_start() {
    let nothing: [(&str, &str); 0] = [];
    let handler = TestHost::builder(nothing).map_connection_handler_with("/bytes", Silent, |it| {
        it.disconnect_timeout = std::time::Duration::ZERO;
    });
    let error = handler.build().unwrap_err().to_string();
    assert!(
        error.contains("the option DisconnectTimeout of the connection handler at /bytes"),
        "{error}"
    );
    let hub = TestHost::builder(nothing)
        .configure_hubs(|options| options.stream_buffer_capacity = 0)
        .add_hub::<QuietHub>("/quiet");
    let error = hub.build().unwrap_err().to_string();
    assert!(
        error.contains("the option StreamBufferCapacity of the hub QuietHub"),
        "{error}"
    );
}

//! A connection as a part of a host.

#![cfg(feature = "host")]

mod support;

use campanile_host::hosting::HostBuilder;
use campanile_hub_client::{
    ClientError, HubConnection, HubConnectionBuilder, HubConnectionHostBuilderExt,
    HubConnectionState,
};

use crate::support::{Server, soon};

#[tokio::test]
async fn a_host_connects_whenever_the_server_comes_and_stops_its_connection() {
    let server = Server::start().await;
    let url = server.url.clone();
    server.stop().await;

    let hub = format!("{url}/hub");
    let host = HostBuilder::new()
        .with_args(["--Logging:LogLevel:Default", "None"])
        .add_hub_connection(move || -> Result<HubConnection, ClientError> {
            HubConnectionBuilder::new(hub.clone()).build()
        })
        .build()
        .unwrap();
    soon(host.start())
        .await
        .expect("it does not wait for the server");
    let connection = host.services().required::<HubConnection>().unwrap();
    let mut states = connection.state_changes();

    let server = Server::start_at(&url).await;
    assert!(soon(states.wait_for(HubConnectionState::Connected)).await);
    let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    assert_eq!(sum, 3);

    soon(host.stop()).await.unwrap();
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    server.stop().await;
}

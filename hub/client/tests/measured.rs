//! What a host measures of its connections.

mod support;

use campanile_host::hosting::HostBuilder;
use campanile_host::metrics::Metrics;
use campanile_hub_client::{
    ClientError, HubConnection, HubConnectionBuilder, HubConnectionHostBuilderExt,
    HubConnectionState, RetryDelays,
};

use crate::support::{Server, soon};

#[tokio::test]
async fn a_host_measures_its_connections() {
    let server = Server::start().await;
    let hub = format!("{}/hub", server.url);
    let host = HostBuilder::new()
        .with_args(["--Logging:LogLevel:Default", "None"])
        .add_hub_connection(move || -> Result<HubConnection, ClientError> {
            HubConnectionBuilder::new(hub.clone())
                .automatic_reconnect_with(
                    RetryDelays::new([std::time::Duration::from_millis(20)]).for_ever(),
                )
                .build()
        })
        .build()
        .unwrap();
    soon(host.start()).await.unwrap();
    let connection = host.services().required::<HubConnection>().unwrap();
    let mut states = connection.state_changes();
    assert!(soon(states.wait_for(HubConnectionState::Connected)).await);

    let _: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    soon(connection.invoke::<i32>("Nobody", ()))
        .await
        .unwrap_err();
    let mut items = soon(connection.stream::<i32>("Count", (2,))).await.unwrap();
    while soon(items.next()).await.is_some() {}
    drop(soon(connection.stream::<i32>("ForEver", ())).await.unwrap());
    soon(connection.send("Nothing", ())).await.unwrap();

    let url = server.url.clone();
    server.stop().await;
    assert!(soon(states.wait_for(HubConnectionState::Reconnecting)).await);
    let server = Server::start_at(&url).await;
    assert!(soon(states.wait_for(HubConnectionState::Connected)).await);
    let _: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();

    let metrics = host.services().required::<Metrics>().unwrap();
    let told = metrics.to_prometheus();
    let lines = [
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="invoke",signalr_call_outcome="ok"} 2"#,
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="invoke",signalr_call_outcome="error"} 1"#,
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="stream",signalr_call_outcome="ok"} 1"#,
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="stream",signalr_call_outcome="given_up"} 1"#,
        r#"signalr_client_call_duration_seconds_count{signalr_call_kind="send",signalr_call_outcome="ok"} 1"#,
        r#"signalr_client_connections{signalr_connection_state="connected"} 1"#,
        r#"signalr_client_connections{signalr_connection_state="reconnecting"} 0"#,
        r#"signalr_client_reconnects_total{signalr_reconnect_outcome="reconnected"} 1"#,
    ];
    for line in lines {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    soon(host.stop()).await.unwrap();
    let told = metrics.to_prometheus();
    assert!(
        told.contains(r#"signalr_client_connections{signalr_connection_state="disconnected"} 1"#),
        "{told}"
    );
    server.stop().await;
}

//! A service that reacts to the clock: it logs the time that it is told. `Clock:HubUrl` says where the clock is.

#[allow(
    dead_code,
    reason = "the contract stands beside the hub, which is the server's"
)]
#[path = "../clock.rs"]
mod clock;

use std::sync::Arc;
use std::time::Duration;

use campanile_host::configuration::Configuration;
use campanile_host::hosting::{HostBuilder, HostError, HostedService};
use campanile_host::{BoxError, CancellationToken, Inject};
use campanile_hub_client::{
    ClientError, HubConnection, HubConnectionBuilder, HubConnectionHostBuilderExt, RetryDelays,
};
use chrono::{DateTime, Local};

use clock::Clock;

const URL: &str = "http://localhost:5000/hubs/clock";

/// A restart takes a second or two, and whoever is gone for longer is not asked all the time.
const DELAYS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
    Duration::from_secs(10),
];

#[tokio::main]
async fn main() -> Result<(), HostError> {
    HostBuilder::new()
        .add_hosted_service::<TimeLog>()
        .add_hub_connection(
            |configuration: Configuration| -> Result<HubConnection, ClientError> {
                let url = configuration.get("Clock:HubUrl");
                HubConnectionBuilder::new(url.as_deref().unwrap_or(URL))
                    .automatic_reconnect_with(RetryDelays::new(DELAYS).for_ever().jitter(0.5))
                    .build()
            },
        )
        .build()?
        .run()
        .await
}

/// Logs the time that the connection is told.
#[derive(Inject)]
struct TimeLog {
    connection: Arc<HubConnection>,
}

/// What the clock's server calls.
struct Logging;

impl Clock for Logging {
    async fn show_time(&self, current_time: DateTime<Local>) {
        tracing::info!("the time is {current_time}");
    }
}

impl HostedService for TimeLog {
    async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
        self.connection
            .on_reconnecting(|_| tracing::warn!("the clock is gone"));
        self.connection
            .on_reconnected(|_| tracing::info!("the clock is back"));
        self.connection.register::<dyn Clock>(Logging);
        Ok(())
    }

    async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }
}

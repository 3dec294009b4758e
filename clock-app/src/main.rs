//! The clock: a background service that sends the time to every connected client.

mod clock;
mod worker;

use campanile_host::hosting::{HostBuilder, HostError};
use campanile_hub::{HubHostBuilderExt, SlowClientPolicy};
use campanile_web::{Html, WebHostBuilderExt};

use clock::ClockHub;
use worker::{ClockOptions, Worker};

#[tokio::main]
async fn main() -> Result<(), HostError> {
    HostBuilder::new()
        .configure::<ClockOptions>("Clock")
        .configure_services(|services| {
            services.validate(ClockOptions::check);
        })
        .map_get("/", |_| async { Html(include_str!("index.html")) })
        .map_health_checks("/healthz")
        .add_hub_with::<ClockHub>("/hubs/clock", |options| {
            // Of the time only the newest matters: a client that lags gets no backlog of the past.
            options.slow_client = SlowClientPolicy::KeepNewest;
        })
        .add_hosted_service::<Worker>()
        .build()?
        .run()
        .await
}

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
    joined(HostBuilder::new())
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

/// With `ConnectionStrings:Redis`, all clocks on that Redis are one: set `Clock:Worker` to false for all that are not to tick.
fn joined(host: HostBuilder) -> HostBuilder {
    #[cfg(feature = "redis")]
    let host = campanile_hub_redis::RedisHostBuilderExt::add_redis_backplane_if_configured(host);
    host
}

//! Ticks for all clocks on one Redis, and serves nobody itself: `clock-worker --ConnectionStrings:Redis HOST:PORT`.
//!
//! The clocks are `clock-app --ConnectionStrings:Redis HOST:PORT --Clock:Worker false`.

#[allow(dead_code, reason = "the hub's methods are for those who serve it")]
#[path = "../clock.rs"]
mod clock;
#[path = "../worker.rs"]
mod worker;

use campanile_host::hosting::{HostBuilder, HostError};
use campanile_hub::HubServiceCollectionExt;
use campanile_hub_redis::RedisHostBuilderExt;

use clock::ClockHub;
use worker::{ClockOptions, Worker};

#[tokio::main]
async fn main() -> Result<(), HostError> {
    HostBuilder::new()
        .configure::<ClockOptions>("Clock")
        .configure_services(|services| {
            services
                .validate(ClockOptions::check)
                .add_hub_context::<ClockHub>();
        })
        .add_redis_backplane()
        .add_hosted_service::<Worker>()
        .build()?
        .run()
        .await
}

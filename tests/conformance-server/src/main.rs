//! The hubs that the SignalR conformance probe asks.
//!
//! What is not mapped is not there yet.

mod ask;
mod conformance;
mod payload;
mod small;
mod token;

use std::sync::Arc;
use std::time::Duration;

use campanile_host::hosting::{HostBuilder, HostError};
use campanile_host::services::ServiceDescriptor;
use campanile_hub::{HttpTransports, Hub, HubHostBuilderExt};
use campanile_hub_redis::{RedisHostBuilderExt, RedisOptions};
use campanile_web::{AuthHostBuilderExt, JwtKey, Policy, WebHostBuilderExt};
use conformance::{
    AuthorizedConformanceHub, ConformanceHub, DetailedHub, Greeting, ImpatientHub, ParallelHub,
    ReconnectHub, SmallHub, WebSocketlessHub,
};
use small::{BenchHub, ClockHub, Echo};

#[tokio::main]
async fn main() -> Result<(), HostError> {
    joined(HostBuilder::new())
        .add_jwt_bearer_with(|options| {
            options.keys.extend(JwtKey::secret(token::KEY));
            options.clock_skew = Duration::ZERO;
            // The recorded server has a scheme of its own, without the header.
            options.challenge = false;
        })
        .configure_services(|services| {
            services.add(ServiceDescriptor::instance(Arc::new(Greeting("hello "))));
        })
        .add_hub::<ClockHub>("/hubs/clock")
        .add_hub::<BenchHub>("/hubs/bench")
        .add_hub::<ConformanceHub>("/hubs/conformance")
        .add_hub_with::<WebSocketlessHub>("/hubs/conformance-nowebsockets", |options| {
            options.transports =
                HttpTransports::SERVER_SENT_EVENTS.and(HttpTransports::LONG_POLLING);
            options.long_polling_timeout = Duration::from_secs(3);
        })
        .add_hub_with::<DetailedHub>("/hubs/detailed", |options| {
            options.enable_detailed_errors = true;
        })
        .add_hub_with::<SmallHub>("/hubs/small", |options| {
            options.maximum_receive_message_size = Some(200);
            options.enable_detailed_errors = true;
        })
        .add_hub_with::<ImpatientHub>("/hubs/impatient", |options| {
            options.keep_alive_interval = Duration::from_secs(1);
            options.client_timeout_interval = Duration::from_secs(3);
            options.handshake_timeout = Duration::from_secs(2);
            options.enable_detailed_errors = true;
        })
        .add_hub_with::<ParallelHub>("/hubs/parallel", |options| {
            options.maximum_parallel_invocations_per_client = 3;
        })
        .add_hub_with::<ReconnectHub>("/hubs/reconnect", |options| {
            options.allow_stateful_reconnects = true;
            options.stateful_reconnect_buffer_size = 2000;
        })
        .add_hub_with::<AuthorizedConformanceHub>("/hubs/authorized", |options| {
            options.close_on_authentication_expiration = true;
        })
        .require_authorization(Policy::authenticated())
        .map_get("/token", token::token)
        .map_with("/ask/{connectionId}", ask::ask)
        .map_connection_handler("/echo", Echo)
        .map_health_checks("/healthz")
        .build()?
        .run()
        .await
}

/// Joins the farm of `--redis HOST:PORT`, where a hub goes by the name of the recorded server's type.
fn joined(mut host: HostBuilder) -> HostBuilder {
    let Some(redis) = host.configuration().get("redis") else {
        return host;
    };
    host.add_redis_backplane_with(move |options| {
        match RedisOptions::parse(&redis) {
            Ok(parsed) => *options = parsed,
            Err(error) => tracing::error!(%error, "--redis"),
        }
        named::<ClockHub>(options);
        named::<BenchHub>(options);
        named::<ConformanceHub>(options);
        named::<DetailedHub>(options);
        named::<SmallHub>(options);
        named::<ImpatientHub>(options);
        named::<ParallelHub>(options);
        named::<ReconnectHub>(options);
        named::<AuthorizedConformanceHub>(options);
    })
}

fn named<H: Hub>(options: &mut RedisOptions) {
    options.hub_name::<H>(format!("Reference.{}", H::NAME));
}

//! A hub for pages of other origins: CORS by `tower-http`, and users by access tokens.
//!
//! ```text
//! cargo run -p campanile-hub --features jwt --example other_origins -- \
//!     --Pages:Origins:0 http://localhost:8080 --Authentication:Schemes:Bearer:SigningKeys:0:Value c2VjcmV0IG9mIGF0IGxlYXN0IDMyIGJ5dGVzIS4uLi4=
//! ```
//!
//! lets pages of that origin in, with tokens that are signed with that key.

use std::time::Duration;

use campanile_host::{BoxError, HostBuilder, Inject};
use campanile_hub::{HubCaller, HubHostBuilderExt, HubResult, hub, hub_client};
use campanile_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use campanile_web::http::{HeaderName, HeaderValue, Method};
use campanile_web::{AuthHostBuilderExt, Policy, WebHostBuilderExt};
use serde::Deserialize;
use tower_http::cors::CorsLayer;

/// What the server may call on a client.
#[hub_client]
pub(crate) trait Bells {
    async fn rang(&self, ringer: String);
}

/// Who rings is heard by all.
#[derive(Inject)]
pub(crate) struct BellHub;

#[hub(client = Bells)]
impl BellHub {
    pub async fn ring(&self, caller: &HubCaller<Self>) -> HubResult<String> {
        let ringer = caller.user_identifier().unwrap_or_default().to_owned();
        caller.clients().all().rang(ringer.clone()).await?;
        Ok(ringer)
    }
}

/// The section `Pages`: whose pages may use the hub.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Pages {
    origins: Vec<String>,
}

/// The application: CORS for the requests of a page, and the same origins for WebSockets, which CORS is not asked for.
pub(crate) fn application(mut host: HostBuilder) -> Result<HostBuilder, BoxError> {
    let pages: Pages = host.configuration().bind("Pages")?;
    let cors = cors(&pages.origins)?;
    Ok(host
        .layer(cors)
        .add_jwt_bearer()
        .add_hub_with::<BellHub>("/hubs/bells", |options| {
            options.allowed_origins = pages.origins;
        })
        .require_authorization(Policy::authenticated()))
}

/// SignalR's clients in browsers send credentials, so that origins have to be named, and headers of their own.
fn cors(origins: &[String]) -> Result<CorsLayer, BoxError> {
    let origins = origins.iter().map(HeaderValue::try_from);
    Ok(CorsLayer::new()
        .allow_origin(origins.collect::<Result<Vec<_>, _>>()?)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("x-requested-with"),
            HeaderName::from_static("x-signalr-user-agent"),
        ])
        .max_age(Duration::from_secs(600)))
}

#[tokio::main]
#[allow(dead_code, reason = "a test includes this file")]
async fn main() -> Result<(), BoxError> {
    application(HostBuilder::new())?.build()?.run().await?;
    Ok(())
}

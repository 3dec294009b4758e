//! A hub inside an axum application, for pages of another origin too.
//!
//! ```text
//! cargo run -p campanile-hub --example axum -- 127.0.0.1:5000 http://localhost:8080
//! ```
//!
//! listens on the first and lets in pages of the second, by CORS.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use campanile_host::services::{ServiceCollection, ServiceError, ServiceProvider};
use campanile_host::{BoxError, Inject};
use campanile_hub::{
    HubCaller, HubContext, HubOptions, HubResult, HubService, HubServiceCollectionExt, hub,
    hub_client,
};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::CorsLayer;

/// What the server may call on a client.
#[hub_client]
pub(crate) trait Chat {
    async fn receive(&self, text: String);
}

/// Passes on what somebody says.
#[derive(Inject)]
pub(crate) struct ChatHub;

#[hub(client = Chat)]
impl ChatHub {
    pub async fn say(&self, caller: &HubCaller<Self>, text: String) -> HubResult<()> {
        caller.clients().all().receive(text).await
    }
}

/// The application: the hub with its negotiation, and whatever else axum routes.
pub(crate) fn app(services: &ServiceProvider, origin: HeaderValue) -> Result<Router, ServiceError> {
    let mut options = HubOptions::default();
    // CORS is not asked for WebSockets.
    options.allowed_origins = vec![String::from_utf8_lossy(origin.as_bytes()).into_owned()];
    let hub = HubService::new::<ChatHub>(services, options)?;
    Ok(Router::new()
        .route("/", get(|| async { "a page of axum's" }))
        .route_service("/hubs/chat", hub.clone())
        .route_service("/hubs/chat/negotiate", hub)
        .layer(cors(origin)))
}

/// SignalR's clients in browsers send credentials, so the origin has to be named, and headers of their own.
fn cors(origin: HeaderValue) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origin)
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([
            AUTHORIZATION,
            CONTENT_TYPE,
            HeaderName::from_static("x-requested-with"),
            HeaderName::from_static("x-signalr-user-agent"),
        ])
        .max_age(Duration::from_secs(600))
}

/// The container that the hub is made from.
pub(crate) fn container() -> Result<ServiceProvider, BoxError> {
    let mut services = ServiceCollection::new();
    services.add_hub::<ChatHub>();
    Ok(services.build()?)
}

#[tokio::main]
#[allow(dead_code, reason = "a test includes this file")]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .unwrap_or_else(|| "127.0.0.1:5000".to_owned());
    let origin = arguments
        .next()
        .unwrap_or_else(|| "http://localhost:8080".to_owned());
    let services = container()?;
    let app = app(&services, HeaderValue::try_from(origin)?)?;

    // Anything that is not the hub reaches its clients by its context.
    let chat: HubContext<ChatHub> = services.inject()?;
    tokio::spawn(async move {
        let mut hours = tokio::time::interval(Duration::from_secs(3600));
        loop {
            hours.tick().await;
            let _ = chat
                .clients()
                .all()
                .receive("another hour".to_owned())
                .await;
        }
    });

    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, app).await?;
    Ok(())
}

//! An HTTP server as a hosted service of [`campanile_host`]: hyper, with the routes, the addresses and the stop that users
//! of Kestrel know.
//!
//! ```no_run
//! use campanile_host::{HostBuilder, HostError};
//! use campanile_web::{Request, RouteValues, WebHostBuilderExt};
//!
//! async fn greet(request: Request) -> String {
//!     let values = request.extensions().get::<RouteValues>();
//!     format!("Hello {}", values.and_then(|it| it.get("name")).unwrap_or("world"))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), HostError> {
//!     HostBuilder::new() // listens on http://localhost:5000, or where `urls` says
//!         .map_get("/greet/{name}", greet)
//!         .map_health_checks("/healthz")
//!         .build()?
//!         .run()
//!         .await
//! }
//! ```
//!
//! Everything begins with [`WebHostBuilderExt`]; what can be configured is in [`settings`]. Any [`tower`](https://docs.rs/tower) service can be mounted, an axum router
//! among them, and any `tower` layer put around it all.
//!
//! | feature | |
//! | --- | --- |
//! | `tls` | `https`, by rustls |
//! | `http2` | HTTP/2, and WebSockets over it |
//! | `jwt` | bearer tokens |

#[doc = include_str!("docs/settings.md")]
pub mod settings {}

mod accept;
mod accounts;
mod activity;
mod address;
mod addresses;
mod auth;
mod bind;
mod body;
mod builder;
mod certificate_files;
#[cfg(feature = "tls")]
mod certificate_watch;
mod collect;
mod connection;
mod diagnostics;
mod dispatch;
mod endpoints;
mod extended_connect;
mod first_line;
#[cfg(feature = "tls")]
mod handshake;
mod head;
mod health;
mod host_filter;
mod host_header;
#[cfg(feature = "http2")]
mod http2;
mod incoming;
mod instruments;
mod kestrel;
mod limits;
mod listener;
mod metrics;
#[cfg(feature = "http2")]
mod preface;
mod redact;
mod remote_address;
mod response;
mod route_values;
mod router;
mod server;
mod service;
mod stream;
mod terms;
#[cfg(feature = "tls")]
mod tls;
mod tracker;
#[cfg(unix)]
mod unix_socket;
mod wanted;
mod web_host;
mod web_server;

pub use address::{Address, AddressError};
pub use addresses::ServerAddresses;
pub use auth::{
    AuthHostBuilderExt, Authentication, AuthenticationLayer, AuthenticationResult,
    AuthenticationTicket, Authenticator, AuthorizationHandler, AuthorizationPolicies, Claim,
    Policy, PolicyError, Principal, authorize, authorize_request,
};
#[cfg(feature = "jwt")]
pub use auth::{JwtBearer, JwtBearerError, JwtBearerOptions, JwtKey};
pub use bind::BindError;
pub use body::{Body, Request, Response};
pub use builder::WebHostBuilderExt;
pub use collect::{MAX_REQUEST_BODY_SIZE, ReadBodyError};
pub use endpoints::EndpointError;
pub use extended_connect::is_web_socket_connect;
pub use health::{
    HealthCheck, HealthCheckError, HealthEndpoint, HealthHostBuilderExt, HealthResult, HealthStatus,
};
pub use host_filter::AllowedHostsError;
pub use http;
pub use http::{Method, StatusCode};
pub use remote_address::RemoteAddress;
pub use response::{Html, IntoResponse};
pub use route_values::RouteValues;
pub use router::RouteError;
pub use service::{ResponseFuture, WebService, WebServiceFuture};
#[cfg(feature = "tls")]
pub use tls::CertificateError;
pub use tracker::{ConnectionGuard, ConnectionTracker};

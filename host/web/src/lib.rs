//! A hyper server as a hosted service of [`campanile_host`].

mod activity;
mod address;
mod addresses;
mod bind;
mod body;
mod builder;
mod collect;
mod connection;
mod endpoints;
mod health;
mod limits;
mod listener;
mod response;
mod route_values;
mod router;
mod server;
mod service;
mod stream;
mod tracker;
#[cfg(unix)]
mod unix_socket;
mod web_host;
mod web_server;

pub use address::{Address, AddressError};
pub use addresses::ServerAddresses;
pub use bind::BindError;
pub use body::{Body, Request, Response};
pub use builder::WebHostBuilderExt;
pub use collect::{MAX_REQUEST_BODY_SIZE, ReadBodyError};
pub use connection::RemoteAddress;
pub use endpoints::EndpointError;
pub use http::{Method, StatusCode};
pub use response::{Html, IntoResponse};
pub use route_values::RouteValues;
pub use router::RouteError;
pub use service::{ResponseFuture, WebService, WebServiceFuture};
pub use tracker::{ConnectionGuard, ConnectionTracker};

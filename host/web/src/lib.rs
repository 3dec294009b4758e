//! A hyper server as a hosted service of [`campanile_host`].

mod activity;
mod address;
mod body;
mod collect;
mod connection;
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

pub use address::{Address, AddressError};
pub use body::{Body, Request, Response};
pub use collect::{MAX_REQUEST_BODY_SIZE, ReadBodyError};
pub use connection::RemoteAddress;
pub use http::StatusCode;
pub use listener::BindError;
pub use response::{Html, IntoResponse};
pub use route_values::RouteValues;
pub use router::RouteError;
pub use service::{ResponseFuture, WebService, WebServiceFuture};
pub use tracker::{ConnectionGuard, ConnectionTracker};

//! The HTTP side of a hub: negotiation, and attaching transports to connections.

mod endpoint;
mod negotiate;
mod pending;
mod responses;
mod service;

pub(crate) use endpoint::{Answer, Endpoint};
pub use service::{HubFuture, HubService};

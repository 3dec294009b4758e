//! The HTTP side of a hub: negotiation, and attaching transports to connections.

mod endpoint;
mod negotiate;
mod origins;
mod owner;
mod pending;
mod responses;
mod service;

pub(crate) use endpoint::{Answer, Endpoint};
pub(crate) use owner::Owner;
pub use service::{HubFuture, HubService};

//! The HTTP side of a hub: negotiation, and attaching transports to connections.

mod attaching;
mod endpoint;
mod events;
mod negotiate;
mod origins;
mod owner;
mod pending;
mod polls;
mod posts;
mod responses;
mod service;
mod sockets;

pub(crate) use endpoint::{Answer, Endpoint};
pub(crate) use owner::Owner;
pub use service::{HubFuture, HubService};

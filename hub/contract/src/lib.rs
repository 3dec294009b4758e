//! What a SignalR hub and its clients agree on, as traits that both compile against.
//!
//! A crate of contracts needs nothing but this one; the server depends on it beside `campanile-hub`, the clients beside
//! `campanile-hub-client`, and neither pulls in the other:
//!
//! ```
//! use campanile_hub_contract::{hub_client, hub_server};
//!
//! /// What the server may call on a client.
//! #[hub_client]
//! pub trait Bell {
//!     /// `Ring` on the wire.
//!     async fn ring(&self, hour: u32);
//!
//!     /// A client is asked, and may refuse.
//!     async fn may_ring(&self, hour: u32) -> Result<bool, String>;
//! }
//!
//! /// What clients may call on the server.
//! #[hub_server]
//! pub trait Tower {
//!     async fn strokes_until(&self, hour: u32) -> u32;
//!
//!     /// A streaming method.
//!     fn strokes(&self, hour: u32) -> impl Stream<Item = u32>;
//!
//!     /// A method that takes a stream.
//!     async fn chime(&self, notes: impl Stream<Item = String>) -> u32;
//! }
//! ```
//!
//! | | the server | a client |
//! | --- | --- | --- |
//! | calls on clients | `#[hub(client = Bell)]`: `clients().all().ring(12)` | `connection.register::<dyn Bell>(my_bell)` |
//! | calls on the hub | `#[hub(server = Tower)]` checks that the hub has just these methods | `connection.hub::<dyn Tower>().strokes_until(12)` |
//!
//! Where server and clients are one crate, `campanile-hub` and `campanile-hub-client` have the same attributes.

mod check;
mod client;
mod server;
mod upload;

pub use campanile_hub_macros::{
    contract_hub_client as hub_client, contract_hub_server as hub_server,
};
pub use campanile_hub_protocol::payload;
pub use client::{AskClient, Fallible, HandledBy, HandlerRegistry, HubClient, TellClients};
pub use server::{CallHub, HubCall, HubServer, HubStreamCall};
pub use upload::{CallArguments, TypedUploads, Upload, UploadExt, WithUploads, WriteItem};

/// What code that the attributes write is made of. Nothing to be named by hand.
#[doc(hidden)]
pub mod generated {
    pub use campanile_hub_protocol::{BindingError, RawArguments};
    pub use futures_util::Stream;

    pub use crate as contract;
    pub use crate::check::{Is, Streams, Uploads};
}

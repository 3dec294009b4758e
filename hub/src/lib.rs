//! A SignalR server: strongly typed hubs that every SignalR client can talk to.
//!
//! A hub is a struct whose methods clients call, and a trait that says what it may call on them:
//!
//! ```no_run
//! use campanile_host::Inject;
//! use campanile_host::hosting::{HostBuilder, HostError};
//! use campanile_hub::{HubCaller, HubHostBuilderExt, HubResult, hub, hub_client};
//!
//! /// What the server may call on a client.
//! #[hub_client]
//! pub trait Chat {
//!     async fn receive(&self, user: String, text: String);
//! }
//!
//! #[derive(Inject)]
//! pub struct ChatHub;
//!
//! #[hub(client = Chat)]
//! impl ChatHub {
//!     /// Clients call it `SendMessage`.
//!     pub async fn send_message(&self, caller: &HubCaller<Self>, user: String, text: String) -> HubResult<()> {
//!         caller.clients().others().receive(user, text).await
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), HostError> {
//!     HostBuilder::new().add_hub::<ChatHub>("/hubs/chat").build()?.run().await
//! }
//! ```
//!
//! Clients in Rust are typed by the same items, and a crate of contracts needs neither side: see `campanile-hub-contract`.
//!
//! From outside of a hub its clients are reached through [`HubContext`], which the container injects anywhere.
//! The [`guide`] has a page for each topic.
//!
//! What a client sees is ASP.NET Core's SignalR: negotiation versions 0 and 1, WebSockets, Server-Sent Events and long
//! polling, the JSON and the MessagePack protocol in versions 1 and 2 (and others that you add), the same texts where something goes wrong. Streams go
//! both ways. Clients can be asked for results, and come back to their connections. Users are known by their
//! tokens, and policies say who may connect and call. Filters run around calls.

// The attribute macros name this crate by its name, in its own tests too.
extern crate self as campanile_hub;

mod caller;
mod connection;
mod context;
mod dispatch;
mod error;
mod filter;
pub mod guide;
mod heartbeat;
mod host;
mod http;
mod hub;
mod items;
pub mod lifetime;
mod metrics;
mod options;
mod protocols;
mod proxy;
mod raw;
mod request;
mod serving;
mod settings;
mod spans;
mod stream;
mod transport;
mod upload;
mod user;

pub use caller::{AnyHub, HubCaller};
pub use campanile_hub_contract::{HubCall, HubClient, HubServer, HubStreamCall};
pub use campanile_hub_macros::{hub, hub_client, hub_server};
pub use campanile_hub_protocol::{
    Arguments, CustomHubProtocol, HubProtocol, TransferFormat, payload,
};
pub use context::{HubContext, IHubContext};
pub use dispatch::{HubMethods, MethodOutput};
pub use error::{HubError, HubResult};
pub use filter::{HubFilter, HubInvocationContext, HubLifetimeContext, InvocationResult, Next};
pub use host::{HubHostBuilderExt, HubServiceCollectionExt};
pub use http::{HubFuture, HubService};
pub use hub::Hub;
pub use items::Items;
pub use lifetime::{FarmAnswer, FarmPresence, HubPresence, PresenceEvent, PresentConnection};
pub use options::{HttpTransports, HubOptions, SlowClientPolicy};
pub use proxy::{
    CallerClients, ClientProxy, GroupManager, HubClients, Many, Recipients, Single, Untyped,
};
pub use raw::{ConnectionClosed, ConnectionHandler, RawConnection};
pub use request::RequestHead;
pub use stream::{HubStream, IntoStreamItem, StreamError, StreamItem};
pub use transport::HttpTransportType;
pub use upload::UploadStream;
pub use user::UserIdProvider;

/// What code that [`#[hub]`](macro@crate::hub) writes is made of. Nothing to be named by hand.
#[doc(hidden)]
pub mod generated {
    pub use campanile_host::services::{Injectable, InjectableKeyed, ServiceKey};
    pub use campanile_hub_contract as contract;
    pub use campanile_web::Policy;

    pub use crate::dispatch::{
        Activation, Answer, CallError, MethodCall, MethodRun, Reply, Responder, StreamEnd,
        StreamResponder, Streaming, Value, send_output,
    };
    pub use crate::stream::{Fallible, Plain};
}

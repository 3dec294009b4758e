//! A SignalR client: typed calls both ways, over every transport, in JSON and MessagePack.
//!
//! ```no_run
//! use campanile_hub_client::{ClientError, HubConnectionBuilder};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), ClientError> {
//!     let connection = HubConnectionBuilder::new("http://localhost:5000/hubs/chat")
//!         .automatic_reconnect()
//!         .build()?;
//!     connection.on("Receive", |user: String, text: String| async move {
//!         println!("{user}: {text}");
//!     });
//!     connection.start().await?;
//!     connection.send("SendMessage", ("ann", "hello")).await?;
//!     let members: Vec<String> = connection.invoke("Members", ()).await?;
//!     println!("{members:?}");
//!     connection.stop().await;
//!     Ok(())
//! }
//! ```
//!
//! What it does is what Microsoft's .NET client does where that is well: negotiation with its redirects and fall-backs,
//! access tokens, keep-alives in both directions, automatic and stateful reconnects, streams both ways, results for the
//! server. Where it differs on purpose: a call that is dropped tells the server so, a stream ends with an error at an item
//! that is not of its type, and what ended a connection is always named.
//!
//! | | this crate | .NET | JavaScript |
//! | --- | --- | --- | --- |
//! | WebSockets, Server-Sent Events, long polling | yes | yes | yes |
//! | JSON, MessagePack | yes | yes | yes |
//! | automatic reconnect, own policies | yes | yes | yes |
//! | with jitter | yes | own policy | own policy |
//! | stateful reconnect | yes | yes | yes |
//! | uploads, streams, results for the server | yes | yes | yes |
//! | dropping or cancelling a call tells the server | yes | streams only | streams only |
//! | typed contracts shared with the server | yes | source generator | no |
//! | trace context in messages, metrics | yes | traces | no |
//! | proxies of HTTP, client certificates | not yet | yes | in Node.js |
//!
//! # Features
//!
//! - `host`: `add_hub_connection` for a host of `campanile-host`, which starts and stops the connection and keeps trying
//!   until the server is there.
//! - `tls`: `https` and `wss`, by rustls with the certificates that Mozilla trusts.

mod builder;
mod calling;
mod calls;
mod connect;
mod connection;
mod error;
mod events;
mod handlers;
mod handling;
#[cfg(feature = "host")]
mod host;
mod http_client;
mod life;
mod negotiate;
mod net;
mod options;
mod outbox;
mod record;
mod retry;
mod serve;
mod session;
mod state;
mod stream;
mod transport;
mod typed;
mod upload;
mod url;

pub use builder::HubConnectionBuilder;
pub use campanile_hub_contract::{
    CallArguments, HubCall, HubClient, HubServer, HubStreamCall, Upload, UploadExt, WithUploads,
};
pub use campanile_hub_macros::{client_hub_client as hub_client, client_hub_server as hub_server};
pub use campanile_hub_protocol::{Arguments, HubProtocol};
pub use connection::HubConnection;
pub use error::ClientError;
pub use handlers::{Handler, HandlerOutcome, Subscription, SubscriptionGuard};
#[cfg(feature = "host")]
pub use host::HubConnectionHostBuilderExt;
pub use options::Transport;
pub use retry::{RetryContext, RetryDelays, RetryPolicy};
pub use state::{HubConnectionState, StateChanges};
pub use stream::HubStream;
pub use typed::Handles;

/// What code that the attributes write is made of. Nothing to be named by hand.
#[doc(hidden)]
pub mod generated {
    pub use campanile_hub_contract as contract;
}

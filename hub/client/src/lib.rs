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
//! | | this crate | .NET | JavaScript | `signalr-client` 0.3 | `signalrs` (2022) |
//! | --- | --- | --- | --- | --- | --- |
//! | WebSockets | yes | yes | yes | yes | yes |
//! | Server-Sent Events, long polling, fall-back between them | yes | yes | yes | no | no |
//! | JSON | yes | yes | yes | yes | yes |
//! | MessagePack | yes | package | package | yes | no |
//! | calls with and without a result, streams, handlers | yes | yes | yes | yes | yes |
//! | uploads | yes | yes | yes | | yes |
//! | results for the server | yes | yes | yes | | |
//! | a call that is dropped or cancelled tells the server | yes | streams only | streams only | | no |
//! | automatic reconnect, own policies | yes | yes | yes | yes | no |
//! | with jitter | yes | own policy | own policy | | no |
//! | stateful reconnect | yes | yes | yes | no | no |
//! | access tokens, asked for again | yes | yes | yes | | by a fork |
//! | cookies of servers, kept and sent | yes | yes | yes | | |
//! | negotiation redirects, as Azure SignalR Service sends them | yes | yes | yes | | |
//! | handlers from a contract, typed calls | yes, shared with the server | source generator (preview) | no | no | no |
//! | trace context in messages | both directions | calls | no | no | no |
//! | metrics | in a host | no | no | no | no |
//! | proxies of HTTP, client certificates | yes | yes | `HttpClient` of one's own | | |
//! | a part of a host that waits for the server | yes | no | no | no | no |
//! | in a browser (wasm32) | no | Blazor | yes | yes | no |
//!
//! The last two are Rust's other clients, as they describe themselves; where they say nothing, nothing stands here.
//!
//! # In a browser
//!
//! It does not run there (`wasm32-unknown-unknown`). What would have to be replaced:
//!
//! - connections and requests (the modules `net`, `proxy`, `tls`, `http_client` and `transport::web_socket`, on tokio's sockets,
//!   hyper, rustls and tungstenite) by the browser's `fetch` and `WebSocket`. Proxies, certificates and cookies are the browser's
//!   there, and its WebSockets take no headers: an access token stands in the query instead.
//! - tasks and time: what is spawned and slept on tokio, and `Instant` and `SystemTime`, which panic there.
//! - the jitter's source of chance, by a feature of `getrandom`.
//! - the bound `Send` of what is spawned and boxed, which the browser's objects do not fulfil.
//!
//! All else reads and writes bytes in memory: the protocols and contracts, which are crates of their own, calls, streams,
//! handlers, negotiation, the state of a connection and what a stateful one keeps.
//!
//! # Features
//!
//! - `host`: `add_hub_connection` for a host of `campanile-host`, which starts and stops the connection and keeps trying
//!   until the server is there.
//! - `tls`: `https` and `wss`, by rustls, with the certificates that Mozilla trusts or with roots of your own.

mod builder;
mod calling;
mod calls;
mod clock;
mod connect;
mod connection;
mod cookies;
mod dispatch;
mod error;
mod events;
mod handler;
mod handlers;
mod handling;
#[cfg(feature = "host")]
mod host;
mod http_client;
mod items;
mod life;
mod negotiate;
mod net;
mod options;
mod outbox;
mod proxy;
mod record;
mod retry;
mod serve;
mod session;
mod state;
mod stream;
mod subscription;
#[cfg(feature = "tls")]
mod tls;
mod transport;
mod typed;
mod upload;
mod url;

pub use builder::HubConnectionBuilder;
pub use campanile_hub_contract::{
    CallArguments, HubCall, HubClient, HubServer, HubStreamCall, Upload, UploadExt, WithUploads,
};
pub use campanile_hub_macros::{client_hub_client as hub_client, client_hub_server as hub_server};
pub use campanile_hub_protocol::{Arguments, HubProtocol, payload};
pub use connection::HubConnection;
pub use error::ClientError;
pub use handler::{Handler, HandlerOutcome};
#[cfg(feature = "host")]
pub use host::HubConnectionHostBuilderExt;
pub use options::Transport;
pub use retry::{RetryContext, RetryDelays, RetryPolicy};
pub use state::{HubConnectionState, StateChanges};
pub use stream::HubStream;
pub use subscription::{Subscription, SubscriptionGuard};
pub use typed::Handles;

/// What code that the attributes write is made of. Nothing to be named by hand.
#[doc(hidden)]
pub mod generated {
    pub use campanile_hub_contract as contract;
}

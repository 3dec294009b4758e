//! The attribute macros of `campanile-hub`. Use them through that crate.

mod client;
mod hub;
mod method;
mod name;
mod output;
mod proxy;
mod server;

use proc_macro::TokenStream;
use quote::quote;

/// Makes a trait the contract of a hub's clients: what the server may call on them.
///
/// ```ignore
/// #[hub_client]
/// pub trait Clock {
///     /// `ShowTime` on the wire.
///     async fn show_time(&self, current_time: DateTime<Local>);
///
///     #[hub_method(name = "alarm")]
///     async fn ring_the_alarm(&self, label: String, volume: u8);
/// }
/// ```
///
/// A method's name on the wire is its Rust name in PascalCase, unless `#[hub_method(name = "...")]` gives another.
/// Parameters are owned and implement `Serialize` and `Deserialize`. A method that returns something can be asked of a single
/// client; where it returns a `Result`, the client may refuse, and the text of the error is told the server.
///
/// - A hub names the trait by `#[hub(client = Clock)]`, and then every choice of recipients gives a `ClockProxy`, whose methods
///   have the same names and parameters and send the call.
/// - A client implements it, as `async fn`s, and gives that to its connection: `connection.register::<dyn Clock>(my_clock)`.
#[proc_macro_attribute]
pub fn hub_client(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand_client(attribute, item, &quote!(::campanile_hub))
}

/// [`hub_client`](macro@hub_client) for crates that depend on `campanile-hub-client`, which has it by that name.
#[proc_macro_attribute]
pub fn client_hub_client(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand_client(attribute, item, &quote!(::campanile_hub_client))
}

/// [`hub_client`](macro@hub_client) for crates that depend on `campanile-hub-contract`, which has it by that name.
#[proc_macro_attribute]
pub fn contract_hub_client(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand_client(attribute, item, &quote!(::campanile_hub_contract))
}

fn expand_client(
    attribute: TokenStream,
    item: TokenStream,
    root: &proc_macro2::TokenStream,
) -> TokenStream {
    client::expand(&attribute.into(), item.into(), root)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a trait the contract of a hub: what clients may call on it, for clients that do not have the hub itself.
///
/// ```ignore
/// #[hub_server]
/// pub trait Tower {
///     /// `Ring` on the wire.
///     async fn ring(&self, hour: u32) -> u32;
///
///     /// A streaming method.
///     fn strokes(&self, hour: u32) -> impl Stream<Item = u32>;
///
///     /// A method that takes a stream.
///     async fn chime(&self, notes: impl Stream<Item = String>);
/// }
/// ```
///
/// - A client calls the methods by `connection.hub::<dyn Tower>()`.
/// - A hub that says `#[hub(server = Tower)]` has just these methods, with these names, parameters and results; all else does not
///   compile. What clients do not pass (the caller, services, cancellation tokens) stands in the hub alone, and so do the
///   `Result`s around what a method gives.
#[proc_macro_attribute]
pub fn hub_server(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand_server(attribute, item, &quote!(::campanile_hub))
}

/// [`hub_server`](macro@hub_server) for crates that depend on `campanile-hub-client`, which has it by that name.
#[proc_macro_attribute]
pub fn client_hub_server(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand_server(attribute, item, &quote!(::campanile_hub_client))
}

/// [`hub_server`](macro@hub_server) for crates that depend on `campanile-hub-contract`, which has it by that name.
#[proc_macro_attribute]
pub fn contract_hub_server(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand_server(attribute, item, &quote!(::campanile_hub_contract))
}

fn expand_server(
    attribute: TokenStream,
    item: TokenStream,
    root: &proc_macro2::TokenStream,
) -> TokenStream {
    server::expand(&attribute.into(), item.into(), root)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes the public methods of an `impl` block the methods of a hub.
///
/// ```ignore
/// #[hub(client = Clock)]
/// impl ClockHub {
///     pub async fn send_time_to_clients(&self, caller: &HubCaller<Self>, time: DateTime<Local>) -> HubResult<()> {
///         caller.clients().all().show_time(time).await
///     }
/// }
/// ```
///
/// - A method's name on the wire is its Rust name in PascalCase, unless `#[hub_method(name = "...")]` gives another.
///   Clients may spell it in any case. Methods that are not `pub`, and those without `&self`, are not callable.
/// - Parameters may stand in any order: `&HubCaller<Self>` is who calls, one that is marked `#[inject]` comes from the
///   container, a `CancellationToken` is cancelled when the client gives the call up or goes, an `UploadStream<T>` is a
///   stream that the client uploads; every other comes from the client and implements `Deserialize`.
/// - A method gives a value that implements `Serialize`, or a `Result` of one. Of an error clients are told only what is a
///   `HubError::Message`. A method that gives a `Stream` of such values or `Result`s is a streaming method.
/// - `async fn on_connected(&self, caller: &HubCaller<Self>) -> HubResult<()>` and
///   `async fn on_disconnected(&self, caller: &HubCaller<Self>, error: Option<&HubError>) -> HubResult<()>` are the
///   callbacks of the hub's life, and cannot be called.
///
/// Arguments of the attribute: `client = Contract` for strongly typed clients (without it they are untyped), `server = Contract`
/// for a hub that has the methods of a `#[hub_server]` trait, `name = "..."` for a hub that is to go by another name than its
/// type's.
///
/// A client that has the hub's type calls it by `connection.hub::<ClockHub>()`, through the `ClockHubProxy` that stands beside
/// the block. A method whose stream hides behind a type alias, or behind a type other than `impl Stream`, `HubStream`,
/// `BoxStream` and `Pin<Box<dyn Stream>>`, looks like one with a single result there.
#[proc_macro_attribute]
pub fn hub(attribute: TokenStream, item: TokenStream) -> TokenStream {
    hub::expand(attribute.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

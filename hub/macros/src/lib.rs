//! The attribute macros of `campanile-hub`. Use them through that crate.

mod client;
mod hub;
mod method;
mod name;

use proc_macro::TokenStream;

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
/// Parameters are owned and implement `Serialize`. The trait itself is for those who are told; a hub names it by
/// `#[hub(client = Clock)]`, and then every choice of recipients gives a `ClockProxy`, whose methods have the same names
/// and parameters and send the call.
#[proc_macro_attribute]
pub fn hub_client(attribute: TokenStream, item: TokenStream) -> TokenStream {
    client::expand(&attribute.into(), item.into())
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
/// Arguments of the attribute: `client = Contract` for strongly typed clients (without it they are untyped), `name = "..."`
/// for a hub that is to go by another name than its type's.
#[proc_macro_attribute]
pub fn hub(attribute: TokenStream, item: TokenStream) -> TokenStream {
    hub::expand(attribute.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

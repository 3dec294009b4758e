//! What a server may call on its clients.

use std::future::Future;
use std::sync::Arc;

use campanile_hub_protocol::{Arguments, BindingError, RawArguments};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What the server may call on the clients of a hub: a contract made by [`#[hub_client]`](macro@crate::hub_client).
///
/// `#[hub_client]` implements this for `dyn Contract`, so that the trait's name is all that a hub or a connection has to say.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract of hub clients",
    note = "declare it as a trait with #[hub_client], and name it in #[hub(client = ...)]"
)]
pub trait HubClient: 'static {
    /// The contract's methods, as calls that go out through `S`.
    type Proxy<S>: From<S>;
}

/// A contract whose methods `T` has.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{T}` does not handle what `{Self}` has",
    note = "implement the contract's trait for it, and name the contract: `connection.register::<dyn Contract>(...)`"
)]
pub trait HandledBy<T>: HubClient {
    /// Adds a handler for each method.
    fn add_handlers<R: HandlerRegistry>(handlers: Arc<T>, registry: &mut R);
}

/// Where a connection keeps the handlers of what the server calls.
#[doc(hidden)]
pub trait HandlerRegistry {
    /// Adds a handler without a result.
    fn tell<B, F>(&mut self, method: &str, bind: B)
    where
        B: Fn(RawArguments<'_>) -> Result<F, BindingError> + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static;

    /// Adds a handler that gives a result; the text of an error is told the server.
    fn answer<B, F, T>(&mut self, method: &str, bind: B)
    where
        B: Fn(RawArguments<'_>) -> Result<F, BindingError> + Send + Sync + 'static,
        F: Future<Output = Result<T, String>> + Send + 'static,
        T: Serialize + Send + 'static;
}

/// Sends calls to clients.
#[doc(hidden)]
pub trait TellClients: Send + Sync {
    /// Why a call cannot be sent.
    type Error;

    /// Sends a call that wants no answer.
    fn send<A: Arguments + Send + Sync>(
        &self,
        method: &str,
        arguments: A,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Sends calls to one client, and waits for its answer.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "only a single client can be asked for a result",
    note = "`client(id)` and, inside of a hub, `caller()` are single clients"
)]
pub trait AskClient: TellClients {
    /// Sends a call and waits for its result.
    fn invoke<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        arguments: impl Arguments + Send + Sync,
    ) -> impl Future<Output = Result<T, Self::Error>> + Send;
}

/// A `Result`, whatever it is called.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is called a result and is none",
    note = "types whose name ends with `Result` are taken for `std::result::Result`"
)]
pub trait Fallible {
    /// What it is where all goes well.
    type Value;
    /// What it is where not.
    type Error;

    /// The same by its own name.
    fn into_result(self) -> Result<Self::Value, Self::Error>;
}

impl<T, E> Fallible for Result<T, E> {
    type Value = T;
    type Error = E;

    fn into_result(self) -> Self {
        self
    }
}

//! What clients may call on a hub.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use serde::de::DeserializeOwned;

use crate::CallArguments;

/// What clients may call on a hub: the hub itself, or `dyn Contract` of a [`#[hub_server]`](macro@crate::hub_server) trait.
///
/// Both attributes implement it. A client's connection makes the typed calls of it: `connection.hub::<dyn Contract>()`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what clients could call",
    note = "name a hub that #[hub] has made, or `dyn Contract` of a trait with #[hub_server]"
)]
pub trait HubServer: 'static {
    /// The methods, as calls that go out through `C`.
    type Proxy<C>: From<C>;
}

/// A connection that calls go out through.
#[doc(hidden)]
pub trait CallHub: Send + Sync {
    /// Why a call fails.
    type Error;
    /// The items of a streaming method.
    type Stream<T: DeserializeOwned + Send + 'static>;

    /// Calls a method and waits for its result.
    fn invoke<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        arguments: impl CallArguments,
    ) -> impl Future<Output = Result<T, Self::Error>> + Send;

    /// Calls a method without waiting for it.
    fn send(
        &self,
        method: &str,
        arguments: impl CallArguments,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Calls a streaming method.
    fn stream<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        arguments: impl CallArguments,
    ) -> impl Future<Output = Result<Self::Stream<T>, Self::Error>> + Send;
}

/// A call of a hub's method that is not made yet: `.await` makes it and waits for the result, [`send`](Self::send) does not
/// wait for it.
///
/// ```ignore
/// let sum = hub.add(1, 2).await?;
/// hub.add(1, 2).send().await?;
/// ```
#[must_use = "the call is made when it is awaited, or sent"]
pub struct HubCall<'a, C, A, T> {
    connection: &'a C,
    method: &'static str,
    arguments: A,
    result: PhantomData<fn() -> T>,
}

/// A call of a streaming method that is not made yet: `.await` makes it and gives the stream.
#[must_use = "the call is made when it is awaited"]
pub struct HubStreamCall<'a, C, A, T>(HubCall<'a, C, A, T>);

impl<'a, C, A, T> HubCall<'a, C, A, T> {
    #[doc(hidden)]
    pub fn new(connection: &'a C, method: &'static str, arguments: A) -> Self {
        Self {
            connection,
            method,
            arguments,
            result: PhantomData,
        }
    }
}

impl<C: CallHub, A: CallArguments, T> HubCall<'_, C, A, T> {
    /// Makes the call without waiting for the method. Ready when it is on its way, which does not mean that it arrives.
    ///
    /// # Errors
    ///
    /// Where it cannot be sent.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is ready, the call is not sent.
    pub async fn send(self) -> Result<(), C::Error> {
        self.connection.send(self.method, self.arguments).await
    }
}

impl<'a, C, A, T> IntoFuture for HubCall<'a, C, A, T>
where
    C: CallHub,
    A: CallArguments + 'a,
    T: DeserializeOwned + Send + 'static,
{
    type Output = Result<T, C::Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.connection.invoke(self.method, self.arguments))
    }
}

impl<C, A, T> fmt::Debug for HubCall<'_, C, A, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HubCall")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

impl<'a, C, A, T> HubStreamCall<'a, C, A, T> {
    #[doc(hidden)]
    pub fn new(connection: &'a C, method: &'static str, arguments: A) -> Self {
        Self(HubCall::new(connection, method, arguments))
    }
}

impl<'a, C, A, T> IntoFuture for HubStreamCall<'a, C, A, T>
where
    C: CallHub,
    A: CallArguments + 'a,
    T: DeserializeOwned + Send + 'static,
{
    type Output = Result<C::Stream<T>, C::Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let call = self.0;
        Box::pin(call.connection.stream(call.method, call.arguments))
    }
}

impl<C, A, T> fmt::Debug for HubStreamCall<'_, C, A, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HubStreamCall")
            .field("method", &self.0.method)
            .finish_non_exhaustive()
    }
}

//! Contracts: what the server may call, and what it may be called for.

use std::future::Future;
use std::sync::Arc;

use campanile_hub_contract::{CallHub, HandledBy, HandlerRegistry};
use campanile_hub_protocol::{BindingError, RawArguments};
use futures_util::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::dispatch::Outcome;
use crate::handlers::Handlers;
use crate::subscription::Subscription;
use crate::{CallArguments, ClientError, HubConnection, HubStream};

/// A type that implements the contract `C`: what [`HubConnection::register`] takes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle what `{C}` has",
    note = "implement the contract's trait for it, and name the contract: `connection.register::<dyn Contract>(...)`"
)]
pub trait Handles<C: ?Sized>: Send + Sync + Sized + 'static {
    #[doc(hidden)]
    fn add_to(self, connection: &HubConnection) -> Subscription;
}

impl<C, T> Handles<C> for T
where
    C: HandledBy<T> + ?Sized,
    T: Send + Sync + 'static,
{
    fn add_to(self, connection: &HubConnection) -> Subscription {
        let handlers = connection.handlers();
        let mut registration = Registration {
            handlers,
            subscription: Subscription::new(handlers),
        };
        C::add_handlers(Arc::new(self), &mut registration);
        registration.subscription
    }
}

struct Registration<'a> {
    handlers: &'a Arc<Handlers>,
    subscription: Subscription,
}

impl HandlerRegistry for Registration<'_> {
    fn tell<B, F>(&mut self, method: &str, bind: B)
    where
        B: Fn(RawArguments<'_>) -> Result<F, BindingError> + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let id = self.handlers.insert(method, false, move |arguments| {
            let running = bind(arguments)?;
            Ok(running.map(|()| Outcome::Nothing).boxed())
        });
        self.subscription.add(method, id);
    }

    fn answer<B, F, T>(&mut self, method: &str, bind: B)
    where
        B: Fn(RawArguments<'_>) -> Result<F, BindingError> + Send + Sync + 'static,
        F: Future<Output = Result<T, String>> + Send + 'static,
        T: Serialize + Send + 'static,
    {
        let id = self.handlers.insert(method, true, move |arguments| {
            let running = bind(arguments)?;
            Ok(running.map(Outcome::of).boxed())
        });
        self.subscription.add(method, id);
    }
}

impl CallHub for HubConnection {
    type Error = ClientError;
    type Stream<T: DeserializeOwned + Send + 'static> = HubStream<T>;

    fn invoke<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        arguments: impl CallArguments,
    ) -> impl Future<Output = Result<T, ClientError>> + Send {
        Self::invoke(self, method, arguments)
    }

    fn send(
        &self,
        method: &str,
        arguments: impl CallArguments,
    ) -> impl Future<Output = Result<(), ClientError>> + Send {
        Self::send(self, method, arguments)
    }

    fn stream<T: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        arguments: impl CallArguments,
    ) -> impl Future<Output = Result<HubStream<T>, ClientError>> + Send {
        Self::stream(self, method, arguments)
    }
}

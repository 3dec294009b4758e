//! How the server calls its clients.

mod clients;
mod contract;
mod groups;
mod recipients;

use std::marker::PhantomData;
use std::sync::Arc;

use campanile_hub_contract::HubClient;
use campanile_hub_protocol::Arguments;
pub use clients::{CallerClients, HubClients};
pub use groups::GroupManager;
pub use recipients::{Many, Recipients, Single};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::caller::Standing;
use crate::connection::Connection;
use crate::lifetime::{Expected, HubLifetimeManager, OutgoingInvocation, Target};
use crate::{HubError, HubResult, SlowClientPolicy};

/// Clients without a contract: methods are called by their names.
#[derive(Clone, Copy, Debug)]
pub enum Untyped {}

impl HubClient for Untyped {
    type Proxy<S> = S;
}

/// Calls client methods by name. The counterpart of .NET's `IClientProxy`.
#[doc(alias = "IClientProxy")]
#[derive(Clone, Debug)]
pub struct ClientProxy<R> {
    lifetime: Arc<dyn HubLifetimeManager>,
    target: Target,
    slow_client: Option<SlowClientPolicy>,
    /// Inside of a hub: who calls meanwhile.
    asker: Option<(Arc<Connection>, Standing)>,
    recipients: PhantomData<R>,
}

impl<R: Recipients> ClientProxy<R> {
    pub(crate) fn new(
        lifetime: Arc<dyn HubLifetimeManager>,
        target: Target,
        slow_client: Option<SlowClientPolicy>,
    ) -> Self {
        Self {
            lifetime,
            target,
            slow_client,
            asker: None,
            recipients: PhantomData,
        }
    }

    /// Calls the client method `method` with `arguments`, a tuple, and wants no answer.
    ///
    /// ```no_run
    /// # async fn example(context: campanile_hub::HubContext<impl campanile_hub::Hub>) -> campanile_hub::HubResult<()> {
    /// context.clients().untyped().all().send("ReceiveMessage", ("ann", "hello")).await
    /// # }
    /// ```
    ///
    /// The message is written once for each hub protocol in use, and queued for every recipient. Nobody being there
    /// is no error, and neither is a recipient that leaves meanwhile.
    ///
    /// What `Ok` means, as in ASP.NET Core: the message is queued, in the order of the sends, and every queue has room
    /// again where the hub's [`SlowClientPolicy`](crate::SlowClientPolicy), or
    /// [that of the message](HubClients::slow_client), is to wait. It does not mean that anybody
    /// has received it.
    ///
    /// # Errors
    ///
    /// [`HubError::Serialization`](crate::HubError::Serialization) where an argument cannot be written.
    ///
    /// # Cancel safety
    ///
    /// The message is queued for all when the future is first polled. Dropped later, it only gives up waiting.
    #[doc(alias = "SendAsync")]
    pub async fn send<A: Arguments + Send + Sync>(
        &self,
        method: &str,
        arguments: A,
    ) -> HubResult<()> {
        let sending = self.lifetime.send(
            &self.target,
            &OutgoingInvocation {
                target: method,
                arguments: &arguments,
                slow_client: self.slow_client,
            },
        );
        sending.await
    }
}

impl ClientProxy<Single> {
    pub(crate) fn asked_by(mut self, caller: Arc<Connection>, standing: Standing) -> Self {
        self.asker = Some((caller, standing));
        self
    }

    /// Calls the client method `method` with `arguments`, a tuple, and waits for what it returns.
    ///
    /// ```no_run
    /// # async fn example(context: campanile_hub::HubContext<impl campanile_hub::Hub>, id: &str) -> campanile_hub::HubResult<()> {
    /// let sure: bool = context.clients().untyped().client(id).invoke("Confirm", ("delete all?",)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Only a single client can be asked; what is asked of many does not compile. A client may take
    /// [`HubOptions::client_result_timeout`](crate::HubOptions::client_result_timeout) to answer. Inside of a hub
    /// method, whose [`CallerClients`] give the proxy, the method's place among the caller's parallel invocations is free
    /// for others from then on: the caller can be asked although it waits for the method.
    ///
    /// # Errors
    ///
    /// [`HubError::Message`] where the client answers with an error, or with what is no `T`;
    /// [`HubError::NoSuchClient`], [`HubError::ClientDisconnected`] and [`HubError::ClientResultTimeout`] where it does
    /// not answer; [`HubError::AskedWhileConnecting`] inside of `on_connected`; [`HubError::Serialization`] where an
    /// argument cannot be written.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it forgets the question; a late answer is ignored. The client is not told.
    #[doc(alias = "InvokeAsync")]
    pub async fn invoke<T>(
        &self,
        method: &str,
        arguments: impl Arguments + Send + Sync,
    ) -> HubResult<T>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let Target::Connection(connection_id) = &self.target else {
            // Single proxies are made for a connection and nothing else.
            return Err(HubError::message("only a connection can be asked"));
        };
        if let Some((_, Standing::Connecting)) = self.asker {
            return Err(HubError::AskedWhileConnecting);
        }
        let (sender, answer) = oneshot::channel();
        let question = OutgoingInvocation {
            target: method,
            arguments: &arguments,
            // A question is never dropped.
            slow_client: None,
        };
        let asking =
            self.lifetime
                .ask_client(connection_id, &question, Box::new(Expected(sender)))?;
        if let Some((caller, Standing::Counted(number))) = &self.asker {
            caller.lend_slot(*number);
        }
        let timeout = self.lifetime.local().result_timeout(connection_id);
        let answered = async {
            tokio::select! {
                biased;
                Ok(answer) = answer => answer,
                error = asking => Err(error),
            }
        };
        match timeout {
            None => answered.await,
            Some(timeout) => tokio::time::timeout(timeout, answered)
                .await
                .unwrap_or(Err(HubError::ClientResultTimeout { timeout })),
        }
    }
}

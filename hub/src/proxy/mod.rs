//! How the server calls its clients.

mod clients;
mod groups;
mod recipients;

use std::marker::PhantomData;
use std::sync::Arc;

use campanile_hub_protocol::Arguments;
pub use clients::{CallerClients, HubClients};
pub use groups::GroupManager;
pub use recipients::{Many, Recipients, Single};

use crate::HubResult;
use crate::lifetime::{HubLifetimeManager, OutgoingInvocation, Target};

/// What the server may call on the clients of a hub: a contract made by [`#[hub_client]`](macro@crate::hub_client), or
/// [`Untyped`].
///
/// `#[hub_client]` implements this for `dyn Contract`, so that the trait's name is all that a hub has to say.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract of hub clients",
    note = "declare it as a trait with #[hub_client], and name it in #[hub(client = ...)]"
)]
pub trait HubClient: 'static {
    /// What a send to some recipients is made through.
    type Proxy<R: Recipients>: From<ClientProxy<R>>;
}

/// Clients without a contract: methods are called by their names.
#[derive(Clone, Copy, Debug)]
pub enum Untyped {}

impl HubClient for Untyped {
    type Proxy<R: Recipients> = ClientProxy<R>;
}

/// Calls client methods by name. The counterpart of .NET's `IClientProxy`.
#[doc(alias = "IClientProxy")]
#[derive(Clone, Debug)]
pub struct ClientProxy<R> {
    lifetime: Arc<dyn HubLifetimeManager>,
    target: Target,
    recipients: PhantomData<R>,
}

impl<R: Recipients> ClientProxy<R> {
    pub(crate) fn new(lifetime: Arc<dyn HubLifetimeManager>, target: Target) -> Self {
        Self {
            lifetime,
            target,
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
    /// again where the hub's [`SlowClientPolicy`](crate::SlowClientPolicy) is to wait. It does not mean that anybody
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
            },
        );
        sending.await
    }
}

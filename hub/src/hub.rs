//! What a hub is.

use std::future::Future;

use campanile_host::services::Inject;

use crate::{HubCaller, HubClient, HubError, HubMethods, HubResult};

/// A hub: methods that clients call, made by [`#[hub]`](macro@crate::hub) on an `impl` block.
///
/// A new instance serves every invocation and every callback, constructed by the container in a scope of its own, as
/// in .NET. State that outlives an invocation belongs into a singleton service, or into
/// [`HubCaller::items`](crate::HubCaller::items).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a hub",
    note = "put #[hub] above the `impl {Self}` block that has the methods for clients, and #[derive(Inject)] above the struct"
)]
#[doc(alias = "Hub<T>")]
pub trait Hub: Inject {
    /// What the hub may call on its clients: `dyn Contract` of a [`#[hub_client]`](macro@crate::hub_client) trait, or
    /// [`Untyped`](crate::Untyped).
    type Client: HubClient + ?Sized;

    /// The hub's name, in logs and between servers.
    const NAME: &'static str;

    /// The methods that clients can call.
    fn methods() -> HubMethods<Self>;

    /// Runs after a client's handshake and before any of its calls.
    ///
    /// # Errors
    ///
    /// An error refuses the client: it is told to go and not to come back by itself, and
    /// [`on_disconnected`](Self::on_disconnected) does not run.
    #[doc(alias = "OnConnectedAsync")]
    fn on_connected(&self, caller: &HubCaller<Self>) -> impl Future<Output = HubResult<()>> + Send {
        let _ = caller;
        async { Ok(()) }
    }

    /// Runs when a client is gone, with the error that ended its connection, if one did.
    ///
    /// The connection is still in its groups, and nothing reaches it any more.
    ///
    /// # Errors
    ///
    /// An error is logged.
    #[doc(alias = "OnDisconnectedAsync")]
    fn on_disconnected(
        &self,
        caller: &HubCaller<Self>,
        error: Option<&HubError>,
    ) -> impl Future<Output = HubResult<()>> + Send {
        let _ = (caller, error);
        async { Ok(()) }
    }
}

//! Who is calling.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use campanile_host::CancellationToken;
use campanile_web::Principal;

use crate::connection::{Connection, End};
use crate::lifetime::HubLifetimeManager;
use crate::{
    CallerClients, GroupManager, HttpTransportType, Hub, HubClient, Items, RequestHead, Untyped,
};

/// Stands for a hub where it can be any: `HubCaller<AnyHub>` is what [filters](crate::HubFilter) see.
#[derive(Clone, Copy, Debug)]
pub enum AnyHub {}

/// The connection that a hub method or callback serves: who it is, and whom it can reach.
///
/// The counterpart of .NET's `HubCallerContext`, with the hub's `Clients` and `Groups`. Clones stay usable after the
/// method has returned; once the connection is over, what is sent to it goes nowhere.
#[doc(alias = "HubCallerContext")]
pub struct HubCaller<H> {
    connection: Arc<Connection>,
    lifetime: Arc<dyn HubLifetimeManager>,
    standing: Standing,
    hub: PhantomData<fn() -> H>,
}

/// What the caller's connection does meanwhile.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Standing {
    /// It waits for `on_connected`: nothing is read from it.
    Connecting,
    /// It has an invocation of that number, whose slot others may be waiting for.
    Counted(u32),
    /// It waits for nothing.
    Free,
}

impl<H: Hub> HubCaller<H> {
    /// The clients of the hub, as the caller sees them.
    #[must_use]
    pub fn clients(&self) -> CallerClients<H::Client> {
        self.clients_of()
    }
}

impl HubCaller<AnyHub> {
    /// The clients of the hub, as the caller sees them. Their methods are called by name.
    #[must_use]
    pub fn clients(&self) -> CallerClients<Untyped> {
        self.clients_of()
    }
}

impl<H> HubCaller<H> {
    pub(crate) fn new(
        connection: Arc<Connection>,
        lifetime: Arc<dyn HubLifetimeManager>,
        standing: Standing,
    ) -> Self {
        Self {
            connection,
            lifetime,
            standing,
            hub: PhantomData,
        }
    }

    /// The connection's public id, by which it can be addressed. 22 letters, digits, `-` and `_`.
    #[must_use]
    pub fn connection_id(&self) -> &str {
        &self.connection.id
    }

    /// The same where the hub does not matter.
    pub(crate) fn of_any_hub(&self) -> HubCaller<AnyHub> {
        HubCaller::new(
            self.connection.clone(),
            self.lifetime.clone(),
            self.standing,
        )
    }

    fn clients_of<C: HubClient + ?Sized>(&self) -> CallerClients<C> {
        CallerClients::new(
            self.lifetime.clone(),
            self.connection.clone(),
            self.standing,
        )
    }

    /// The groups of the hub.
    #[must_use]
    pub fn groups(&self) -> GroupManager {
        GroupManager::new(self.lifetime.clone())
    }

    /// What the application keeps for this connection, until it ends.
    #[must_use]
    pub fn items(&self) -> &Items {
        &self.connection.items
    }

    /// The HTTP request that opened the connection.
    #[must_use]
    #[doc(alias = "GetHttpContext")]
    pub fn request(&self) -> &RequestHead {
        &self.connection.request
    }

    /// Who opened the connection: nobody in particular where there is no authentication.
    #[must_use]
    #[doc(alias = "User")]
    pub fn principal(&self) -> &Principal {
        self.connection.request.principal()
    }

    /// Which user the client is, as the hub's [`UserIdProvider`](crate::UserIdProvider) says.
    #[must_use]
    #[doc(alias = "UserIdentifier")]
    pub fn user_identifier(&self) -> Option<&str> {
        self.connection.user.as_deref()
    }

    /// How the client is connected.
    #[must_use]
    pub fn transport(&self) -> HttpTransportType {
        self.connection.transport
    }

    /// Cancelled when the connection is over.
    #[must_use]
    #[doc(alias = "ConnectionAborted")]
    pub fn aborted(&self) -> CancellationToken {
        self.connection.aborted().clone()
    }

    /// Ends the connection. The client is told so, and does not come back by itself.
    ///
    /// Returns at once. What was sent before is delivered first; what is sent from now on goes nowhere, the result of a
    /// method that aborts its caller among it.
    pub fn abort(&self) {
        self.connection.queue.close();
        self.connection.end(End::Aborted);
    }
}

impl<H> Clone for HubCaller<H> {
    fn clone(&self) -> Self {
        Self {
            connection: self.connection.clone(),
            lifetime: self.lifetime.clone(),
            standing: self.standing,
            hub: PhantomData,
        }
    }
}

impl<H> fmt::Debug for HubCaller<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HubCaller")
            .field("connection_id", &self.connection.id)
            .finish_non_exhaustive()
    }
}

//! Who is calling.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use campanile_host::CancellationToken;

use crate::connection::{Connection, End};
use crate::lifetime::HubLifetimeManager;
use crate::{CallerClients, GroupManager, HttpTransportType, Hub, Items, RequestHead};

/// The connection that a hub method or callback serves: who it is, and whom it can reach.
///
/// The counterpart of .NET's `HubCallerContext`, with the hub's `Clients` and `Groups`. Clones stay usable after the
/// method has returned; once the connection is over, what is sent to it goes nowhere.
#[doc(alias = "HubCallerContext")]
pub struct HubCaller<H> {
    connection: Arc<Connection>,
    lifetime: Arc<dyn HubLifetimeManager>,
    hub: PhantomData<fn() -> H>,
}

impl<H: Hub> HubCaller<H> {
    pub(crate) fn new(connection: Arc<Connection>, lifetime: Arc<dyn HubLifetimeManager>) -> Self {
        Self {
            connection,
            lifetime,
            hub: PhantomData,
        }
    }

    /// The connection's public id, by which it can be addressed. 22 letters, digits, `-` and `_`.
    #[must_use]
    pub fn connection_id(&self) -> &str {
        &self.connection.id
    }

    /// The clients of the hub, as the caller sees them.
    #[must_use]
    pub fn clients(&self) -> CallerClients<H::Client> {
        CallerClients::new(self.lifetime.clone(), self.connection.id.clone())
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

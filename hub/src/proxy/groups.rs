//! Groups.

use std::sync::Arc;

use crate::HubResult;
use crate::lifetime::HubLifetimeManager;

/// Puts connections into groups and takes them out. The counterpart of .NET's `IGroupManager`.
///
/// A group exists while somebody is in it. Its name is compared letter by letter, case and all. Membership ends with
/// the connection: a client that reconnects is a new connection.
#[doc(alias = "IGroupManager")]
#[derive(Clone, Debug)]
pub struct GroupManager {
    lifetime: Arc<dyn HubLifetimeManager>,
}

impl GroupManager {
    pub(crate) fn new(lifetime: Arc<dyn HubLifetimeManager>) -> Self {
        Self { lifetime }
    }

    /// Puts a connection into a group. Being in it already, or not being connected any more, is no error.
    ///
    /// # Errors
    ///
    /// [`HubError::TooManyGroups`](crate::HubError::TooManyGroups) where the connection is in as many as it may be. No other
    /// while a single server holds all connections.
    ///
    /// # Cancel safety
    ///
    /// Done when first polled.
    #[doc(alias = "AddToGroupAsync")]
    pub async fn add(&self, connection_id: &str, group: &str) -> HubResult<()> {
        self.lifetime.add_to_group(connection_id, group).await
    }

    /// Takes a connection out of a group. Not being in it is no error.
    ///
    /// # Errors
    ///
    /// None while a single server holds all connections.
    ///
    /// # Cancel safety
    ///
    /// Done when first polled.
    #[doc(alias = "RemoveFromGroupAsync")]
    pub async fn remove(&self, connection_id: &str, group: &str) -> HubResult<()> {
        self.lifetime.remove_from_group(connection_id, group).await
    }
}

//! Where a hub's lifetime manager comes from.

use std::fmt::Debug;
use std::sync::Arc;

use super::{HubLifetimeManager, MemoryLifetimeManager};

/// Makes the lifetime manager of each hub. Registered in the container as `dyn HubLifetimeManagerFactory`; without one, a hub
/// keeps its connections in memory and knows of no other server.
pub trait HubLifetimeManagerFactory: Debug + Send + Sync + 'static {
    /// Makes the manager of the hub with this [name](crate::Hub::NAME). Called once for each hub, when its
    /// [`HubContext`](crate::HubContext) is first wanted. `local` is what becomes its
    /// [local](HubLifetimeManager::local) part.
    fn create(
        &self,
        hub: &'static str,
        local: MemoryLifetimeManager,
    ) -> Arc<dyn HubLifetimeManager>;
}

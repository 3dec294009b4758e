//! Where a hub's lifetime manager comes from.

use std::fmt::Debug;
use std::sync::Arc;

use campanile_host::BoxError;

use super::HubLifetimeManager;

/// Makes the lifetime manager of each hub. Registered in the container as `dyn HubLifetimeManagerFactory`; without one, a hub
/// keeps its connections in memory and knows of no other server.
pub trait HubLifetimeManagerFactory: Debug + Send + Sync + 'static {
    /// Makes the manager of the hub with this [name](crate::Hub::NAME), which is the type of this path. Called once for each
    /// hub, when its [`HubContext`](crate::HubContext) is first wanted: of a hub that is served, when the host starts.
    ///
    /// # Errors
    ///
    /// Where the hub cannot be told from another one. Whoever wants the context fails with it, and so does the host's start.
    fn create(
        &self,
        hub: &'static str,
        path: &'static str,
    ) -> Result<Arc<dyn HubLifetimeManager>, BoxError>;
}

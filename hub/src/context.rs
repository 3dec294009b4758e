//! Reaching a hub's clients from anywhere.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use campanile_host::BoxError;
use campanile_host::services::{Dependency, Injectable, Resolver, ServiceError};

use crate::lifetime::{
    HubLifetimeManager, HubLifetimeManagerFactory, HubPresence, MemoryLifetimeManager,
};
use crate::{GroupManager, Hub, HubClients};

/// [`HubContext`], by the name that .NET users look for.
pub type IHubContext<H> = HubContext<H>;

/// Reaches the clients of the hub `H` from outside of it: a background service, a request handler, another hub.
///
/// Injectable once the hub is added to the host; cloning costs a reference count. It works from before the first
/// client connects until after the last one has gone: nobody being there is no error.
///
/// ```
/// use campanile_host::{BoxError, CancellationToken, Inject, hosting::BackgroundService};
/// use campanile_hub::{HubClient, IHubContext, hub, hub_client};
///
/// #[hub_client]
/// pub trait Bell {
///     async fn ring(&self, hour: u32);
/// }
///
/// #[derive(Inject)]
/// pub struct BellHub;
///
/// #[hub(client = Bell)]
/// impl BellHub {}
///
/// #[derive(Inject)]
/// struct Ringer {
///     bells: IHubContext<BellHub>,
/// }
///
/// impl BackgroundService for Ringer {
///     async fn execute(&self, _stopping: CancellationToken) -> Result<(), BoxError> {
///         self.bells.clients().all().ring(12).await?;
///         Ok(())
///     }
/// }
/// ```
#[doc(alias = "IHubContext")]
pub struct HubContext<H> {
    lifetime: Arc<dyn HubLifetimeManager>,
    hub: PhantomData<fn() -> H>,
}

impl<H: Hub> HubContext<H> {
    /// Of the farm where there is a backplane, else of this process.
    pub(crate) fn new(
        backplane: Option<&dyn HubLifetimeManagerFactory>,
        local: MemoryLifetimeManager,
    ) -> Result<Self, BoxError> {
        Ok(Self {
            lifetime: match backplane {
                Some(backplane) => backplane.create(H::NAME, std::any::type_name::<H>(), local)?,
                None => Arc::new(local),
            },
            hub: PhantomData,
        })
    }

    pub(crate) fn lifetime(&self) -> &Arc<dyn HubLifetimeManager> {
        &self.lifetime
    }

    /// The hub's clients, through its contract.
    #[must_use]
    pub fn clients(&self) -> HubClients<H::Client> {
        HubClients::new(self.lifetime.clone())
    }

    /// The hub's groups.
    #[must_use]
    pub fn groups(&self) -> GroupManager {
        GroupManager::new(self.lifetime.clone())
    }

    /// Who is connected, in which groups, and as which user.
    #[must_use]
    pub fn presence(&self) -> HubPresence<H> {
        HubPresence::new(self.lifetime.clone())
    }
}

impl<H: Hub> Injectable for HubContext<H> {
    type Site = ();

    fn dependency() -> Dependency {
        <Arc<Self> as Injectable>::dependency()
    }

    fn inject(resolver: &Resolver<'_>) -> Result<Self, ServiceError> {
        <Arc<Self> as Injectable>::inject(resolver).map(|context| Self::clone(&context))
    }
}

impl<H> Clone for HubContext<H> {
    fn clone(&self) -> Self {
        Self {
            lifetime: self.lifetime.clone(),
            hub: PhantomData,
        }
    }
}

impl<H> fmt::Debug for HubContext<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HubContext")
            .field("hub", &std::any::type_name::<H>())
            .finish_non_exhaustive()
    }
}

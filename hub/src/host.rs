//! Adding hubs to a host.

use std::sync::{Arc, Mutex, PoisonError};

use campanile_host::hosting::HostBuilder;
use campanile_host::services::{ServiceCollection, ServiceDescriptor};
use campanile_web::WebHostBuilderExt;

use crate::heartbeat::Heartbeat;
use crate::{Hub, HubContext, HubOptions, HubService};

/// Hubs for a [`HostBuilder`].
pub trait HubHostBuilderExt: Sized {
    /// Adds the hub `H` and mounts it at `path`, with the default [`HubOptions`].
    ///
    /// Its [`HubContext`] can be injected from then on. The counterpart of .NET's `AddSignalR` and `MapHub<H>`.
    #[doc(alias = "AddSignalR")]
    #[doc(alias = "MapHub")]
    #[must_use]
    fn add_hub<H: Hub>(self, path: &str) -> Self {
        self.add_hub_with::<H>(path, |_| {})
    }

    /// The same with options of the hub's own.
    ///
    /// ```no_run
    /// # use campanile_host::hosting::HostBuilder;
    /// # use campanile_hub::{Hub, HubHostBuilderExt, SlowClientPolicy};
    /// # fn example<ClockHub: Hub>() -> HostBuilder {
    /// HostBuilder::new().add_hub_with::<ClockHub>("/hubs/clock", |options| {
    ///     options.slow_client = SlowClientPolicy::KeepNewest;
    /// })
    /// # }
    /// ```
    #[must_use]
    fn add_hub_with<H: Hub>(self, path: &str, configure: impl FnOnce(&mut HubOptions)) -> Self;
}

impl HubHostBuilderExt for HostBuilder {
    fn add_hub_with<H: Hub>(mut self, path: &str, configure: impl FnOnce(&mut HubOptions)) -> Self {
        let mut options = HubOptions::default();
        configure(&mut options);
        self.services().add_hub::<H>();
        // Two routes, one endpoint: whichever is made first makes it.
        let endpoint = Arc::new(Mutex::new(None::<HubService>));
        [
            path.to_owned(),
            format!("{}/negotiate", path.trim_end_matches('/')),
        ]
        .into_iter()
        .fold(self, |host, path| {
            let (endpoint, options) = (endpoint.clone(), options.clone());
            host.map_with(path, move |services| {
                let mut endpoint = endpoint.lock().unwrap_or_else(PoisonError::into_inner);
                match &*endpoint {
                    Some(service) => Ok(service.clone()),
                    None => Ok(endpoint
                        .insert(HubService::new::<H>(services, options)?)
                        .clone()),
                }
            })
        })
    }
}

/// Hubs for a [`ServiceCollection`], without a server of ours.
pub trait HubServiceCollectionExt {
    /// Adds what the hub `H` needs, and its [`HubContext`]. Serve it with a [`HubService`].
    ///
    /// The counterpart of .NET's `AddSignalR`.
    #[doc(alias = "AddSignalR")]
    fn add_hub<H: Hub>(&mut self) -> &mut Self;
}

impl HubServiceCollectionExt for ServiceCollection {
    fn add_hub<H: Hub>(&mut self) -> &mut Self {
        self.try_add(ServiceDescriptor::instance(Arc::new(Heartbeat::default())));
        self.try_add(ServiceDescriptor::instance(Arc::new(
            HubContext::<H>::in_memory(),
        )));
        // Constructed by value for each invocation; registered so that the graph is checked with it.
        self.try_add(ServiceDescriptor::transient::<H>());
        self
    }
}

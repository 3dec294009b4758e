//! Adding hubs to a host.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use campanile_host::hosting::HostBuilder;
use campanile_host::services::{
    Inject, ServiceCollection, ServiceDescriptor, ServiceError, ServiceProvider,
};
use campanile_web::WebHostBuilderExt;

use crate::filter::{FilterSource, GlobalHubFilter, Instance, Typed};
use crate::heartbeat::Heartbeat;
use crate::lifetime::HubLifetimeManagerFactory;
use crate::settings::{self, Common};
use crate::{ConnectionHandler, Hub, HubContext, HubFilter, HubMethods, HubOptions, HubService};

/// Hubs for a [`HostBuilder`].
pub trait HubHostBuilderExt: Sized {
    /// Adds the hub `H` and mounts it at `path`, with the default [`HubOptions`] and what the configuration says:
    ///
    /// ```json
    /// {
    ///   "SignalR": {
    ///     "KeepAliveInterval": "00:00:10",
    ///     "MaximumReceiveMessageSize": "64 KiB",
    ///     "Hubs": {
    ///       "ClockHub": { "SlowClient": "KeepNewest" }
    ///     }
    ///   }
    /// }
    /// ```
    ///
    /// The keys are the names of [`HubOptions`]. A size, a limit or a send timeout of 0 means none. The section of a hub goes
    /// before what the program says, and that before what is said of all hubs.
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
    fn add_hub_with<H: Hub>(
        self,
        path: &str,
        configure: impl FnOnce(&mut HubOptions) + Send + 'static,
    ) -> Self;

    /// Sets options of all hubs, whenever they are added. What the configuration says for all hubs goes before it, and so does
    /// what is said of a single hub.
    #[doc(alias = "AddSignalR")]
    #[must_use]
    fn configure_hubs(self, configure: impl Fn(&mut HubOptions) + Send + Sync + 'static) -> Self;

    /// Puts a [filter](HubFilter) around the methods and callbacks of all hubs, inside of those that are there and outside of
    /// those of single hubs.
    #[doc(alias = "AddFilter")]
    #[must_use]
    fn add_hub_filter<F: HubFilter + Inject>(self) -> Self;

    /// The same with a filter that is there already, and serves all invocations.
    #[doc(alias = "AddFilter")]
    #[must_use]
    fn add_hub_filter_instance(self, filter: impl HubFilter) -> Self;

    /// Serves connections of bytes at `path`, under the transports of SignalR and without a hub.
    #[doc(alias = "MapConnectionHandler")]
    #[must_use]
    fn map_connection_handler(self, path: &str, handler: impl ConnectionHandler) -> Self {
        self.map_connection_handler_with(path, handler, |_| {})
    }

    /// The same with options of its own: transports, buffers, times, who may connect. What is for hubs is not read.
    #[doc(alias = "HttpConnectionDispatcherOptions")]
    #[must_use]
    fn map_connection_handler_with(
        self,
        path: &str,
        handler: impl ConnectionHandler,
        configure: impl FnOnce(&mut HubOptions),
    ) -> Self;
}

impl HubHostBuilderExt for HostBuilder {
    fn add_hub_with<H: Hub>(
        mut self,
        path: &str,
        configure: impl FnOnce(&mut HubOptions) + Send + 'static,
    ) -> Self {
        self.services().add_hub::<H>();
        let names = self.extension::<HubNames>();
        names.0.push(H::NAME);
        if names.0.len() == 1 {
            self.add_before_build(|host| {
                let names = std::mem::take(&mut host.extension::<HubNames>().0);
                settings::check_names(host.configuration(), &names)
            });
        }
        let options = Arc::new(OnceLock::new());
        self.add_before_build({
            let options = options.clone();
            move |host| {
                let common = host.extension::<CommonOptions>().0.clone();
                let read = settings::options(host.configuration(), H::NAME, &common, configure)?;
                read.filters.register(host.services());
                if let Some(policy) = &read.authorization {
                    policy.register(host.services());
                }
                options.get_or_init(|| read);
                Ok(())
            }
        });
        mount(self, path, move |services| {
            // Set when the host was built, before anything starts.
            let options = options.get().cloned().unwrap_or_default();
            HubService::new::<H>(services, options)
        })
    }

    fn configure_hubs(
        mut self,
        configure: impl Fn(&mut HubOptions) + Send + Sync + 'static,
    ) -> Self {
        let common = self.extension::<CommonOptions>();
        common.0.push(Arc::new(configure));
        self
    }

    fn add_hub_filter<F: HubFilter + Inject>(mut self) -> Self {
        self.services().add_hub_filter::<F>();
        self
    }

    fn add_hub_filter_instance(mut self, filter: impl HubFilter) -> Self {
        self.services().add_hub_filter_instance(filter);
        self
    }

    fn map_connection_handler_with(
        mut self,
        path: &str,
        handler: impl ConnectionHandler,
        configure: impl FnOnce(&mut HubOptions),
    ) -> Self {
        self.services()
            .try_add(ServiceDescriptor::instance(Arc::new(Heartbeat::default())));
        let mut options = HubOptions::default();
        configure(&mut options);
        if let Some(policy) = &options.authorization {
            policy.register(self.services());
        }
        let checked = settings::check(&options, &format!("the connection handler at {path}"));
        self.add_before_build(move |_| checked);
        mount(self, path, move |services| {
            HubService::raw(services, handler, options)
        })
    }
}

/// Maps the path and its `negotiate` to one service, which is made when the first of the two is.
fn mount(
    host: HostBuilder,
    path: &str,
    make: impl FnOnce(&ServiceProvider) -> Result<HubService, ServiceError> + Send + 'static,
) -> HostBuilder {
    let make = Arc::new(Mutex::new(Made::Not(make)));
    [
        path.to_owned(),
        format!("{}/negotiate", path.trim_end_matches('/')),
    ]
    .into_iter()
    .fold(host, |host, path| {
        let joined = path.ends_with("/negotiate");
        let make = make.clone();
        let host = host.map_with(path, move |services| {
            let mut made = make.lock().unwrap_or_else(PoisonError::into_inner);
            let service = match std::mem::replace(&mut *made, Made::Failed) {
                Made::Not(make) => make(services)?,
                Made::Service(service) => service,
                Made::Failed => return Err("the hub could not be made".into()),
            };
            *made = Made::Service(service.clone());
            Ok(service)
        });
        if joined { host.join_last_route() } else { host }
    })
}

/// What the program says of all hubs.
#[derive(Default)]
struct CommonOptions(Vec<Common>);

/// The hubs that a host has.
#[derive(Default)]
struct HubNames(Vec<&'static str>);

enum Made<F> {
    Not(F),
    Service(HubService),
    Failed,
}

/// Hubs for a [`ServiceCollection`], without a server of ours.
pub trait HubServiceCollectionExt {
    /// Adds what the hub `H` needs, and its [`HubContext`]. Serve it with a [`HubService`].
    ///
    /// The counterpart of .NET's `AddSignalR`.
    #[doc(alias = "AddSignalR")]
    fn add_hub<H: Hub>(&mut self) -> &mut Self;

    /// Adds the [`HubContext`] of the hub `H` alone, for a process that reaches the hub's clients and serves none: a
    /// worker. Without a backplane there is nobody to be reached.
    fn add_hub_context<H: Hub>(&mut self) -> &mut Self;

    /// Puts a [filter](HubFilter) around the methods and callbacks of all hubs, inside of those that are there and outside of
    /// those of single hubs.
    #[doc(alias = "AddFilter")]
    fn add_hub_filter<F: HubFilter + Inject>(&mut self) -> &mut Self;

    /// The same with a filter that is there already, and serves all invocations.
    #[doc(alias = "AddFilter")]
    fn add_hub_filter_instance(&mut self, filter: impl HubFilter) -> &mut Self;
}

impl HubServiceCollectionExt for ServiceCollection {
    fn add_hub<H: Hub>(&mut self) -> &mut Self {
        self.try_add(ServiceDescriptor::instance(Arc::new(Heartbeat::default())));
        self.add_hub_context::<H>();
        // Constructed by value for each invocation; registered so that the graph is checked with it.
        self.try_add(ServiceDescriptor::transient::<H>());
        self.try_add(ServiceDescriptor::transient::<HubMethods<H>>());
        H::methods().register(self);
        self
    }

    fn add_hub_context<H: Hub>(&mut self) -> &mut Self {
        self.try_add::<HubContext<H>>(ServiceDescriptor::singleton_factory(
            |backplane: Option<Arc<dyn HubLifetimeManagerFactory>>| {
                HubContext::<H>::new(backplane.as_deref())
            },
        ));
        self
    }

    fn add_hub_filter<F: HubFilter + Inject>(&mut self) -> &mut Self {
        add_filter(self, Arc::new(Typed::<F>::new()))
    }

    fn add_hub_filter_instance(&mut self, filter: impl HubFilter) -> &mut Self {
        add_filter(self, Arc::new(Instance::new(filter)))
    }
}

fn add_filter(
    services: &mut ServiceCollection,
    filter: Arc<dyn FilterSource>,
) -> &mut ServiceCollection {
    filter.register(services);
    services.add_instance(Arc::new(GlobalHubFilter(filter)))
}

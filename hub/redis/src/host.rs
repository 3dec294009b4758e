//! Joining a farm, for a host.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use campanile_host::configuration::{ByteSize, Configuration};
use campanile_host::hosting::{HostBuilder, HostedService};
use campanile_host::metrics::Metrics;
use campanile_host::services::{ServiceCollection, ServiceDescriptor};
use campanile_host::{BoxError, CancellationToken, Inject};
use campanile_hub::lifetime::HubLifetimeManagerFactory;
use campanile_web::{HealthCheck, HealthHostBuilderExt, HealthResult};
use serde::Deserialize;

use crate::{RedisBackplane, RedisOptions, WhenUnreachable};

const CONNECTION_STRING: &str = "ConnectionStrings:Redis";
const SECTION: &str = "RedisBackplane";

/// Farms for a [`HostBuilder`].
pub trait RedisHostBuilderExt: Sized {
    /// Makes all hubs of this host those of the farm on the Redis of `ConnectionStrings:Redis`: a string of
    /// StackExchange.Redis or a URL, see [`RedisOptions::parse`].
    ///
    /// The section `RedisBackplane` says the rest:
    ///
    /// ```json
    /// {
    ///   "ConnectionStrings": { "Redis": "redis-1:6379,password=secret,channelPrefix=shop:" },
    ///   "RedisBackplane": {
    ///     "WhenUnreachable": "ServeLocally",
    ///     "QueuedWhileUnreachable": "1 MiB",
    ///     "HubNames": { "ChatHub": "MyApp.Hubs.ChatHub" }
    ///   }
    /// }
    /// ```
    ///
    /// A health check `redis`, tagged `ready`, says whether Redis is there.
    ///
    /// The counterpart of .NET's `AddStackExchangeRedis`.
    #[doc(alias = "AddStackExchangeRedis")]
    #[must_use]
    fn add_redis_backplane(self) -> Self {
        self.add_redis_backplane_with(|_| {})
    }

    /// The same, with what the program says over what the configuration does. A connection string need not be there then.
    #[doc(alias = "AddStackExchangeRedis")]
    #[must_use]
    fn add_redis_backplane_with(
        self,
        configure: impl FnOnce(&mut RedisOptions) + Send + 'static,
    ) -> Self;

    /// [`add_redis_backplane`](Self::add_redis_backplane) where `ConnectionStrings:Redis` is there and not empty; else the
    /// host stays a single server.
    #[must_use]
    fn add_redis_backplane_if_configured(self) -> Self;
}

/// The section `RedisBackplane`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    when_unreachable: Option<Unreachable>,
    queued_while_unreachable: Option<ByteSize>,
    queued_bytes: Option<ByteSize>,
    acknowledgement_timeout: Option<Duration>,
    reconnect_delay: Option<Duration>,
    hub_names: BTreeMap<String, String>,
    trusted_issuer: Option<PathBuf>,
    client_certificate: Option<PathBuf>,
    client_certificate_key: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Unreachable {
    Refuse,
    ServeLocally,
}

impl RedisHostBuilderExt for HostBuilder {
    fn add_redis_backplane_with(
        mut self,
        configure: impl FnOnce(&mut RedisOptions) + Send + 'static,
    ) -> Self {
        describe(self.services());
        let read = Arc::new(OnceLock::new());
        self.services().add(ServiceDescriptor::singleton_factory({
            let read = read.clone();
            move |metrics: Arc<Metrics>| {
                // Set when the host was built.
                RedisBackplane::new(read.get().cloned().unwrap_or_default(), &metrics)
            }
        }));
        self.services()
            .add::<dyn HubLifetimeManagerFactory>(ServiceDescriptor::singleton_factory(
                |backplane: Arc<RedisBackplane>| -> Arc<dyn HubLifetimeManagerFactory> {
                    backplane
                },
            ));
        self.add_before_build(move |host| {
            let root = host.environment().content_root().to_owned();
            let mut options = options(host.configuration(), &root)?;
            configure(&mut options);
            options.check_certificates()?;
            read.get_or_init(|| options);
            Ok(())
        });
        self.add_hosted_service::<Membership>()
            .add_health_check::<RedisCheck>("redis", ["ready"])
    }

    fn add_redis_backplane_if_configured(mut self) -> Self {
        let text = self.configuration().connection_string("Redis");
        if text.is_some_and(|it| !it.trim().is_empty()) {
            self.add_redis_backplane()
        } else {
            describe(self.services());
            self
        }
    }
}

/// Describes the section for editors.
fn describe(services: &mut ServiceCollection) {
    services.describe_section::<Settings>(SECTION);
}

fn options(configuration: &Configuration, content_root: &Path) -> Result<RedisOptions, BoxError> {
    let text = configuration.connection_string("Redis").unwrap_or_default();
    let mut options = RedisOptions::parse(&text).map_err(|error| {
        let origin = configuration.origin(CONNECTION_STRING);
        let origin = origin.map_or(String::new(), |it| format!(" (it comes from {it})"));
        format!("'{CONNECTION_STRING}' is no connection string: {error}{origin}")
    })?;
    let settings: Settings = configuration.bind(SECTION)?;
    let bytes = |size: ByteSize| usize::try_from(size.0).unwrap_or(usize::MAX);
    if let Some(policy) = settings.when_unreachable {
        options.when_unreachable = match policy {
            Unreachable::Refuse => WhenUnreachable::Refuse,
            Unreachable::ServeLocally => WhenUnreachable::ServeLocally,
        };
    }
    if let Some(size) = settings.queued_while_unreachable {
        options.queued_while_unreachable = bytes(size);
    }
    if let Some(size) = settings.queued_bytes {
        options.queued_bytes = bytes(size);
    }
    if let Some(timeout) = settings.acknowledgement_timeout {
        options.acknowledgement_timeout = timeout;
    }
    if let Some(delay) = settings.reconnect_delay {
        options.reconnect_delay = delay;
    }
    options.hub_names = settings.hub_names;
    let place = |path: Option<PathBuf>| path.map(|it| content_root.join(it));
    options.trusted_issuer = place(settings.trusted_issuer);
    options.client_certificate = place(settings.client_certificate);
    options.client_certificate_key = place(settings.client_certificate_key);
    Ok(options)
}

/// A server that cannot reach the others is not ready for clients.
#[derive(Inject)]
struct RedisCheck {
    backplane: Arc<RedisBackplane>,
}

impl HealthCheck for RedisCheck {
    async fn check(&self, _: CancellationToken) -> Result<HealthResult, BoxError> {
        if self.backplane.is_connected() {
            return Ok(HealthResult::healthy());
        }
        let why = self.backplane.last_error();
        let why = why.unwrap_or_else(|| "no connection yet".to_owned());
        Ok(HealthResult::unhealthy(why))
    }
}

/// Joins the farm before anything else starts, and leaves it after everything has stopped.
#[derive(Inject)]
struct Membership {
    backplane: Arc<RedisBackplane>,
}

impl HostedService for Membership {
    async fn starting(&self, _: CancellationToken) -> Result<(), BoxError> {
        match self.backplane.first_attempt().await {
            // The link has said so in the log.
            Err(why) if self.backplane.options().abort_on_connect_fail => {
                Err(format!("there is no Redis, and abortConnect is set: {why}").into())
            }
            Err(_) | Ok(()) => Ok(()),
        }
    }

    async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }

    async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }

    async fn stopped(&self, _: CancellationToken) -> Result<(), BoxError> {
        self.backplane.leave().await;
        Ok(())
    }
}

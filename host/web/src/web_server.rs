//! The server as a hosted service.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use campanile_host::configuration::{ChangeRegistration, Configuration};
use campanile_host::metrics::Metrics;
use campanile_host::options::OptionsMonitor;
use campanile_host::services::ServiceProvider;
use campanile_host::{
    ApplicationLifetime, BoxError, CancellationToken, HostEnvironment, HostedService, systemd,
};
use tokio::runtime::Handle;

use crate::accounts::Accounts;
use crate::addresses::ServerAddresses;
use crate::endpoints::{Endpoints, Surroundings};
use crate::instruments::Instruments;
use crate::kestrel::KestrelSettings;
use crate::server::{Changes, Server};
use crate::web_host::WebHost;

/// Binds, serves and stops what a host builder collected.
pub(crate) struct WebServer {
    host: Mutex<Option<WebHost>>,
    services: ServiceProvider,
    lifetime: ApplicationLifetime,
    metrics: Arc<Metrics>,
    serving: Arc<Serving>,
    following: Mutex<Option<Following>>,
}

/// What goes on being looked at as long as the server serves.
struct Following {
    _settings: ChangeRegistration,
    #[cfg(feature = "tls")]
    _certificates: crate::certificate_watch::CertificateWatch,
}

/// What serves, and what it is made from.
pub(crate) struct Serving {
    settings: OptionsMonitor<KestrelSettings>,
    configuration: Arc<Configuration>,
    environment: HostEnvironment,
    addresses: Arc<ServerAddresses>,
    server: Mutex<Option<Server>>,
}

impl WebServer {
    pub(crate) fn new(
        host: WebHost,
        services: ServiceProvider,
        lifetime: ApplicationLifetime,
        metrics: Arc<Metrics>,
        serving: Serving,
    ) -> Self {
        Self {
            host: Mutex::new(Some(host)),
            services,
            lifetime,
            metrics,
            serving: Arc::new(serving),
            following: Mutex::new(None),
        }
    }

    fn serve(&self) -> Result<(), BoxError> {
        // The host starts a service once.
        let Some(host) = lock(&self.host).take() else {
            return Ok(());
        };
        let app = host.build(&self.services)?;
        let accounts = Accounts::new(Instruments::new(Arc::clone(&self.metrics)));
        self.serving.begin(Server::new(app, accounts))?;
        self.follow();
        Ok(())
    }

    /// Has the server follow its settings, and its certificates.
    fn follow(&self) {
        // Callbacks run wherever the configuration is read again.
        let runtime = Handle::current();
        let reload = {
            let serving = Arc::downgrade(&self.serving);
            move || {
                let _entered = runtime.enter();
                if let Some(serving) = serving.upgrade() {
                    serving.reload();
                }
            }
        };
        let settings = self.serving.settings.on_change({
            let reload = reload.clone();
            move |_| reload()
        });
        let following = Following {
            _settings: settings,
            #[cfg(feature = "tls")]
            _certificates: crate::certificate_watch::CertificateWatch::start(&self.serving),
        };
        *lock(&self.following) = Some(following);
        self.lifetime.on_reload(move || {
            reload();
            Ok(())
        });
    }
}

impl Serving {
    pub(crate) fn new(
        settings: OptionsMonitor<KestrelSettings>,
        configuration: Arc<Configuration>,
        environment: HostEnvironment,
        addresses: Arc<ServerAddresses>,
    ) -> Self {
        Self {
            settings,
            configuration,
            environment,
            addresses,
            server: Mutex::new(None),
        }
    }

    fn begin(&self, mut server: Server) -> Result<(), BoxError> {
        let changes = self.apply(&mut server)?;
        let addresses = server.addresses();
        *lock(&self.server) = Some(server);
        changes.log();
        self.addresses.set(addresses);
        Ok(())
    }

    /// Follows the configuration and the certificates as they are now. What is wrong with them changes nothing but the log.
    pub(crate) fn reload(&self) {
        let mut serving = lock(&self.server);
        let Some(server) = serving.as_mut() else {
            return;
        };
        match self.apply(server) {
            Ok(changes) if changes == Changes::default() => {}
            Ok(changes) => {
                changes.log();
                self.addresses.set(server.addresses());
            }
            Err(error) => tracing::error!(
                target: "Microsoft.AspNetCore.Server.Kestrel",
                critical = true,
                "the configuration of the server has changed, but cannot be followed; everything stays as it was: {error}"
            ),
        }
    }

    fn apply(&self, server: &mut Server) -> Result<Changes, BoxError> {
        let settings = self.settings.current();
        let passed: Vec<String> = server
            .passed()
            .cloned()
            .chain(systemd::passed_names())
            .collect();
        let around = Surroundings {
            settings: &settings,
            content_root: self.environment.content_root(),
            passed: &passed,
        };
        let endpoints = Endpoints::from_configuration(&self.configuration, around)?;
        let is_new = server.addresses().is_empty();
        let changes = server.apply(endpoints.wanted, &Arc::new(settings.limits.clone()))?;
        if is_new || changes != Changes::default() {
            for overridden in &endpoints.overridden {
                overridden.log();
            }
            let unused = systemd::passed_names();
            if !unused.is_empty() {
                tracing::warn!(
                    target: "Microsoft.AspNetCore.Server.Kestrel",
                    "nobody takes the sockets {} from systemd: wanted endpoints of those names (Kestrel:Endpoints:{}, FileDescriptorName= in the unit)",
                    unused.join(", "), unused[0]
                );
            }
        }
        Ok(changes)
    }

    /// The files of all certificates.
    #[cfg(feature = "tls")]
    pub(crate) fn certificates(&self) -> Vec<crate::certificate_files::CertificateFiles> {
        let server = lock(&self.server);
        server
            .as_ref()
            .map(Server::certificates)
            .unwrap_or_default()
    }
}

impl Changes {
    fn log(&self) {
        for address in &self.closed {
            tracing::info!(
                target: "Microsoft.Hosting.Lifetime",
                "No longer listening on: {address}"
            );
        }
        for address in &self.opened {
            tracing::info!(
                target: "Microsoft.Hosting.Lifetime",
                event_id = 14,
                "Now listening on: {address}"
            );
        }
    }
}

impl HostedService for WebServer {
    async fn start(&self, _cancellation: CancellationToken) -> Result<(), BoxError> {
        self.serve()
    }

    async fn stop(&self, cancellation: CancellationToken) -> Result<(), BoxError> {
        *lock(&self.following) = None;
        let server = lock(&self.serving.server).take();
        let Some(server) = server else {
            return Ok(());
        };
        self.serving.addresses.set(Vec::new());
        server.stop(&cancellation).await;
        Ok(())
    }
}

/// All of it is put in whole, whoever panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

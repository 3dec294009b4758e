//! The server as a hosted service.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use campanile_host::configuration::Configuration;
use campanile_host::services::ServiceProvider;
use campanile_host::{BoxError, CancellationToken, HostedService};

use crate::addresses::ServerAddresses;
use crate::bind::bind_all;
use crate::endpoints::Endpoints;
use crate::server::Server;
use crate::web_host::WebHost;

/// Binds, serves and stops what a host builder collected.
pub(crate) struct WebServer {
    services: ServiceProvider,
    configuration: Arc<Configuration>,
    addresses: Arc<ServerAddresses>,
    state: Mutex<State>,
}

enum State {
    Built(WebHost),
    Serving(Server),
    Ended,
}

impl WebServer {
    pub(crate) fn new(
        host: WebHost,
        services: ServiceProvider,
        configuration: Arc<Configuration>,
        addresses: Arc<ServerAddresses>,
    ) -> Self {
        Self {
            services,
            configuration,
            addresses,
            state: Mutex::new(State::Built(host)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state is put in whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) -> Result<(), BoxError> {
        let mut state = self.state();
        let host = match std::mem::replace(&mut *state, State::Ended) {
            State::Built(host) => host,
            // The host starts a service once.
            other => {
                *state = other;
                return Ok(());
            }
        };
        let endpoints = Endpoints::from_configuration(&self.configuration)?;
        for overridden in &endpoints.overridden {
            overridden.log();
        }
        let app = host.build(&self.services)?;
        let bound = bind_all(&endpoints.wanted)?;
        let addresses: Vec<String> = bound.iter().map(|it| it.address.to_string()).collect();
        *state = State::Serving(Server::serve(bound, &app));
        for address in &addresses {
            tracing::info!(
                target: "Microsoft.Hosting.Lifetime",
                event_id = 14,
                "Now listening on: {address}"
            );
        }
        self.addresses.set(addresses);
        Ok(())
    }
}

impl HostedService for WebServer {
    async fn start(&self, _cancellation: CancellationToken) -> Result<(), BoxError> {
        self.serve()
    }

    async fn stop(&self, cancellation: CancellationToken) -> Result<(), BoxError> {
        let state = std::mem::replace(&mut *self.state(), State::Ended);
        let State::Serving(server) = state else {
            return Ok(());
        };
        self.addresses.set(Vec::new());
        server.stop(&cancellation).await;
        Ok(())
    }
}

//! A connection as a part of a host.

use std::sync::Arc;
use std::time::Duration;

use campanile_host::hosting::{BackgroundService, HostBuilder};
use campanile_host::metrics::Metrics;
use campanile_host::services::Factory;
use campanile_host::{BoxError, CancellationToken};

use crate::retry::RetryContext;
use crate::{ClientError, HubConnection, HubConnectionState, RetryDelays, RetryPolicy};

/// Connections for a [`HostBuilder`].
pub trait HubConnectionHostBuilderExt: Sized {
    /// Adds the connection that this function makes of whatever it wants from the container, not started.
    ///
    /// Services are given it as `Arc<HubConnection>`. The host starts it when it is this line's turn, without waiting for the
    /// server: where that is not there, or refuses, the connection is tried again after 0, 2, 10 and then every 30 seconds,
    /// as it is after it has been closed. It is stopped with the host, and [measured](HubConnection::measure) by its metrics.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    ///
    /// use campanile_host::{BoxError, configuration::Configuration, hosting::HostBuilder};
    /// use campanile_hub_client::{HubConnection, HubConnectionBuilder, HubConnectionHostBuilderExt};
    ///
    /// HostBuilder::new().add_hub_connection(|configuration: Configuration| -> Result<HubConnection, BoxError> {
    ///     let url = configuration.get("Clock:HubUrl").ok_or("'Clock:HubUrl' is missing")?;
    ///     Ok(HubConnectionBuilder::new(url).automatic_reconnect().build()?)
    /// });
    /// ```
    #[must_use]
    fn add_hub_connection<Args: 'static>(self, factory: impl Factory<HubConnection, Args>) -> Self;
}

impl HubConnectionHostBuilderExt for HostBuilder {
    fn add_hub_connection<Args: 'static>(
        mut self,
        factory: impl Factory<HubConnection, Args>,
    ) -> Self {
        self.services()
            .add_singleton_factory::<HubConnection, Args>(factory);
        self.add_hosted_service_factory(|connection: Arc<HubConnection>, metrics: Arc<Metrics>| {
            connection.measure(&metrics);
            Connecting { connection }
        })
    }
}

/// Keeps the connection connected as long as the host runs.
struct Connecting {
    connection: Arc<HubConnection>,
}

impl BackgroundService for Connecting {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        stopping.run_until_cancelled(self.keep_connected()).await;
        self.connection.stop().await;
        Ok(())
    }
}

impl Connecting {
    async fn keep_connected(&self) {
        let delays = RetryDelays::default().for_ever();
        let mut states = self.connection.state_changes();
        let mut failures = 0;
        loop {
            match self.connection.start().await {
                Ok(()) => {
                    tracing::info!("connected");
                    failures = 0;
                    states.wait_for(HubConnectionState::Disconnected).await;
                    tracing::warn!("the connection is closed");
                }
                // Whoever else started it has done this one's work.
                Err(ClientError::State { .. }) => {
                    states.wait_for(HubConnectionState::Disconnected).await;
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "not connected yet"
                    );
                }
            }
            let delay = delays.next_delay(&RetryContext {
                previous_retry_count: failures,
                elapsed: Duration::ZERO,
                reason: None,
            });
            failures = failures.saturating_add(1);
            tokio::time::sleep(delay.unwrap_or_default()).await;
        }
    }
}

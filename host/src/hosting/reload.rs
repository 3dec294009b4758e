//! Reading everything again that can be read again, as SIGHUP asks for.

use std::sync::{Arc, Mutex, PoisonError};

use super::lifetime::ApplicationLifetime;
use crate::configuration::Configuration;
use crate::systemd;

const TARGET: &str = "Campanile.Hosting.Configuration";

/// Reloads one host.
pub(crate) struct Reload {
    configuration: Configuration,
    lifetime: ApplicationLifetime,
    /// One at a time.
    running: Mutex<()>,
}

impl Reload {
    pub(crate) fn new(configuration: Configuration, lifetime: ApplicationLifetime) -> Self {
        Self {
            configuration,
            lifetime,
            running: Mutex::new(()),
        }
    }

    /// Reloads as soon as the application has started: who waits for its end, as systemd does, must not wait in vain because
    /// the signal came while the start was about to end.
    pub(crate) async fn when_started(self: Arc<Self>) {
        let (started, stopping) = (self.lifetime.started(), self.lifetime.stopping());
        tokio::select! {
            () = started.cancelled() => {}
            () = stopping.cancelled() => return,
        }
        // Fails only if it panics, which is said on standard error by then.
        let _ = tokio::task::spawn_blocking(move || self.run()).await;
    }

    /// Reads the configuration again, has the callbacks of
    /// [`ApplicationLifetime::on_reload`] called, and tells systemd of both ends. Blocks.
    fn run(&self) {
        let _one = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if self.lifetime.stopping().is_cancelled() {
            return;
        }
        systemd::reloading();
        match self.configuration.reload() {
            Ok(true) => {
                tracing::info!(target: TARGET, "the configuration was read again, and has changed");
            }
            Ok(false) => {
                tracing::info!(target: TARGET, "the configuration was read again, and is the same");
            }
            Err(error) => tracing::error!(
                target: TARGET,
                "the configuration was read again, but not all of it can be; what cannot stays as it was: {error}"
            ),
        }
        self.lifetime.notify_reload();
        if !self.lifetime.stopping().is_cancelled() {
            systemd::ready();
        }
    }
}

//! Reading everything again that can be read again, as SIGHUP asks for.

use std::sync::{Mutex, PoisonError};

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

    /// Reads the configuration again, has the callbacks of
    /// [`ApplicationLifetime::on_reload`] called, and tells systemd of both ends. Blocks.
    pub(crate) fn run(&self) {
        let _one = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.lifetime.started().is_cancelled() || self.lifetime.stopping().is_cancelled() {
            // A start reads what there is, and a stop has no use for it.
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

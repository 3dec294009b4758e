//! Levels that follow the configuration.

use super::filter::LogFilter;
use super::layer::LogFilterHandle;
use crate::configuration::{ChangeRegistration, Configuration};

impl LogFilterHandle {
    /// From now on, and until what is returned is dropped, the rules are those of the configuration, whenever it changes. Rules
    /// that cannot be read change nothing but the log, where they are reported.
    ///
    /// The host does this for the log that it installs; it is for programs that bring their own `tracing` subscriber.
    pub fn follow(&self, configuration: &Configuration) -> ChangeRegistration {
        let handle = self.clone();
        let read = configuration.clone();
        configuration.on_change(move || match LogFilter::from_configuration(&read) {
            Ok(filter) => handle.replace(filter),
            Err(error) => tracing::error!(
                target: "Campanile.Logging",
                "the levels of the log stay as they were: {error}"
            ),
        })
    }
}

//! Being told when the configuration changes.

use tokio::sync::watch;

use super::Configuration;
use super::listeners::ChangeRegistration;

/// Waits for changes of a [`Configuration`]. See [`Configuration::changes`].
#[doc(alias = "IChangeToken")]
#[derive(Debug, Clone)]
pub struct ConfigurationChanges {
    version: watch::Receiver<u64>,
}

impl ConfigurationChanges {
    /// Waits until a value has changed since this was made or last said so. Several changes may be one.
    ///
    /// Waits for ever if nothing can change any more.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn changed(&mut self) {
        if self.version.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether [`changed`](Self::changed) would return at once.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.version.has_changed().unwrap_or(false)
    }
}

impl Configuration {
    /// What waits for changes from now on.
    ///
    /// ```
    /// # use campanile_host::configuration::Configuration;
    /// async fn tell_of_zones(configuration: Configuration) {
    ///     let mut changes = configuration.changes();
    ///     loop {
    ///         changes.changed().await;
    ///         println!("{:?}", configuration.get("Clock:Zone"));
    ///     }
    /// }
    /// ```
    #[doc(alias = "GetReloadToken")]
    #[must_use]
    pub fn changes(&self) -> ConfigurationChanges {
        ConfigurationChanges {
            version: self.live().subscribe(),
        }
    }

    /// Has `callback` called after each change, before [`changes`](Self::changes) tells of it, until what is returned is
    /// dropped. It should be quick: it runs where the files are watched.
    #[doc(alias = "ChangeToken.OnChange")]
    pub fn on_change(&self, callback: impl Fn() + Send + Sync + 'static) -> ChangeRegistration {
        self.live().listeners.add(move |_| callback())
    }
}

//! Options that follow the configuration.

use std::fmt;
use std::sync::Arc;

use tokio::sync::watch;

use super::live::LiveOptions;
use crate::configuration::ChangeRegistration;

/// The options `T` as they are at any time: made anew when their section of the configuration changes.
///
/// For services that live long and follow their settings. Registered like [`Options`](super::Options); those of a name are
/// injected with `#[inject(key = "name")]`. A value that cannot be bound or is not valid is logged, and the one before it
/// stays.
///
/// ```
/// use std::time::Duration;
///
/// use campanile_host::options::OptionsMonitor;
/// use campanile_host::{BackgroundService, BoxError, CancellationToken, Inject};
///
/// #[derive(serde::Deserialize)]
/// struct ClockOptions {
///     interval: Duration,
/// }
///
/// #[derive(Inject)]
/// struct Worker {
///     options: OptionsMonitor<ClockOptions>,
/// }
///
/// impl BackgroundService for Worker {
///     async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
///         let mut changes = self.options.changes();
///         loop {
///             let interval = self.options.current().interval;
///             tokio::select! {
///                 () = stopping.cancelled() => return Ok(()),
///                 _ = changes.changed() => {} // the new interval counts at once
///                 () = tokio::time::sleep(interval) => tracing::info!("tick"),
///             }
///         }
///     }
/// }
/// ```
#[doc(alias = "IOptionsMonitor")]
pub struct OptionsMonitor<T> {
    live: Arc<LiveOptions<T>>,
}

impl<T: Send + Sync + 'static> OptionsMonitor<T> {
    /// Options from the program itself, as a test wants them; [`replace`](Self::replace) changes them.
    pub fn new(value: T) -> Self {
        Self::of(Arc::new(LiveOptions::new(Arc::new(value))))
    }

    pub(super) fn of(live: Arc<LiveOptions<T>>) -> Self {
        Self { live }
    }

    /// The value now.
    #[doc(alias = "CurrentValue")]
    #[must_use]
    pub fn current(&self) -> Arc<T> {
        self.live.current()
    }

    /// What waits for changes from now on.
    #[must_use]
    pub fn changes(&self) -> OptionsChanges<T> {
        OptionsChanges {
            version: self.live.subscribe(),
            live: Arc::clone(&self.live),
        }
    }

    /// Has `callback` called with each new value, before [`changes`](Self::changes) tells of it, until what is returned is
    /// dropped. It should be quick: it runs where the files are watched.
    #[doc(alias = "OnChange")]
    pub fn on_change(
        &self,
        callback: impl Fn(&Arc<T>) + Send + Sync + 'static,
    ) -> ChangeRegistration {
        self.live.listeners.add(callback)
    }

    /// Puts another value in place for everybody who has these options, and tells them. Nothing checks it, and the next
    /// change of the section puts an end to it.
    pub fn replace(&self, value: T) {
        self.live.replace(value);
    }
}

impl<T> Clone for OptionsMonitor<T> {
    fn clone(&self) -> Self {
        Self {
            live: Arc::clone(&self.live),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OptionsMonitor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OptionsMonitor")
            .field(&self.live.current())
            .finish()
    }
}

/// Waits for changes of options. See [`OptionsMonitor::changes`].
pub struct OptionsChanges<T> {
    version: watch::Receiver<u64>,
    live: Arc<LiveOptions<T>>,
}

impl<T: Send + Sync + 'static> OptionsChanges<T> {
    /// Waits until the options have changed since this was made or last said so, and gives what they are then. Several
    /// changes may be one.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    pub async fn changed(&mut self) -> Arc<T> {
        // The sender is in what this holds itself.
        let _ = self.version.changed().await;
        self.live.current()
    }

    /// Whether [`changed`](Self::changed) would return at once.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.version.has_changed().unwrap_or(false)
    }
}

impl<T> Clone for OptionsChanges<T> {
    fn clone(&self) -> Self {
        Self {
            version: self.version.clone(),
            live: Arc::clone(&self.live),
        }
    }
}

impl<T> fmt::Debug for OptionsChanges<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionsChanges").finish_non_exhaustive()
    }
}

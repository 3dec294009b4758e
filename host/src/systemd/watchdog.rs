//! [`Watchdog`]: whether the services that asked to be watched are alive.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::notifier::{is_enabled, tell};

/// Watches services, so that systemd restarts the process when one of them hangs. Injectable; a clone is a handle to the
/// same watchdog.
///
/// With `WatchdogSec=` in the unit the host feeds systemd's watchdog twice in that time. It stops feeding while a service that
/// asked to be watched has been silent for longer than it allowed itself, names it in the log and in the status, and systemd
/// ends the process. Without systemd [`silent`](Self::silent) still tells: for a health check.
///
/// ```
/// use std::time::Duration;
/// use campanile_host::systemd::Watchdog;
/// use campanile_host::{BackgroundService, BoxError, CancellationToken, Inject};
///
/// #[derive(Inject)]
/// struct Importer {
///     watchdog: Watchdog,
/// }
///
/// impl BackgroundService for Importer {
///     async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
///         let watched = self.watchdog.watch("importer", Duration::from_secs(60));
///         while !stopping.is_cancelled() {
///             watched.feed();
///             // One batch, which takes less than a minute.
/// #           break;
///         }
///         Ok(()) // what is dropped is not watched any more
///     }
/// }
/// ```
#[derive(Clone, Default)]
pub struct Watchdog {
    watched: Arc<Mutex<Vec<Arc<Entry>>>>,
}

struct Entry {
    name: String,
    silence: Duration,
    fed: Mutex<Instant>,
}

impl Watchdog {
    /// A watchdog of its own, for tests of services that ask for one; the host makes its own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on somebody of that name has to [feed](Watched::feed) what is returned, at least once in that time,
    /// until it is dropped.
    #[must_use]
    pub fn watch(&self, name: impl Into<String>, longest_silence: Duration) -> Watched {
        let entry = Arc::new(Entry {
            name: name.into(),
            silence: longest_silence,
            fed: Mutex::new(Instant::now()),
        });
        self.list().push(entry.clone());
        Watched {
            entry,
            watchdog: self.clone(),
        }
    }

    /// The names of those who have been silent for too long.
    #[must_use]
    pub fn silent(&self) -> Vec<String> {
        self.list()
            .iter()
            .filter(|entry| entry.fed().elapsed() > entry.silence)
            .map(|entry| entry.name.clone())
            .collect()
    }

    fn list(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Entry>>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn fed(&self) -> std::sync::MutexGuard<'_, Instant> {
        self.fed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Watchdog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.list().iter().map(|entry| entry.name.clone()).collect();
        formatter
            .debug_struct("Watchdog")
            .field("watched", &names)
            .finish()
    }
}

/// One who is watched by a [`Watchdog`]; no longer when this is dropped.
pub struct Watched {
    entry: Arc<Entry>,
    watchdog: Watchdog,
}

impl Watched {
    /// A sign of life.
    pub fn feed(&self) {
        *self.entry.fed() = Instant::now();
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.watchdog
            .list()
            .retain(|entry| !Arc::ptr_eq(entry, &self.entry));
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Watched")
            .field("name", &self.entry.name)
            .field("longest_silence", &self.entry.silence)
            .finish_non_exhaustive()
    }
}

/// systemd's watchdog is fed until this is dropped.
pub(crate) struct Feeding(JoinHandle<()>);

impl Drop for Feeding {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Feeds systemd's watchdog, if the unit has one, from a task of the application's runtime.
pub(crate) fn feed(watchdog: &Watchdog) -> Option<Feeding> {
    let limit = limit().filter(|_| is_enabled())?;
    let watchdog = watchdog.clone();
    Some(Feeding(tokio::spawn(async move {
        let mut ticks = interval(limit / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut are_silent = Vec::new();
        loop {
            ticks.tick().await;
            let silent = watchdog.silent();
            if silent.is_empty() {
                tell("WATCHDOG=1");
            } else if silent != are_silent {
                let names = silent.join(", ");
                tracing::error!(
                    target: "Campanile.Hosting.Watchdog",
                    critical = true,
                    "no sign of life from {names}: the watchdog of systemd is not fed, which will end the process"
                );
                tell(&format!("STATUS=No sign of life from {names}"));
            }
            are_silent = silent;
        }
    })))
}

#[cfg(unix)]
fn limit() -> Option<Duration> {
    sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero())
}

#[cfg(not(unix))]
fn limit() -> Option<Duration> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_is_silent_for_too_long_is_named_until_it_is_fed_or_dropped() {
        let watchdog = Watchdog::new();
        let pump = watchdog.watch("pump", Duration::from_secs(10));
        let bell = watchdog.watch("bell", Duration::from_secs(60));
        tokio::time::advance(Duration::from_secs(11)).await;
        assert_eq!(watchdog.silent(), ["pump"]);
        pump.feed();
        assert!(watchdog.silent().is_empty());
        tokio::time::advance(Duration::from_secs(50)).await;
        assert_eq!(watchdog.silent(), ["pump", "bell"]);
        drop((pump, bell));
        assert!(watchdog.silent().is_empty());
    }
}

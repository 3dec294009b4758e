//! Watches the files of a configuration, and reads them again when they change.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::Configuration;
use super::fingerprint::Fingerprint;
use super::live::Live;

const TARGET: &str = "Campanile.Hosting.Configuration";

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_millis(500);

/// How long they have to be left alone before they are read: .NET's delay. Programs write a file in several steps.
const QUIET: Duration = Duration::from_millis(250);

/// For how many times [`QUIET`] a file that never is left alone is waited for.
const PATIENCE: usize = 20;

/// Watches the files of a [`Configuration`] until it is dropped. See [`Configuration::watch`].
#[must_use = "files are no longer watched when this is dropped"]
pub struct ConfigurationWatch {
    task: AbortHandle,
}

impl ConfigurationWatch {
    pub(super) fn start(live: &Arc<Live>) -> Option<Self> {
        if !live.is_watched() {
            return None;
        }
        let task = tokio::spawn(watch(Arc::downgrade(live)));
        Some(Self {
            task: task.abort_handle(),
        })
    }
}

impl Drop for ConfigurationWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for ConfigurationWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigurationWatch").finish_non_exhaustive()
    }
}

/// Ends when nobody has the configuration any more.
async fn watch(live: Weak<Live>) {
    loop {
        sleep(PERIOD).await;
        let changed = match live.upgrade() {
            Some(live) => live.changed_files(),
            None => return,
        };
        let Some(mut seen) = changed else { continue };
        for _ in 0..PATIENCE {
            sleep(QUIET).await;
            let Some(live) = live.upgrade() else { return };
            let now = live.files_now();
            let is_quiet = is_same(&seen, &now);
            seen = now;
            if is_quiet {
                break;
            }
        }
        let Some(live) = live.upgrade() else { return };
        reload(&live);
    }
}

fn is_same(left: &[Fingerprint], right: &[Fingerprint]) -> bool {
    left.iter()
        .zip(right)
        .all(|(left, right)| left.is_same(right))
}

fn reload(live: &Live) {
    match live.reload(false) {
        Ok(true) => {
            tracing::info!(target: TARGET, "the configuration has changed and was read again");
        }
        Ok(false) => {}
        Err(error) => tracing::error!(
            target: TARGET,
            "the configuration has changed, but not all of it can be read; what cannot stays as it was: {error}"
        ),
    }
}

impl Configuration {
    /// Has the files looked at twice a second, and read again once they have changed and then been left alone for 250 ms.
    /// A host does this while it runs. Nothing, where no source has files that
    /// [are to be watched](super::ConfigurationBuilder::reload_on_change).
    ///
    /// However a file is replaced (written in place, by another of its name, by a link that leads elsewhere, taken away, put
    /// there later), all of it is one [change](Self::changes), and none if no value is another one after it. A file that
    /// cannot be read keeps the values that it had; the log says so, once for each change of it.
    ///
    /// The files are looked at rather than events of the operating system waited for: that works on every file system
    /// and in every container, cannot fail for want of watches, and takes neither a thread nor a descriptor. (.NET does the
    /// same, every four seconds, with `DOTNET_USE_POLLING_FILE_WATCHER=true`; that variable changes nothing here.)
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn watch(&self) -> Option<ConfigurationWatch> {
        ConfigurationWatch::start(self.live())
    }
}

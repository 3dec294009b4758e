//! What the server listens on, for who wants to know.

use std::sync::{Mutex, PoisonError};

/// The addresses that the server listens on, with their real ports; empty while it does not. A service of every host with
/// routes: inject `Arc<ServerAddresses>`.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use campanile_host::hosting::HostBuilder;
/// use campanile_web::{ServerAddresses, WebHostBuilderExt};
///
/// let host = HostBuilder::new()
///     .with_args(["--urls", "http://127.0.0.1:0"])
///     .map_get("/", |_| async { "Bim, bam" })
///     .build()?;
/// host.start().await?;
/// let addresses = host.services().required::<ServerAddresses>()?;
/// println!("{:?}", addresses.all()); // ["http://127.0.0.1:43211"]
/// # Ok(())
/// # }
/// ```
#[doc(alias = "IServerAddressesFeature")]
#[derive(Debug, Default)]
pub struct ServerAddresses {
    bound: Mutex<Vec<String>>,
}

impl ServerAddresses {
    /// All addresses, in the order of the configuration.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.bound().clone()
    }

    /// The first address.
    #[must_use]
    pub fn first(&self) -> Option<String> {
        self.bound().first().cloned()
    }

    pub(crate) fn set(&self, addresses: Vec<String>) {
        campanile_host::systemd::report_listening(&addresses);
        *self.bound() = addresses;
    }

    fn bound(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        // The list is whole whoever panicked.
        self.bound.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

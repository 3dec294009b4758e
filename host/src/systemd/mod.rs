//! What the host tells systemd, and how it knows that systemd is listening. Everything here does nothing elsewhere.
//!
//! With `Type=notify` in its unit the service is *active* when all hosted services have been started (`READY=1`), and
//! *deactivating* from the moment it is asked to stop (`STOPPING=1`). Under systemd the console writes the journal's
//! levels ([`ConsoleFormatter::Systemd`](crate::logging::ConsoleFormatter)) unless `Logging:Console:FormatterName` says
//! otherwise.

mod notifier;

pub use notifier::{is_systemd_service, notify};
pub(crate) use notifier::{ready, stopping};

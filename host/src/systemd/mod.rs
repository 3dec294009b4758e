//! What the host tells systemd and is told by it. Everything here does nothing elsewhere.
//!
//! | in the unit | what the host does |
//! | --- | --- |
//! | `Type=notify` | `READY=1` when all hosted services have been started, `STOPPING=1` when it is asked to stop |
//! | `Type=notify-reload` | besides, SIGHUP has the configuration, and with it the levels of the log, read again: `RELOADING=1`, and `READY=1` when that is done |
//! | `WatchdogSec=` | feeds the watchdog twice in that time, as long as the runtime runs tasks and every service that asked to be watched ([`Watchdog`]) gives signs of life |
//! | `TimeoutStartSec=`, `TimeoutStopSec=` | are extended while services start and stop within the host's own limits |
//! | `Sockets=` | sockets that systemd listens on are handed out by name: [`take_sockets`] |
//!
//! `systemctl status` shows which service is being started or stopped, and, once all run, the addresses that the
//! application listens on.
//!
//! Under systemd the console writes the journal's levels
//! ([`ConsoleFormatter::Systemd`](crate::logging::ConsoleFormatter)) unless `Logging:Console:FormatterName` says otherwise.
//!
//! # Timeouts
//!
//! A stop always ends by itself ([`HostOptions::shutdown_timeout`](crate::hosting::HostOptions::shutdown_timeout), after
//! [`drain_delay`](crate::hosting::HostOptions::drain_delay)), and a start does if there is a
//! [`startup_timeout`](crate::hosting::HostOptions::startup_timeout): as long as these last, systemd is asked for more
//! time every five seconds. A start without a limit has 90 s more from each service's turn on, so that one that hangs is
//! still ended by systemd.
//!
//! # Children
//!
//! `NOTIFY_SOCKET`, `LISTEN_FDS` and what belongs to it are taken out of the environment when the host is built, so that the
//! processes that services start do not speak to systemd in its name.

mod extend;
mod notifier;
mod sockets;
mod status;
mod watchdog;

pub(crate) use extend::{extend_for_one_service, extending};
pub use notifier::{is_systemd_service, notify};
pub(crate) use notifier::{ready, reloading, stopping, take_from_environment};
pub use sockets::{PassedSocket, passed_names, take_sockets};
pub use status::report_listening;
pub(crate) use status::{one_of, report};
pub(crate) use watchdog::{Feeding, feed};
pub use watchdog::{Watchdog, Watched};

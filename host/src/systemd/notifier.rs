//! Messages to the service manager.

use std::io;

/// Whether this process was started by systemd as a service: `SYSTEMD_EXEC_PID` is its own process id, or
/// `NOTIFY_SOCKET` is set. The same test as .NET 11's, without its older guesses at the parent's name.
#[must_use]
#[doc(alias = "IsSystemdService")]
pub fn is_systemd_service() -> bool {
    if !cfg!(unix) {
        return false;
    }
    let started_by_systemd =
        std::env::var("SYSTEMD_EXEC_PID").is_ok_and(|id| id.parse() == Ok(std::process::id()));
    started_by_systemd || std::env::var_os("NOTIFY_SOCKET").is_some_and(|path| !path.is_empty())
}

/// Sends a message of `sd_notify(3)` to the service manager, such as `STATUS=serving 12 clients`. Does nothing where
/// `NOTIFY_SOCKET` is not set.
///
/// # Errors
///
/// The message could not be sent.
pub fn notify(state: &str) -> io::Result<()> {
    send(state)
}

/// All hosted services have been started.
pub(crate) fn ready() {
    report("READY=1");
}

/// The host has been asked to stop.
pub(crate) fn stopping() {
    report("STOPPING=1");
}

fn report(state: &str) {
    if let Err(error) = send(state) {
        tracing::warn!(
            error = &error as &(dyn std::error::Error + 'static),
            "systemd could not be told {state}"
        );
    }
}

#[cfg(unix)]
fn send(state: &str) -> io::Result<()> {
    sd_notify::notify(&[sd_notify::NotifyState::Custom(state)])
}

#[cfg(not(unix))]
fn send(_state: &str) -> io::Result<()> {
    Ok(())
}

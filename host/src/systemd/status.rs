//! What `systemctl status` shows.

use std::sync::{Mutex, PoisonError};

use super::notifier::{is_enabled, tell};
use crate::services::ShortName;

/// What the process says of itself once it runs.
static RUNNING: Mutex<Running> = Mutex::new(Running {
    is_running: false,
    listening: Vec::new(),
});

struct Running {
    is_running: bool,
    listening: Vec<String>,
}

/// Says what the application listens on, for the status line; in place of what was said before. For servers.
pub fn report_listening(addresses: &[String]) {
    let is_running = {
        let mut running = running_state();
        running.listening = addresses.to_vec();
        running.is_running
    };
    if is_running {
        report(line);
    }
}

/// The status of an application that runs, and goes on to be its status until something else is reported.
pub(super) fn running() -> String {
    running_state().is_running = true;
    line()
}

/// Reports a status, which is put together only where somebody reads it.
pub(crate) fn report(text: impl FnOnce() -> String) {
    if is_enabled() {
        tell(&format!("STATUS={}", text()));
    }
}

/// `Starting Worker (2 of 5)`.
pub(crate) fn one_of(doing: &str, service: &str, at: usize, all: usize) -> String {
    running_state().is_running = false;
    format!("{doing} {} ({at} of {all})", ShortName(service))
}

fn line() -> String {
    let running = running_state();
    if running.listening.is_empty() {
        "Running".to_owned()
    } else {
        format!("Running, listening on {}", running.listening.join(", "))
    }
}

fn running_state() -> std::sync::MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

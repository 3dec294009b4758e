//! Signals that ask the application to stop.
//!
//! SIGINT, SIGTERM and SIGQUIT (elsewhere than on Unix: Ctrl+C and Ctrl+Break) stop every host that has been started,
//! gracefully. A second SIGINT ends the process at once. SIGHUP has them reload, except in a process whose standard input
//! is a terminal: there it means that the terminal is gone. They are waited for on a thread of their own with a runtime of its own, so
//! that this holds even while services block every worker of the application's runtime, or after that has ended.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

use super::lifetime::ApplicationLifetime;
use super::reload::Reload;

/// The hosts to stop, and whether the thread is there.
static HOSTS: Mutex<Hosts> = Mutex::new(Hosts {
    listening: false,
    interrupted: false,
    next_id: 0,
    list: Vec::new(),
});

struct Hosts {
    listening: bool,
    /// Whether a SIGINT came since the last host was registered.
    interrupted: bool,
    next_id: u64,
    list: Vec<Listening>,
}

struct Listening {
    id: u64,
    lifetime: ApplicationLifetime,
    #[cfg_attr(not(unix), allow(dead_code, reason = "only SIGHUP asks for it"))]
    reload: Arc<Reload>,
    runtime: Handle,
}

/// A host that signals stop; no longer when this is dropped.
#[derive(Debug)]
pub(crate) struct StopOnSignals {
    id: u64,
}

impl StopOnSignals {
    /// Has signals stop and reload this application from now on. Must be called within the runtime that runs it.
    pub(crate) fn register(lifetime: &ApplicationLifetime, reload: Reload) -> io::Result<Self> {
        let mut hosts = hosts();
        if !hosts.listening {
            listen()?;
            hosts.listening = true;
        }
        hosts.interrupted = false;
        let id = hosts.next_id;
        hosts.next_id += 1;
        hosts.list.push(Listening {
            id,
            lifetime: lifetime.clone(),
            reload: Arc::new(reload),
            runtime: Handle::current(),
        });
        Ok(Self { id })
    }
}

impl Drop for StopOnSignals {
    fn drop(&mut self) {
        hosts().list.retain(|host| host.id != self.id);
    }
}

fn hosts() -> std::sync::MutexGuard<'static, Hosts> {
    HOSTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What SIGINT does.
fn interrupt() {
    if std::mem::replace(&mut hosts().interrupted, true) {
        std::process::exit(INTERRUPTED);
    }
    stop(INTERRUPTED);
}

/// What a signal does; `exit_code` is what the process would end with if nobody handled it.
fn stop(exit_code: i32) {
    let hosts = hosts();
    if hosts.list.is_empty() {
        std::process::exit(exit_code);
    }
    for host in &hosts.list {
        // Callbacks run in the application's runtime, and not on this thread, which has to see the next signal.
        let lifetime = host.lifetime.clone();
        host.runtime
            .spawn_blocking(move || lifetime.stop_application());
    }
}

/// What SIGHUP does.
#[cfg(unix)]
fn reload() {
    let hosts = hosts();
    if hosts.list.is_empty() {
        std::process::exit(128 + 1);
    }
    for host in &hosts.list {
        host.runtime.spawn(host.reload.clone().when_started());
    }
}

const INTERRUPTED: i32 = 128 + 2;

#[cfg(unix)]
fn listen() -> io::Result<()> {
    use std::io::IsTerminal;

    use tokio::signal::unix::{SignalKind, signal};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let entered = runtime.enter();
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut quits = signal(SignalKind::quit())?;
    let mut hang_ups = match io::stdin().is_terminal() {
        true => None,
        false => Some(signal(SignalKind::hangup())?),
    };
    drop(entered);
    let wait = async move {
        loop {
            let hang_up = async {
                match &mut hang_ups {
                    Some(signals) => signals.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = interrupts.recv() => interrupt(),
                _ = terminations.recv() => stop(128 + 15),
                _ = quits.recv() => stop(128 + 3),
                _ = hang_up => reload(),
            }
        }
    };
    spawn(move || runtime.block_on(wait))
}

#[cfg(windows)]
fn listen() -> io::Result<()> {
    use tokio::signal::windows::{ctrl_break, ctrl_c};

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let entered = runtime.enter();
    let mut interrupts = ctrl_c()?;
    let mut breaks = ctrl_break()?;
    drop(entered);
    let wait = async move {
        loop {
            tokio::select! {
                _ = interrupts.recv() => interrupt(),
                _ = breaks.recv() => stop(128 + 3),
            }
        }
    };
    spawn(move || runtime.block_on(wait))
}

#[cfg(not(any(unix, windows)))]
fn listen() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let wait = async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            interrupt();
        }
    };
    spawn(move || runtime.block_on(wait))
}

fn spawn(wait: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(wait)
        .map(drop)
}

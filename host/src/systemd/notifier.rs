//! Messages to the service manager.

use std::ffi::OsString;
use std::io;
use std::sync::OnceLock;

use super::status;

/// What the environment said when it was first looked at.
static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();

struct Environment {
    notify_socket: Option<OsString>,
    is_service: bool,
}

fn environment() -> &'static Environment {
    ENVIRONMENT.get_or_init(|| {
        let notify_socket =
            std::env::var_os("NOTIFY_SOCKET").filter(|path| cfg!(unix) && !path.is_empty());
        let started_by_systemd = cfg!(unix)
            && std::env::var("SYSTEMD_EXEC_PID")
                .is_ok_and(|id| id.parse() == Ok(std::process::id()));
        Environment {
            is_service: started_by_systemd || notify_socket.is_some(),
            notify_socket,
        }
    })
}

/// From now on children of the process do not inherit what is meant for it alone.
pub(crate) fn take_from_environment() {
    if environment().notify_socket.is_some() {
        // Its value has been kept above.
        let _ = campanile_host_environment::take("NOTIFY_SOCKET");
    }
    super::sockets::take_from_environment();
}

/// Whether this process was started by systemd as a service: `SYSTEMD_EXEC_PID` is its own process id, or
/// `NOTIFY_SOCKET` is set. The same test as .NET 11's, without its older guesses at the parent's name. It is made once.
#[must_use]
#[doc(alias = "IsSystemdService")]
pub fn is_systemd_service() -> bool {
    environment().is_service
}

/// Sends a message of `sd_notify(3)` to the service manager, such as `STATUS=serving 12 clients`. Does nothing where
/// there is no `NOTIFY_SOCKET`.
///
/// # Errors
///
/// The message could not be sent.
pub fn notify(state: &str) -> io::Result<()> {
    match &environment().notify_socket {
        Some(socket) => send(socket, &format!("{state}\n")),
        None => Ok(()),
    }
}

/// Whether anybody listens.
pub(crate) fn is_enabled() -> bool {
    environment().notify_socket.is_some()
}

/// All hosted services have been started, or a reload is over.
pub(crate) fn ready() {
    if is_enabled() {
        tell(&format!("READY=1\nSTATUS={}", status::running()));
    }
}

/// The configuration is being read again.
#[cfg_attr(not(unix), allow(dead_code, reason = "only SIGHUP asks for it"))]
pub(crate) fn reloading() {
    #[cfg(unix)]
    if is_enabled()
        && let Ok(now) = sd_notify::NotifyState::monotonic_usec_now()
    {
        tell(&format!(
            "RELOADING=1\n{now}\nSTATUS=Reading the configuration again"
        ));
    }
}

/// The host has been asked to stop.
pub(crate) fn stopping() {
    tell("STOPPING=1");
}

/// Sends a message; says so in the log if that fails.
pub(super) fn tell(state: &str) {
    if let Err(error) = notify(state) {
        tracing::warn!(
            error = &error as &(dyn std::error::Error + 'static),
            "systemd could not be told {}",
            state.lines().next().unwrap_or_default()
        );
    }
}

#[cfg(unix)]
fn send(path: &std::ffi::OsStr, message: &str) -> io::Result<()> {
    let socket = std::os::unix::net::UnixDatagram::unbound()?;
    connect(&socket, path)?;
    socket.send(message.as_bytes()).map(drop)
}

#[cfg(target_os = "linux")]
fn connect(socket: &std::os::unix::net::UnixDatagram, path: &std::ffi::OsStr) -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::net::SocketAddr;

    match path.as_bytes().strip_prefix(b"@") {
        Some(name) => socket.connect_addr(&SocketAddr::from_abstract_name(name)?),
        None => socket.connect(path),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn connect(socket: &std::os::unix::net::UnixDatagram, path: &std::ffi::OsStr) -> io::Result<()> {
    socket.connect(path)
}

#[cfg(not(unix))]
fn send(_path: &std::ffi::OsStr, _message: &str) -> io::Result<()> {
    Ok(())
}

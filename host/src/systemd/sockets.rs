//! Sockets that systemd listens on for the service.

use std::io;
use std::sync::{Mutex, PoisonError};

/// A listening socket that systemd has opened, blocking as it comes.
#[derive(Debug)]
#[non_exhaustive]
pub enum PassedSocket {
    /// `ListenStream=` with a port.
    Tcp(std::net::TcpListener),
    /// `ListenStream=` with a path.
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// What was passed, until it is taken.
struct Passed {
    #[cfg(unix)]
    descriptors: listenfd::ListenFd,
    names: Vec<Option<String>>,
}

/// `None` until the environment has been looked at.
static PASSED: Mutex<Option<Passed>> = Mutex::new(None);

/// The names of the sockets that were passed and not yet taken, `FileDescriptorName=` in their unit: without that the name
/// of the unit, such as `clock.socket`.
#[must_use]
pub fn passed_names() -> Vec<String> {
    with(|passed| passed.names.iter().flatten().cloned().collect())
}

/// Takes the sockets of that name; none if there is none. A name may stand for several: a unit with several `ListenStream=`
/// passes them all under one.
///
/// systemd keeps listening while the service is restarted: clients that connect meanwhile wait, and none is refused.
///
/// # Errors
///
/// A descriptor of that name is not a listening stream socket.
#[doc(alias = "LISTEN_FDS")]
pub fn take_sockets(name: &str) -> io::Result<Vec<PassedSocket>> {
    with(|passed| passed.take(name))
}

/// From now on children of the process do not inherit what was passed to it.
pub(super) fn take_from_environment() {
    with(|_| {});
}

fn with<T>(act: impl FnOnce(&mut Passed) -> T) -> T {
    let mut passed = PASSED.lock().unwrap_or_else(PoisonError::into_inner);
    act(passed.get_or_insert_with(Passed::from_environment))
}

#[cfg(unix)]
impl Passed {
    fn from_environment() -> Self {
        // Read first: both are gone once the descriptors have been taken.
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let descriptors = listenfd::ListenFd::from_env();
        if descriptors.len() > 0 {
            let _ = campanile_host_environment::take("LISTEN_FDNAMES");
        }
        let mut names = names.split(':').filter(|name| !name.is_empty());
        Self {
            names: (0..descriptors.len())
                .map(|_| Some(names.next().unwrap_or("unknown").to_owned()))
                .collect(),
            descriptors,
        }
    }

    fn take(&mut self, name: &str) -> io::Result<Vec<PassedSocket>> {
        let mut taken = Vec::new();
        for (at, slot) in self.names.iter_mut().enumerate() {
            if slot.as_deref() != Some(name) {
                continue;
            }
            *slot = None;
            // Each is asked what it is; what it is not stays where it is.
            let socket = match self.descriptors.take_tcp_listener(at) {
                Ok(tcp) => tcp.map(PassedSocket::Tcp),
                Err(_) => self
                    .descriptors
                    .take_unix_listener(at)?
                    .map(PassedSocket::Unix),
            };
            taken.extend(socket);
        }
        Ok(taken)
    }
}

#[cfg(not(unix))]
impl Passed {
    fn from_environment() -> Self {
        Self { names: Vec::new() }
    }

    fn take(&mut self, _name: &str) -> io::Result<Vec<PassedSocket>> {
        Ok(Vec::new())
    }
}

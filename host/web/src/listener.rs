//! Binding addresses.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use campanile_host::systemd::PassedSocket;
use socket2::{Domain, Protocol, Type};
use tokio::net::TcpListener;

use crate::address::{Address, Target};
use crate::limits::BACKLOG;
use crate::remote_address::RemoteAddress;
use crate::stream::Socket;
#[cfg(unix)]
use crate::unix_socket::UnixSocket;

/// One listening socket. Dropping it closes it, and takes a Unix socket's file away.
#[derive(Debug)]
pub(crate) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixSocket),
}

impl Listener {
    /// Waits for a connection.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost.
    pub(crate) async fn accept(&self) -> io::Result<(Socket, RemoteAddress)> {
        match self {
            Self::Tcp(listener) => {
                let (socket, remote) = listener.accept().await?;
                // On Linux the listener's option is inherited, which saves a call for each connection.
                #[cfg(not(target_os = "linux"))]
                socket.set_nodelay(true)?;
                Ok((Socket::Tcp(socket), RemoteAddress::tcp(remote)))
            }
            #[cfg(unix)]
            Self::Unix(socket) => {
                let socket = socket.accept().await?;
                Ok((Socket::Unix(socket), RemoteAddress::unix()))
            }
        }
    }

    fn tcp(socket: SocketAddr, dual: bool) -> io::Result<Self> {
        let listener = socket2::Socket::new(
            Domain::for_address(socket),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        listener.set_nonblocking(true)?;
        if socket.is_ipv6() {
            listener.set_only_v6(!dual)?;
        }
        // Not on Windows, where the option lets two programs have one port.
        #[cfg(unix)]
        listener.set_reuse_address(true)?;
        listener.set_tcp_nodelay(true)?;
        listener.bind(&socket.into())?;
        listener.listen(BACKLOG)?;
        TcpListener::from_std(listener.into()).map(Self::Tcp)
    }

    /// One that systemd has opened.
    fn passed(socket: PassedSocket) -> io::Result<Self> {
        match socket {
            PassedSocket::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                let listener = socket2::Socket::from(listener);
                listener.set_tcp_nodelay(true)?;
                TcpListener::from_std(listener.into()).map(Self::Tcp)
            }
            #[cfg(unix)]
            PassedSocket::Unix(listener) => UnixSocket::passed(listener).map(Self::Unix),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Where it listens.
    fn target(&self) -> io::Result<Target> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Target::Ip),
            #[cfg(unix)]
            Self::Unix(socket) => Ok(Target::Unix(socket.path().to_owned())),
        }
    }

    fn port(&self) -> io::Result<u16> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(|it| it.port()),
            #[cfg(unix)]
            Self::Unix(_) => Ok(0),
        }
    }
}

/// An address that is listened on.
#[derive(Debug)]
pub(crate) struct Bound {
    /// As it is told, with the real port.
    pub(crate) address: Address,
    pub(crate) listeners: Vec<Listener>,
}

impl Bound {
    /// Takes sockets that systemd has opened in place of an address.
    pub(crate) fn passed(wanted: &Address, sockets: Vec<PassedSocket>) -> io::Result<Self> {
        let listeners: io::Result<Vec<_>> = sockets.into_iter().map(Listener::passed).collect();
        let listeners = listeners?;
        let mut address = wanted.clone();
        if let Some(first) = listeners.first() {
            address.target = first.target()?;
        }
        Ok(Self { address, listeners })
    }
}

impl Address {
    /// Binds the address.
    pub(crate) fn bind(&self) -> io::Result<Bound> {
        let mut address = self.clone();
        let listeners = match &self.target {
            Target::Ip(socket) => vec![Listener::tcp(*socket, socket.ip().is_unspecified())?],
            Target::Any { port } => {
                match Listener::tcp((Ipv6Addr::UNSPECIFIED, *port).into(), true) {
                    Ok(listener) => vec![listener],
                    Err(error) if no_such_family(&error) => {
                        let socket = (Ipv4Addr::UNSPECIFIED, *port).into();
                        address.target = Target::Ip(socket);
                        vec![Listener::tcp(socket, false)?]
                    }
                    Err(error) => return Err(error),
                }
            }
            Target::Loopback { port, .. } => loopback(self, *port)?,
            #[cfg(unix)]
            Target::Unix(path) => vec![Listener::Unix(UnixSocket::bind(path)?)],
            #[cfg(not(unix))]
            Target::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
        };
        // There is always a first.
        if let Some(first) = listeners.first() {
            address = address.with_port(first.port()?);
        }
        Ok(Bound { address, listeners })
    }
}

/// Both loopback addresses, or the one that the machine has. Port 0 takes one that is free on both.
fn loopback(address: &Address, port: u16) -> io::Result<Vec<Listener>> {
    // Somebody may have the port on IPv6 that was free on IPv4.
    const ATTEMPTS: u32 = 16;
    let mut attempt = 1;
    loop {
        let v4 = match Listener::tcp((Ipv4Addr::LOCALHOST, port).into(), false) {
            Ok(listener) => Some(listener),
            Err(error) if no_such_family(&error) => {
                one_family(address, "IPv4", &error);
                None
            }
            Err(error) => return Err(error),
        };
        let chosen = v4.as_ref().map_or(Ok(port), Listener::port)?;
        match Listener::tcp((Ipv6Addr::LOCALHOST, chosen).into(), false) {
            Ok(v6) => return Ok(v4.into_iter().chain([v6]).collect()),
            Err(error) if no_such_family(&error) => {
                one_family(address, "IPv6", &error);
                return v4.map(|v4| vec![v4]).ok_or(error);
            }
            Err(error)
                if port == 0 && error.kind() == io::ErrorKind::AddrInUse && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

fn one_family(address: &Address, family: &str, error: &io::Error) {
    tracing::info!(
        target: "Microsoft.AspNetCore.Server.Kestrel",
        "Unable to bind to {address} on the {family} loopback interface: '{error}'."
    );
}

/// Whether the machine has no addresses of that family, or not this one of them.
fn no_such_family(error: &io::Error) -> bool {
    // std has no kind for EAFNOSUPPORT.
    #[cfg(unix)]
    const UNSUPPORTED: i32 = if cfg!(target_os = "linux") { 97 } else { 47 };
    #[cfg(not(unix))]
    const UNSUPPORTED: i32 = 10047;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(UNSUPPORTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(url: &str) -> io::Result<Bound> {
        url.parse::<Address>().unwrap().bind()
    }

    #[tokio::test]
    async fn port_0_is_told_as_the_real_one() {
        for (url, listeners) in [
            ("http://127.0.0.1:0", 1),
            ("http://*:0", 1),
            (
                "http://localhost:0",
                if bind("http://[::1]:0").is_ok() { 2 } else { 1 },
            ),
        ] {
            let bound = bind(url).unwrap();
            assert_ne!(bound.listeners[0].port().unwrap(), 0);
            assert!(
                !bound.address.to_string().ends_with(":0"),
                "{url}: {}",
                bound.address
            );
            assert_eq!(bound.listeners.len(), listeners);
        }
    }

    #[tokio::test]
    async fn a_taken_port_is_refused_and_nothing_stays_bound() {
        let taken = bind("http://[::1]:0")
            .or_else(|_| bind("http://127.0.0.1:0"))
            .unwrap();
        let port = taken.listeners[0].port().unwrap();
        let error = bind(&format!("http://localhost:{port}")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(taken);
        bind(&format!("http://localhost:{port}")).unwrap();
    }

    #[tokio::test]
    async fn all_interfaces_means_both_families() {
        let bound = bind("http://*:0").unwrap();
        let port = bound.listeners[0].port().unwrap();
        let connecting = tokio::net::TcpStream::connect(("127.0.0.1", port));
        let (accepted, connected) = tokio::join!(bound.listeners[0].accept(), connecting);
        let (Socket::Tcp(socket), remote) = accepted.unwrap() else {
            unreachable!("TCP")
        };
        assert!(socket.nodelay().unwrap());
        assert_eq!(
            remote.socket_address(),
            Some(connected.unwrap().local_addr().unwrap())
        );
    }
}

//! Who sends a request.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Where a request comes from. In every request's extensions.
#[doc(alias = "RemoteIpAddress")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RemoteAddress(Option<SocketAddr>);

impl RemoteAddress {
    /// Of a TCP connection. An IPv4 client of a socket of both families has its IPv4 address.
    #[must_use]
    pub fn tcp(address: SocketAddr) -> Self {
        Self(Some(SocketAddr::new(
            address.ip().to_canonical(),
            address.port(),
        )))
    }

    /// Of a connection through a Unix socket.
    #[must_use]
    pub const fn unix() -> Self {
        Self(None)
    }

    /// The address and port; none behind a Unix socket.
    #[must_use]
    pub const fn socket_address(&self) -> Option<SocketAddr> {
        self.0
    }

    /// The IP address; none behind a Unix socket.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.map(|it| it.ip())
    }
}

impl fmt::Display for RemoteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unix"),
        }
    }
}

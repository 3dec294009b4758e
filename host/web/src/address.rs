//! What may be written where a URL to listen on is wanted.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// An address to listen on, as Kestrel reads it from a URL.
///
/// | URL | listens on |
/// | --- | --- |
/// | `http://127.0.0.1:5000`, `http://[::1]:5000` | that IP address |
/// | `http://localhost:5000`, `http://bell.localhost:5000` | the loopback addresses of IPv4 and IPv6 |
/// | `http://*:5000`, `http://+:5000`, `http://example.com:5000` | all interfaces, IPv4 and IPv6: a host name is **not** resolved |
/// | `http://unix:/run/bell.sock` | a Unix socket |
///
/// Without a port it is 80, or 443 for `https`. Port 0 takes a free one. A path, a query and a user name are refused.
/// Stricter than Kestrel, which takes what it cannot read as a port for a part of the host name, and so listens on all
/// interfaces: a port that is no number is an error here, and so is a host name that cannot be one.
///
/// ```
/// use campanile_web::Address;
///
/// let address: Address = "http://127.0.0.1:5000/".parse()?;
/// assert_eq!(address.to_string(), "http://127.0.0.1:5000");
/// assert!("127.0.0.1:5000".parse::<Address>().is_err());
/// # Ok::<(), campanile_web::AddressError>(())
/// ```
#[doc(alias = "BindingAddress")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    pub(crate) scheme: Scheme,
    pub(crate) target: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    Ip(SocketAddr),
    /// Both loopback addresses; the name is `localhost`, or one below it.
    Loopback {
        name: String,
        port: u16,
    },
    /// All interfaces, of both families.
    Any {
        port: u16,
    },
    Unix(PathBuf),
}

/// Why a text is no URL to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// There is no `://` in it.
    #[error("'{url}' is not a URL: wanted http://HOST:PORT, found no '://'")]
    NoScheme {
        /// The text.
        url: String,
    },
    /// The scheme is none that this server speaks.
    #[error("'{url}' has the scheme '{scheme}': only http:// and https:// can be listened on")]
    UnknownScheme {
        /// The text.
        url: String,
        /// What stands before the `://`.
        scheme: String,
    },
    /// There is something behind the port.
    #[error("'{url}' has the path '{path}': wanted http://HOST:PORT and nothing behind it")]
    Path {
        /// The text.
        url: String,
        /// What has to go.
        path: String,
    },
    /// The port is not one.
    #[error("'{url}' has the port '{port}': wanted a number from 0 (any free port) to 65535")]
    Port {
        /// The text.
        url: String,
        /// What stands where the port is wanted.
        port: String,
    },
    /// The host is missing, or cannot be one.
    #[error(
        "'{url}' has the host '{host}': wanted an IP address (IPv6 in brackets), localhost, or * for all interfaces"
    )]
    Host {
        /// The text.
        url: String,
        /// What stands where the host is wanted.
        host: String,
    },
}

impl Address {
    /// The address that is listened on where nothing is configured: `http://localhost:5000`.
    #[must_use]
    pub fn default_address() -> Self {
        let name = "localhost".to_owned();
        Self {
            scheme: Scheme::Http,
            target: Target::Loopback { name, port: 5000 },
        }
    }

    /// Of a socket that systemd passes, before it is there.
    pub(crate) fn passed(is_https: bool) -> Self {
        Self {
            scheme: if is_https {
                Scheme::Https
            } else {
                Scheme::Http
            },
            target: Target::Any { port: 0 },
        }
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The same address with the port that was really bound.
    pub(crate) fn with_port(&self, bound: u16) -> Self {
        let mut address = self.clone();
        match &mut address.target {
            Target::Ip(socket) => socket.set_port(bound),
            Target::Loopback { port, .. } | Target::Any { port } => *port = bound,
            Target::Unix(_) => {}
        }
        address
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = || text.to_owned();
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(AddressError::NoScheme { url: url() });
        };
        let scheme = match scheme {
            it if it.eq_ignore_ascii_case("http") => Scheme::Http,
            it if it.eq_ignore_ascii_case("https") => Scheme::Https,
            other => {
                return Err(AddressError::UnknownScheme {
                    url: url(),
                    scheme: other.to_owned(),
                });
            }
        };
        if let Some(path) = rest.strip_prefix("unix:") {
            return unix(text, path).map(|target| Self { scheme, target });
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if !matches!(path, "" | "/") {
            return Err(AddressError::Path {
                url: url(),
                path: path.to_owned(),
            });
        }
        let (host, port) = split_port(authority);
        let port = match port {
            None if scheme == Scheme::Http => 80,
            None => 443,
            // `parse` alone would take a sign.
            Some(digits) => digits
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| digits.parse().ok())
                .flatten()
                .ok_or_else(|| AddressError::Port {
                    url: url(),
                    port: digits.to_owned(),
                })?,
        };
        let target = host_target(host, port).ok_or_else(|| AddressError::Host {
            url: url(),
            host: host.to_owned(),
        })?;
        Ok(Self { scheme, target })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.scheme {
            Scheme::Http => "http://",
            Scheme::Https => "https://",
        })?;
        match &self.target {
            Target::Ip(socket) => write!(f, "{socket}"),
            Target::Loopback { name, port } => write!(f, "{name}:{port}"),
            Target::Any { port } => write!(f, "[::]:{port}"),
            Target::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The path of a socket; Kestrel allows a `:` behind it, which ends it.
fn unix(url: &str, path: &str) -> Result<Target, AddressError> {
    let (path, rest) = path.split_once(':').unwrap_or((path, ""));
    if !matches!(rest, "" | "/") {
        return Err(AddressError::Path {
            url: url.to_owned(),
            path: rest.to_owned(),
        });
    }
    if !path.starts_with('/') || path.ends_with('/') {
        return Err(AddressError::Host {
            url: url.to_owned(),
            host: format!("unix:{path}"),
        });
    }
    Ok(Target::Unix(PathBuf::from(path)))
}

/// Takes the last `:` that is not inside an IPv6 address's brackets for the one before the port.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let behind = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    match authority[behind..].rfind(':') {
        Some(colon) => {
            let (host, port) = authority.split_at(behind + colon);
            (host, Some(&port[1..]))
        }
        None => (authority, None),
    }
}

fn host_target(host: &str, port: u16) -> Option<Target> {
    if let Some(inside) = host.strip_prefix('[') {
        let ip = inside.strip_suffix(']')?.parse().ok()?;
        return Some(Target::Ip(SocketAddr::new(IpAddr::V6(ip), port)));
    }
    if let Ok(ip) = host.parse() {
        return Some(Target::Ip(SocketAddr::new(IpAddr::V4(ip), port)));
    }
    let lower = host.to_ascii_lowercase();
    if lower == "localhost" || (lower.ends_with(".localhost") && is_name(&lower)) {
        let name = host.to_owned();
        return Some(Target::Loopback { name, port });
    }
    (matches!(host, "*" | "+") || is_name(host)).then_some(Target::Any { port })
}

/// Whether a text can be a host name, perhaps with `*` for its first label. Four numbers are an IP address that is none.
fn is_name(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    let characters = |label: &str| {
        label
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let named = name.split('.').all(|l| !l.is_empty() && characters(l));
    named && name.chars().any(|c| c != '.' && !c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        match url.parse::<Address>() {
            Ok(address) => address.to_string(),
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    fn urls_are_read_as_kestrel_reads_them() {
        for (url, expected) in [
            ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("HTTP://127.0.0.1:5000/", "http://127.0.0.1:5000"),
            ("http://127.0.0.1", "http://127.0.0.1:80"),
            ("https://127.0.0.1", "https://127.0.0.1:443"),
            ("http://[::1]:5000", "http://[::1]:5000"),
            ("http://[::]", "http://[::]:80"),
            ("http://0.0.0.0:1", "http://0.0.0.0:1"),
            ("http://localhost:5000", "http://localhost:5000"),
            ("http://bell.localhost:5000", "http://bell.localhost:5000"),
            ("http://*:5000", "http://[::]:5000"),
            ("http://+:5000", "http://[::]:5000"),
            ("http://example.com:5000", "http://[::]:5000"),
            ("http://*.example.com:5000", "http://[::]:5000"),
            ("http://unix:/run/bell.sock", "http://unix:/run/bell.sock"),
            ("http://unix:/run/bell.sock:/", "http://unix:/run/bell.sock"),
        ] {
            assert_eq!(shown(url), expected, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_says_what_was_wanted() {
        for (url, expected) in [
            ("127.0.0.1:5000", "found no '://'"),
            ("ftp://127.0.0.1:5000", "the scheme 'ftp'"),
            ("http://127.0.0.1:5000/base", "the path '/base'"),
            ("http://127.0.0.1:5000?x", "the path '?x'"),
            ("http://127.0.0.1:70000", "the port '70000'"),
            ("http://127.0.0.1:abc", "the port 'abc'"),
            ("http://127.0.0.1:+1", "the port '+1'"),
            ("http://127.0.0.1:", "the port ''"),
            ("http://:5000", "the host ''"),
            ("http://::1:5000", "the host '::1'"),
            ("http://[::1:5000", "the host '[::1'"),
            ("http://[nonsense]:5000", "the host '[nonsense]'"),
            ("http://300.1.1.1:5000", "the host '300.1.1.1'"),
            ("http://me@example.com:5000", "the host 'me@example.com'"),
            ("http://a b:5000", "the host 'a b'"),
            ("http://.localhost:5000", "the host '.localhost'"),
            ("http://unix:bell.sock", "the host 'unix:bell.sock'"),
            ("http://unix:/run/", "the host 'unix:/run/'"),
            ("http://", "the host ''"),
        ] {
            let found = shown(url);
            assert!(found.contains(expected), "{url}: {found}");
            assert!(found.contains(&format!("'{url}'")), "{url}: {found}");
        }
    }
}

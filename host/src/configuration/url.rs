//! URLs as settings.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::debug_view::password_in_url;

/// An absolute URL, as a setting: `https://example.org/hubs`, `redis://localhost:6379/0`, `unix:/run/clock.sock`.
///
/// It is checked, and kept as it is written: a scheme, then a host (perhaps with user and port) if `//` follows, then
/// anything without spaces. `Debug` hides a password; who connects takes [`as_str`](Self::as_str).
///
/// ```
/// use campanile_host::configuration::Url;
///
/// let url: Url = "redis://me:secret@localhost:6379/0".parse()?;
/// assert_eq!((url.scheme(), url.host(), url.port()), ("redis", Some("localhost"), Some(6379)));
/// assert_eq!(format!("{url:?}"), "redis://me:***@localhost:6379/0");
/// # Ok::<(), campanile_host::configuration::UrlError>(())
/// ```
#[doc(alias = "Uri")]
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Url {
    text: String,
}

const WANTED: &str = "an absolute URL such as https://example.org/path";

/// A text is no [`Url`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("wanted {WANTED}: {reason}")]
pub struct UrlError {
    reason: &'static str,
}

impl Url {
    /// The whole URL as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is before the first colon: `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.split().0
    }

    /// The host, if there is one; an IPv6 address in its brackets.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        let (host, _) = host_and_port(self.authority()?);
        Some(host).filter(|host| !host.is_empty())
    }

    /// The port, if one is written.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        host_and_port(self.authority()?).1?.parse().ok()
    }

    /// What is behind the host, with query and fragment; perhaps nothing.
    #[must_use]
    pub fn path(&self) -> &str {
        let rest = self.split().1;
        match rest.strip_prefix("//") {
            Some(rest) => &rest[authority_length(rest)..],
            None => rest,
        }
    }

    fn authority(&self) -> Option<&str> {
        let rest = self.split().1.strip_prefix("//")?;
        Some(&rest[..authority_length(rest)])
    }

    fn split(&self) -> (&str, &str) {
        self.text.split_once(':').unwrap_or((&self.text, ""))
    }
}

fn authority_length(rest: &str) -> usize {
    rest.find(['/', '?', '#']).unwrap_or(rest.len())
}

/// Without the user before them.
fn host_and_port(authority: &str) -> (&str, Option<&str>) {
    let behind_user = authority.rfind('@').map_or(0, |at| at + 1);
    let authority = &authority[behind_user..];
    let behind_brackets = authority.rfind(']').unwrap_or(0);
    match authority[behind_brackets..].find(':') {
        Some(colon) => {
            let colon = behind_brackets + colon;
            (&authority[..colon], Some(&authority[colon + 1..]))
        }
        None => (authority, None),
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let refused = |reason| Err(UrlError { reason });
        let text = text.trim();
        let Some((scheme, rest)) = text.split_once(':') else {
            return refused("it has no scheme");
        };
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !is_scheme {
            return refused("it has no scheme");
        }
        if text.contains(|it: char| it.is_whitespace() || it.is_control()) {
            return refused("it has a space in it");
        }
        if rest.is_empty() {
            return refused("nothing follows the scheme");
        }
        let url = Self {
            text: text.to_owned(),
        };
        if let Some(authority) = url.authority() {
            let (host, port) = host_and_port(authority);
            if host.is_empty() && !scheme.eq_ignore_ascii_case("file") {
                return refused("it has no host");
            }
            if port.is_some_and(|port| port.parse::<u16>().is_err()) {
                return refused("its port is no number from 0 to 65535");
            }
        } else if ["http", "https", "ws", "wss"]
            .iter()
            .any(|web| scheme.eq_ignore_ascii_case(web))
        {
            return refused("'//' has to follow the scheme");
        }
        Ok(url)
    }
}

impl fmt::Display for Url {
    /// As it was written, with its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match password_in_url(&self.text) {
            Some((before, after)) => write!(f, "{before}***{after}"),
            None => f.write_str(&self.text),
        }
    }
}

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(UrlVisitor)
    }
}

impl Serialize for Url {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

struct UrlVisitor;

impl de::Visitor<'_> for UrlVisitor {
    type Value = Url;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(WANTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Url, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        for (text, scheme, host, port, path) in [
            (
                "https://example.org",
                "https",
                Some("example.org"),
                None,
                "",
            ),
            (
                " http://[::1]:80/a?b#c ",
                "http",
                Some("[::1]"),
                Some(80),
                "/a?b#c",
            ),
            (
                "amqp://u:p@h:1@host:5672",
                "amqp",
                Some("host"),
                Some(5672),
                "",
            ),
            ("unix:/run/a.sock", "unix", None, None, "/run/a.sock"),
            ("file:///etc/a", "file", None, None, "/etc/a"),
        ] {
            let url: Url = text.parse().unwrap();
            assert_eq!(
                (url.scheme(), url.host(), url.port(), url.path()),
                (scheme, host, port, path)
            );
            assert_eq!(url.as_str(), text.trim());
        }
    }

    #[test]
    fn what_is_none_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "no scheme"),
            ("example.org/a", "no scheme"),
            ("1a://b", "no scheme"),
            ("http:", "nothing follows"),
            ("http://", "no host"),
            ("http://:80", "no host"),
            ("http:example.org", "'//' has to follow"),
            ("http://a b", "a space"),
            ("http://a:b/", "port"),
            ("http://a:70000", "port"),
        ] {
            let error = text.parse::<Url>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}

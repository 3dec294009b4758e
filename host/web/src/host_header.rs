//! Whether a request says properly whom it is for.

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Method, Request, Version};

/// Whether a request of HTTP/1 has exactly one host, which is one, and the same as in its target, where that has one too.
/// HTTP/1.0 may go without. As Kestrel decides.
pub(crate) fn has_proper_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let Some(host) = hosts.next() else {
        return request.version() != Version::HTTP_11;
    };
    if hosts.next().is_some() || !is_host(host) {
        return false;
    }
    match request.uri().authority() {
        Some(authority) if request.method() != Method::CONNECT => {
            is_for(host, authority, request.uri().scheme())
        }
        _ => true,
    }
}

/// Whether it is empty, or a name or an address, with a port or without.
fn is_host(host: &HeaderValue) -> bool {
    let host = host.as_bytes();
    let (rest, of_name): (&[u8], fn(u8) -> bool) = match host {
        [] => return true,
        [b'[', rest @ ..] => (rest, |it| {
            it.is_ascii_hexdigit() || matches!(it, b':' | b'.')
        }),
        _ => (host, |it| {
            it.is_ascii_alphanumeric() || b"!$&'()-._~".contains(&it)
        }),
    };
    let end = rest.iter().position(|it| !of_name(*it));
    let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
    let after = match (host[0], after) {
        (b'[', [b']', after @ ..]) => after,
        (b'[', _) => return false,
        _ => after,
    };
    !name.is_empty()
        && match after {
            [] => true,
            [b':', port @ ..] => !port.is_empty() && port.iter().all(u8::is_ascii_digit),
            _ => false,
        }
}

/// Whether both are the same host and port; without one it is that of the scheme.
fn is_for(host: &HeaderValue, authority: &Authority, scheme: Option<&Scheme>) -> bool {
    // Who signs in this way is none of the host.
    let named = authority.as_str();
    let named = named.rsplit_once('@').map_or(named, |(_, it)| it);
    let port = if scheme == Some(&Scheme::HTTPS) {
        ":443"
    } else {
        ":80"
    };
    let same = |it: &str| it.strip_suffix(port).unwrap_or(it).to_ascii_lowercase();
    host.to_str().is_ok_and(|host| same(host) == same(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_what_kestrel_takes_for_one() {
        for host in [
            "",
            "a",
            "a:80",
            "A.example",
            "127.0.0.1",
            "[::1]",
            "[::1]:80",
            "[::ffff:1.2.3.4]",
            "!$&'()-._~",
        ] {
            assert!(is_host(&HeaderValue::from_static(host)), "{host}");
        }
        for host in [
            ":",
            ":80",
            "a:",
            "a:8x",
            "[::1]x",
            "[]",
            "[::1",
            "[g::1]",
            "[::1%25eth]",
            "a:b:80",
            "a b",
            "a/b",
            "a@b",
            "a,b",
            "a%41",
            "a*",
            "a;b",
        ] {
            assert!(!is_host(&HeaderValue::from_static(host)), "{host}");
        }
        assert!(!is_host(&HeaderValue::from_bytes(b"\xc3\xa4").unwrap()));
    }

    #[test]
    fn a_target_with_another_host_is_refused() {
        let proper = |target: &str, host: &str| {
            let request = Request::get(target).header(HOST, host);
            has_proper_host(&request.body(()).unwrap())
        };
        for (target, host) in [
            ("http://b/", "b"),
            ("http://B/", "b"),
            ("http://b:80/", "b"),
            ("http://b/", "b:80"),
            ("https://b/", "b:443"),
            ("http://b:81/", "b:81"),
            ("http://u@b/", "b"),
        ] {
            assert!(proper(target, host), "{target} for {host}");
        }
        for (target, host) in [
            ("http://b/", "a"),
            ("http://b/", ""),
            ("http://b:81/", "b"),
            ("https://b/", "b:80"),
        ] {
            assert!(!proper(target, host), "{target} for {host}");
        }
    }
}

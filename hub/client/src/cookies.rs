//! The cookies of a connection, kept and sent as RFC 6265 has it.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use cookie::{Cookie, Expiration};
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};

use crate::ClientError;
use crate::url::HubUrl;

/// As many as .NET's client keeps; then the oldest goes.
const MOST: usize = 300;

/// The longest name and value together, in bytes, as .NET's client keeps them.
const LONGEST: usize = 4096;

/// What servers have set, and what the user gave for the first of them.
pub(crate) struct CookieJar(Mutex<Vec<Kept>>);

#[derive(Debug, Clone)]
struct Kept {
    name: String,
    value: String,
    /// In lower case.
    domain: String,
    /// Whether hosts below the domain are sent it as well.
    below: bool,
    path: String,
    secure: bool,
    /// None for one that ends with the connection.
    expires: Option<SystemTime>,
}

/// Whether this can be a cookie that a user gives.
pub(crate) fn check(name: &str, value: &str) -> Result<(), ClientError> {
    let splits = |it: char| it.is_ascii_control() || it == ';';
    let spaced = |it: &str| it.trim() != it;
    let wrong = name.is_empty() || name.contains('=') || spaced(name) || spaced(value);
    if wrong || name.contains(splits) || value.contains(splits) {
        return Err(ClientError::Configuration(format!(
            "'{name}' and its value are not a cookie"
        )));
    }
    Ok(())
}

impl CookieJar {
    /// With the user's own, names and values, which go to the hub's host and to no other.
    pub(crate) fn new(hub: &HubUrl, own: &[(String, String)]) -> Self {
        let jar = Self(Mutex::default());
        for (name, value) in own {
            jar.keep(Kept {
                name: name.clone(),
                value: value.clone(),
                domain: hub.host.to_ascii_lowercase(),
                below: false,
                path: "/".to_owned(),
                secure: false,
                expires: None,
            });
        }
        jar
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what the answer of this URL sets, but for what it may not set.
    pub(crate) fn take(&self, url: &HubUrl, answer: &HeaderMap) {
        self.take_at(url, answer, SystemTime::now());
    }

    fn take_at(&self, url: &HubUrl, answer: &HeaderMap, now: SystemTime) {
        for header in answer.get_all(SET_COOKIE) {
            let text = std::str::from_utf8(header.as_bytes()).ok();
            let Some(cookie) = text.and_then(|it| Cookie::parse(it).ok()) else {
                continue;
            };
            let Some(kept) = Kept::of(&cookie, url, now) else {
                continue;
            };
            if kept.is_over(now) {
                self.lock().retain(|it| !it.is_same(&kept));
            } else {
                self.keep(kept);
            }
        }
    }

    fn keep(&self, new: Kept) {
        let mut all = self.lock();
        // It keeps its place: the order among equals is that in which they came first.
        if let Some(old) = all.iter_mut().find(|it| it.is_same(&new)) {
            *old = new;
            return;
        }
        if all.len() == MOST {
            all.remove(0);
        }
        all.push(new);
    }

    /// Adds to a request what is kept for its URL, behind the cookies that it has already.
    pub(crate) fn add_to(&self, url: &HubUrl, request: &mut HeaderMap) {
        self.add_at(url, request, SystemTime::now());
    }

    fn add_at(&self, url: &HubUrl, request: &mut HeaderMap, now: SystemTime) {
        let mut all = self.lock();
        all.retain(|it| !it.is_over(now));
        let mut fitting: Vec<_> = all.iter().filter(|it| it.goes_to(url)).collect();
        if fitting.is_empty() {
            return;
        }
        // Those of longer paths first, as the RFC wants it.
        fitting.sort_by_key(|it| std::cmp::Reverse(it.path.len()));
        let mut value = request
            .get(COOKIE)
            .map_or_else(Vec::new, |it| it.as_bytes().to_vec());
        for cookie in fitting {
            if !value.is_empty() {
                value.extend_from_slice(b"; ");
            }
            value.extend_from_slice(cookie.name.as_bytes());
            value.push(b'=');
            value.extend_from_slice(cookie.value.as_bytes());
        }
        drop(all);
        // All of it came out of headers, or was looked at when it was given.
        if let Ok(mut value) = HeaderValue::from_maybe_shared(bytes::Bytes::from(value)) {
            value.set_sensitive(true);
            request.insert(COOKIE, value);
        }
    }
}

impl Kept {
    /// What is to be kept of a cookie that the answer of this URL sets, where it may set it.
    fn of(cookie: &Cookie<'_>, url: &HubUrl, now: SystemTime) -> Option<Self> {
        let host = url.host.to_ascii_lowercase();
        let said = cookie.domain().map(str::to_ascii_lowercase);
        let (domain, below) = match said {
            None => (host, false),
            // An address has no hosts below it.
            Some(said) if said == host => (host, url.host.parse::<IpAddr>().is_err()),
            // No server speaks for all of `com`.
            Some(said) if is_below(&host, &said) && said.contains('.') => (said, true),
            Some(_) => return None,
        };
        let secure = cookie.secure().unwrap_or(false);
        if secure && !url.secure || cookie.name().len() + cookie.value().len() > LONGEST {
            return None;
        }
        let path = match cookie.path() {
            Some(path) if path.starts_with('/') => path,
            _ => folder(url.path()),
        };
        let max_age = cookie
            .max_age()
            .map(|it| Duration::try_from(it).unwrap_or_default());
        let expires = match (max_age, cookie.expires()) {
            // Beyond the end of time is as good as never.
            (Some(age), _) => now.checked_add(age),
            (None, Some(Expiration::DateTime(at))) => Some(at.into()),
            (None, _) => None,
        };
        Some(Self {
            name: cookie.name().to_owned(),
            value: cookie.value().to_owned(),
            domain,
            below,
            path: path.to_owned(),
            secure,
            expires,
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.domain, &self.path) == (&other.name, &other.domain, &other.path)
    }

    fn is_over(&self, now: SystemTime) -> bool {
        self.expires.is_some_and(|it| it <= now)
    }

    fn goes_to(&self, url: &HubUrl) -> bool {
        let host = url.host.to_ascii_lowercase();
        let at_home = host == self.domain || self.below && is_below(&host, &self.domain);
        at_home && (url.secure || !self.secure) && is_in(url.path(), &self.path)
    }
}

fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|it| it.ends_with('.') && host.parse::<IpAddr>().is_err())
}

/// The path up to its last slash, which a cookie without a path of its own is for.
fn folder(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> HubUrl {
        HubUrl::parse(text).unwrap()
    }

    fn jar() -> CookieJar {
        CookieJar::new(&url("http://h/"), &[])
    }

    fn set(jar: &CookieJar, from: &str, cookie: &str, now: SystemTime) {
        let mut answer = HeaderMap::new();
        answer.insert(SET_COOKIE, HeaderValue::from_str(cookie).unwrap());
        jar.take_at(&url(from), &answer, now);
    }

    fn sent(jar: &CookieJar, to: &str, now: SystemTime) -> String {
        let mut request = HeaderMap::new();
        jar.add_at(&url(to), &mut request, now);
        request
            .get(COOKIE)
            .map_or_else(String::new, |it| it.to_str().unwrap().to_owned())
    }

    #[test]
    fn where_a_cookie_goes() {
        #[rustfmt::skip]
        let cases = [
            ("http://a.b.example/hub/negotiate", "k=v", "http://a.b.example/hub?id=1", true),
            ("http://a.b.example/hub/negotiate", "k=v", "http://A.B.Example:81/hub/more", true),
            ("http://a.b.example/hub/negotiate", "k=v", "http://a.b.example/hubs", false),
            ("http://a.b.example/hub/negotiate", "k=v", "http://a.b.example/", false),
            ("http://a.b.example/hub/negotiate", "k=v", "http://other.example/hub", false),
            ("http://a.b.example/hub/negotiate", "k=v", "http://c.a.b.example/hub", false),
            ("http://a.b.example/negotiate", "k=v", "http://a.b.example/", true),
            ("http://a.b.example/hub/negotiate", "k=v; Path=/", "http://a.b.example/x", true),
            ("http://a.b.example/hub/negotiate", "k=v; Path=odd", "http://a.b.example/hub", true),
            ("http://a.b.example/x/y", "k=v; Domain=.b.example; Path=/x/", "http://c.b.example/x/z", true),
            ("http://a.b.example/x/y", "k=v; Domain=B.example", "http://b.example/x", true),
            ("http://a.b.example/x/y", "k=v; Domain=b.example", "http://ab.example/x", false),
            ("http://a.b.example/x", "k=v; Domain=example", "http://a.b.example/x", false),
            ("http://a.b.example/x", "k=v; Domain=c.example", "http://c.example/x", false),
            ("http://a.b.example/x", "k=v; Domain=c.a.b.example", "http://a.b.example/x", false),
            ("http://localhost/x", "k=v; Domain=localhost", "http://localhost/x", true),
            ("http://10.0.0.1/x", "k=v; Domain=0.0.1", "http://10.0.0.1/x", false),
            ("http://10.0.0.1/x", "k=v; Domain=10.0.0.1", "http://10.0.0.1/x", true),
            ("http://[::1]/x", "k=v", "http://[::1]:8080/x", true),
            ("https://h/x", "k=v; Secure; HttpOnly; SameSite=Strict", "wss://h/x", true),
            ("https://h/x", "k=v; Secure", "ws://h/x", false),
            ("http://h/x", "k=v; Secure", "https://h/x", false),
            ("https://h/x", "k=v", "http://h/x", true),
            ("http://h/x", "no pair", "http://h/x", false),
            ("http://h/x", "=v", "http://h/x", false),
        ];
        let now = SystemTime::now();
        for (from, cookie, to, goes) in cases {
            let jar = jar();
            set(&jar, from, cookie, now);
            let expected = if goes { "k=v" } else { "" };
            assert_eq!(sent(&jar, to, now), expected, "{from}: {cookie} -> {to}");
        }
    }

    #[test]
    fn how_long_a_cookie_is_kept() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        #[rustfmt::skip]
        let cases = [
            ("k=v", Some(u64::MAX / 1_000_000)),
            ("k=v; Max-Age=60", Some(60)),
            ("k=v; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some(60)),
            ("k=v; Max-Age=99999999999999999999", Some(u64::MAX / 1_000_000)),
            ("k=v; Expires=Sun, 09 Sep 2001 01:47:40 GMT", Some(60)),
            ("k=v; Expires=some day", Some(u64::MAX / 1_000_000)),
            ("k=v; Max-Age=0", None),
            ("k=v; Max-Age=-1", None),
            ("k=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT", None),
        ];
        for (cookie, seconds) in cases {
            let jar = jar();
            set(&jar, "http://h/x", "k=old", now);
            set(&jar, "http://h/x", cookie, now);
            let expected = if seconds.is_some() { "k=v" } else { "" };
            assert_eq!(sent(&jar, "http://h/x", now), expected, "{cookie}");
            if let Some(seconds) = seconds.filter(|it| *it < 1000) {
                let last = now + Duration::from_secs(seconds - 1);
                assert_eq!(sent(&jar, "http://h/x", last), "k=v", "{cookie}");
                let over = last + Duration::from_secs(1);
                assert_eq!(sent(&jar, "http://h/x", over), "", "{cookie}");
            }
        }
    }

    #[test]
    fn those_of_longer_paths_come_first_and_a_new_value_keeps_its_place() {
        let (jar, now) = (jar(), SystemTime::now());
        for cookie in ["a=1; Path=/", "b=1; Path=/x", "c=1; Path=/", "a=2; Path=/"] {
            set(&jar, "http://h/x/y", cookie, now);
        }
        assert_eq!(sent(&jar, "http://h/x/y", now), "b=1; a=2; c=1");
        let mut request = HeaderMap::new();
        request.insert(COOKIE, HeaderValue::from_static("own=1"));
        jar.add_at(&url("http://h/z"), &mut request, now);
        assert_eq!(request[COOKIE], "own=1; a=2; c=1");
    }

    #[test]
    fn no_server_fills_the_memory() {
        let (jar, now) = (jar(), SystemTime::now());
        for number in 0..2 * MOST {
            set(&jar, "http://h/", &format!("k{number}=v"), now);
        }
        set(
            &jar,
            "http://h/",
            &format!("k={}", "v".repeat(LONGEST)),
            now,
        );
        let sent = sent(&jar, "http://h/", now);
        assert_eq!(sent.split("; ").count(), MOST);
        assert!(sent.starts_with(&format!("k{MOST}=v; ")), "the oldest go");
    }
}

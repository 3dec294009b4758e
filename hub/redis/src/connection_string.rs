//! `ConnectionStrings:Redis`: StackExchange.Redis's strings and URLs.

use std::time::Duration;

use crate::RedisOptions;

/// Why a connection string is none. Never shows what could be a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionStringError {
    /// An option that StackExchange.Redis does not have.
    #[error("unknown option '{name}'{}", nearest(.name))]
    UnknownOption {
        /// The option.
        name: String,
    },
    /// An option that StackExchange.Redis has, and that cannot be had here.
    #[error("the option '{name}' is not supported: {why}")]
    Unsupported {
        /// The option.
        name: String,
        /// Why.
        why: &'static str,
    },
    /// A value that is not what its option takes.
    #[error("the option '{name}' has to be {expected}, not '{value}'")]
    Value {
        /// The option. Never one that takes any text, as a password does.
        name: String,
        /// What it has been given.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// What stands where an endpoint should.
    #[error("'{0}' is no endpoint: write host:port")]
    Endpoint(String),
    /// A URL that is none.
    #[error(
        "the URL is none that leads to a Redis: write redis://user:password@host:port/database or rediss://…"
    )]
    Url,
}

/// What is done here.
const KNOWN: [&str; 11] = [
    "abortConnect",
    "asyncTimeout",
    "channelPrefix",
    "connectTimeout",
    "defaultDatabase",
    "keepAlive",
    "password",
    "serviceName",
    "ssl",
    "syncTimeout",
    "user",
];

/// What StackExchange.Redis has and what makes no difference here: accepted, so that a string can be moved as it is.
const IGNORED: [(&str, Takes); 16] = [
    ("allowAdmin", Takes::Boolean),
    ("checkCertificateRevocation", Takes::Boolean),
    ("configChannel", Takes::Text),
    ("configCheckSeconds", Takes::Number),
    ("connectRetry", Takes::Number),
    ("highIntegrity", Takes::Boolean),
    ("highPriorityThreads", Takes::Boolean),
    ("name", Takes::Text),
    ("preserveAsyncOrder", Takes::Boolean),
    ("protocol", Takes::Text),
    ("resolveDns", Takes::Boolean),
    ("responseTimeout", Takes::Number),
    ("setlib", Takes::Boolean),
    ("tiebreaker", Takes::Text),
    ("version", Takes::Text),
    ("writeBuffer", Takes::Number),
];

/// What would change something and cannot be had.
const UNSUPPORTED: [(&str, &str); 4] = [
    (
        "proxy",
        "a proxy in front of Redis passes no subscriptions on",
    ),
    (
        "sslHost",
        "the certificate is held against the host of the endpoint",
    ),
    (
        "sslProtocols",
        "TLS 1.2 and 1.3 are spoken, whatever it says",
    ),
    ("tunnel", "connections go straight to Redis"),
];

/// The values of an option that is ignored: nonsense is told all the same.
#[derive(Clone, Copy, Debug)]
enum Takes {
    Boolean,
    Number,
    Text,
}

impl RedisOptions {
    /// Reads a StackExchange.Redis string, `host:port,host:port,password=…,ssl=true`, or a URL, `redis://` or `rediss://`.
    ///
    /// Options are compared ignoring case: `abortConnect`, `asyncTimeout`, `channelPrefix`, `connectTimeout`,
    /// `defaultDatabase`, `keepAlive` (seconds), `password`, `serviceName`, `ssl`, `syncTimeout` and `user`; timeouts are
    /// in milliseconds. Those that make no difference here, such as `resolveDns`, are taken and do nothing. A URL takes
    /// them as its query.
    ///
    /// ```
    /// use campanile_hub_redis::RedisOptions;
    ///
    /// let options = RedisOptions::parse("redis-1:6380,redis-2,password=secret,channelPrefix=shop:").unwrap();
    /// assert_eq!(options.endpoints[1], ("redis-2".to_owned(), 6379));
    /// assert_eq!(options.channel_prefix, "shop:");
    ///
    /// let error = RedisOptions::parse("redis-1,chanelPrefix=shop:").unwrap_err();
    /// assert_eq!(error.to_string(), "unknown option 'chanelPrefix', did you mean 'channelPrefix'?");
    /// ```
    ///
    /// # Errors
    ///
    /// An option that is not known, a value that does not fit, an endpoint that is none.
    pub fn parse(text: &str) -> Result<Self, ConnectionStringError> {
        let mut options = Self::default();
        let mut endpoints = Vec::new();
        let trimmed = text.trim();
        if trimmed.contains("://") {
            parse_url(trimmed, &mut options, &mut endpoints)?;
        } else {
            for part in trimmed
                .split(',')
                .map(str::trim)
                .filter(|it| !it.is_empty())
            {
                match part.split_once('=') {
                    Some((name, value)) => set(&mut options, name.trim(), value.trim())?,
                    None => endpoints.push(part.to_owned()),
                }
            }
        }
        if !endpoints.is_empty() {
            let port = match (&options.service_name, options.tls) {
                (Some(_), _) => 26379,
                (None, true) => 6380,
                (None, false) => 6379,
            };
            options.endpoints = endpoints
                .iter()
                .map(|it| endpoint(it, port))
                .collect::<Result<_, _>>()?;
        }
        if options.tls && !cfg!(feature = "tls") {
            return Err(ConnectionStringError::Unsupported {
                name: "ssl".to_owned(),
                why: "build campanile-hub-redis with the feature `tls`",
            });
        }
        Ok(options)
    }
}

fn parse_url(
    text: &str,
    options: &mut RedisOptions,
    endpoints: &mut Vec<String>,
) -> Result<(), ConnectionStringError> {
    let url = redis::parse_redis_url(text).ok_or(ConnectionStringError::Url)?;
    options.tls = match url.scheme() {
        "redis" => false,
        "rediss" => true,
        _ => return Err(ConnectionStringError::Url),
    };
    let host = url.host_str().ok_or(ConnectionStringError::Url)?;
    endpoints.push(format!("{host}:{}", url.port().unwrap_or(6379)));
    let decoded = |text: &str| percent_decoded(text).ok_or(ConnectionStringError::Url);
    if !url.username().is_empty() {
        options.user = Some(decoded(url.username())?);
    }
    options.password = url.password().map(decoded).transpose()?;
    let database = url.path().trim_matches('/');
    if !database.is_empty() {
        options.database = number::<u32>("defaultDatabase", database)?.into();
    }
    for (name, value) in url.query_pairs() {
        set(options, &name, &value)?;
    }
    Ok(())
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let (digits, after) = rest.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn set(options: &mut RedisOptions, name: &str, value: &str) -> Result<(), ConnectionStringError> {
    let text = || (!value.is_empty()).then(|| value.to_owned());
    match name.to_ascii_lowercase().as_str() {
        "abortconnect" => options.abort_on_connect_fail = boolean(name, value)?,
        "channelprefix" => value.clone_into(&mut options.channel_prefix),
        "connecttimeout" => options.connect_timeout = milliseconds(name, value)?,
        "synctimeout" | "asynctimeout" => options.response_timeout = milliseconds(name, value)?,
        "defaultdatabase" => options.database = number::<u32>(name, value)?.into(),
        "keepalive" => {
            // -1 and 0 are the default in StackExchange.Redis, too.
            let seconds: i32 = number(name, value)?;
            if let Ok(seconds @ 1..) = u64::try_from(seconds) {
                options.keep_alive = Duration::from_secs(seconds);
            }
        }
        "password" => options.password = text(),
        "user" => options.user = text(),
        "servicename" => options.service_name = text(),
        "ssl" => options.tls = boolean(name, value)?,
        _ => return set_nothing(name, value),
    }
    Ok(())
}

/// An option that changes nothing, or is none.
fn set_nothing(name: &str, value: &str) -> Result<(), ConnectionStringError> {
    let is_it = |it: &str| it.eq_ignore_ascii_case(name);
    if let Some((_, takes)) = IGNORED.iter().find(|(it, _)| is_it(it)) {
        return match takes {
            Takes::Boolean => boolean(name, value).map(drop),
            Takes::Number => number::<i32>(name, value).map(drop),
            Takes::Text => Ok(()),
        };
    }
    // No proxy is what there is.
    if is_it("proxy") && value.eq_ignore_ascii_case("none") {
        return Ok(());
    }
    let name = name.to_owned();
    Err(match UNSUPPORTED.iter().find(|(it, _)| is_it(it)) {
        Some((_, why)) => ConnectionStringError::Unsupported { name, why },
        None => ConnectionStringError::UnknownOption { name },
    })
}

fn boolean(name: &str, value: &str) -> Result<bool, ConnectionStringError> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(wrong(name, value, "true or false")),
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, ConnectionStringError> {
    value
        .parse()
        .map_err(|_| wrong(name, value, "a whole number"))
}

fn milliseconds(name: &str, value: &str) -> Result<Duration, ConnectionStringError> {
    match value.parse() {
        Ok(some @ 1..) => Ok(Duration::from_millis(some)),
        _ => Err(wrong(
            name,
            value,
            "a number of milliseconds greater than zero",
        )),
    }
}

fn wrong(name: &str, value: &str, expected: &'static str) -> ConnectionStringError {
    ConnectionStringError::Value {
        name: name.to_owned(),
        value: value.to_owned(),
        expected,
    }
}

fn endpoint(text: &str, default_port: u16) -> Result<(String, u16), ConnectionStringError> {
    let error = || ConnectionStringError::Endpoint(text.to_owned());
    let (host, port) = match text.rsplit_once(':') {
        // `::1` is a host, `[::1]:6379` one with its port.
        Some((host, _)) if host.contains(':') && !host.ends_with(']') => (text, default_port),
        Some((host, port)) if !text.ends_with(']') => (host, port.parse().map_err(|_| error())?),
        _ => (text, default_port),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() || host.contains(char::is_whitespace) {
        return Err(error());
    }
    Ok((host.to_owned(), port))
}

/// The option that is meant, if one is near.
fn nearest(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let ignored = IGNORED.iter().map(|(it, _)| it);
    let all = KNOWN.iter().chain(ignored);
    let near = all.min_by_key(|it| distance(&name, &it.to_ascii_lowercase()));
    match near {
        Some(near) if distance(&name, &near.to_ascii_lowercase()) <= 2 => {
            format!(", did you mean '{near}'?")
        }
        _ => String::new(),
    }
}

/// How many letters have to be changed, put in or left out.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, other) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> RedisOptions {
        RedisOptions::parse(text).unwrap()
    }

    #[test]
    fn strings_of_stackexchange_redis() {
        let options = parse(
            " a:1234 , b,[::1]:77,::2, user=me,password=p=w, channelPrefix=x:,defaultDatabase=3,connectTimeout=250,abortConnect=False,keepAlive=60,resolveDns=true,syncTimeout=100",
        );
        let endpoints: Vec<_> = options
            .endpoints
            .iter()
            .map(|(host, port)| (host.as_str(), *port))
            .collect();
        assert_eq!(
            endpoints,
            [("a", 1234), ("b", 6379), ("::1", 77), ("::2", 6379)]
        );
        assert_eq!(options.user.as_deref(), Some("me"));
        assert_eq!(options.password.as_deref(), Some("p=w"));
        assert_eq!(options.channel_prefix, "x:");
        assert_eq!(options.database, 3);
        assert_eq!(options.connect_timeout, Duration::from_millis(250));
        assert_eq!(options.response_timeout, Duration::from_millis(100));
        assert_eq!(options.keep_alive, Duration::from_secs(60));
        assert!(!options.abort_on_connect_fail);
        assert!(
            !format!("{options:?}").contains("p=w"),
            "passwords are not shown"
        );
        assert_eq!(parse("").endpoints, [("127.0.0.1".to_owned(), 6379)]);
        assert_eq!(
            parse("s,serviceName=main").endpoints,
            [("s".to_owned(), 26379)]
        );
    }

    #[test]
    fn urls() {
        let options = parse("redis://me:p%40w@redis.example:7000/2?channelPrefix=y");
        assert_eq!(options.endpoints, [("redis.example".to_owned(), 7000)]);
        assert_eq!(options.user.as_deref(), Some("me"));
        assert_eq!(options.password.as_deref(), Some("p@w"));
        assert_eq!(
            (options.database, options.channel_prefix.as_str()),
            (2, "y")
        );
        assert_eq!(
            RedisOptions::parse("http://redis").unwrap_err(),
            ConnectionStringError::Url
        );
    }
}

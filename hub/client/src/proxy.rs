//! Proxies of HTTP on the way to a server.

use std::env;
use std::net::IpAddr;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::ClientError;
use crate::url::HubUrl;

/// Which connections take a detour.
pub(crate) struct Proxies {
    matcher: Option<Matcher>,
    /// The environment's proxies do not know this machine's own servers.
    spare_loopback: bool,
}

/// A proxy for one connection.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) uri: Uri,
    pub(crate) authorization: Option<HeaderValue>,
}

/// What the user said about proxies.
#[derive(Debug, Clone, Default)]
pub(crate) enum ProxySetting {
    #[default]
    Environment,
    None,
    Url(String),
}

impl Proxies {
    pub(crate) fn new(setting: &ProxySetting) -> Result<Self, ClientError> {
        let (matcher, spare_loopback) = match setting {
            ProxySetting::None => (None, false),
            ProxySetting::Url(url) => {
                check("the proxy", url)?;
                (Some(Matcher::builder().all(url.as_str()).build()), false)
            }
            ProxySetting::Environment => {
                for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"] {
                    match env::var(name) {
                        Ok(value) if !value.is_empty() => {
                            check(&format!("the environment's {name}"), &value)?;
                        }
                        _ => {}
                    }
                }
                (Some(Matcher::from_env()), true)
            }
        };
        Ok(Self {
            matcher,
            spare_loopback,
        })
    }

    /// The proxy that leads to this server, if one does.
    pub(crate) fn to(&self, url: &HubUrl) -> Result<Option<Proxy>, ClientError> {
        if self.spare_loopback && is_loopback(&url.host) {
            return Ok(None);
        }
        let Some(matcher) = &self.matcher else {
            return Ok(None);
        };
        let intercepted = matcher.intercept(&url.uri()?);
        Ok(intercepted.map(|it: Intercept| Proxy {
            uri: it.uri().clone(),
            authorization: it.basic_auth().cloned(),
        }))
    }
}

/// A proxy by name and port: what else a URL may say is not told in errors, there may be a password in it.
pub(crate) fn named(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    format!("{host}:{}", uri.port_u16().unwrap_or(80))
}

/// `http://host:port`, or without the scheme.
fn check(what: &str, url: &str) -> Result<(), ClientError> {
    let full = if url.contains("://") {
        url.to_owned()
    } else {
        format!("http://{url}")
    };
    let refuse = |reason| {
        Err(ClientError::Configuration(format!(
            "{what} is not the URL of a proxy: {reason}"
        )))
    };
    match full.parse::<Uri>() {
        Err(error) => refuse(error.to_string()),
        Ok(uri) if uri.scheme_str() != Some("http") => {
            refuse("it begins with something else than http://".to_owned())
        }
        Ok(uri) if uri.host().is_none_or(str::is_empty) => refuse("it has no host".to_owned()),
        Ok(_) => Ok(()),
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

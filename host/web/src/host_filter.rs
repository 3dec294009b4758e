//! `AllowedHosts`: which hosts requests may be for.

use std::future::ready;
use std::sync::Arc;

use arc_swap::ArcSwap;
use campanile_host::configuration::{ChangeRegistration, Configuration};
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderValue, StatusCode};
use thiserror::Error;

use crate::body::{Request, Response};
use crate::endpoints::setting;
use crate::service::{Erased, ResponseFuture, WebService};

const ALLOWED_HOSTS: &str = "AllowedHosts";

/// ASP.NET Core's answer, which monitoring may look for.
const REFUSAL: &str = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n<HTML><HEAD><TITLE>Bad Request</TITLE>\r\n<META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></ HEAD >\r\n<BODY><h2>Bad Request - Invalid Hostname</h2>\r\n<hr><p>HTTP Error 400. The request hostname is invalid.</p>\r\n</BODY></HTML>";

/// A host in `AllowedHosts` that is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{setting}: '{host}' is no host: wanted a name as example.com, *.example.com for all names below it, or * for all, separated by ';', without scheme, port and path"
)]
pub struct AllowedHostsError {
    setting: String,
    host: String,
}

/// Lets requests through that are for an allowed host; others get 400.
pub(crate) struct HostFilter {
    inner: WebService,
    allowed: Arc<ArcSwap<Allowed>>,
    _registration: ChangeRegistration,
}

/// Which hosts are allowed.
#[derive(Debug, PartialEq, Eq)]
enum Allowed {
    All,
    Some(Vec<Pattern>),
}

#[derive(Debug, PartialEq, Eq)]
enum Pattern {
    /// In lower case.
    Name(String),
    /// All below it, which begins with a dot.
    Below(String),
}

impl HostFilter {
    /// Follows the configuration; what is wrong in it from then on changes nothing but the log.
    pub(crate) fn around(
        inner: WebService,
        configuration: &Configuration,
    ) -> Result<WebService, AllowedHostsError> {
        let allowed = Arc::new(ArcSwap::from_pointee(Allowed::read(configuration)?));
        let registration = configuration.on_change({
            let allowed = Arc::downgrade(&allowed);
            let configuration = configuration.clone();
            move || {
                let Some(allowed) = allowed.upgrade() else {
                    return;
                };
                match Allowed::read(&configuration) {
                    Ok(now) => allowed.store(Arc::new(now)),
                    Err(error) => tracing::error!(
                        target: "Microsoft.AspNetCore.HostFiltering",
                        "the allowed hosts stay as they were: {error}"
                    ),
                }
            }
        });
        Ok(WebService::erased(Self {
            inner,
            allowed,
            _registration: registration,
        }))
    }
}

impl Erased for HostFilter {
    fn call(&self, request: Request) -> ResponseFuture {
        let allowed = self.allowed.load();
        if let Allowed::Some(patterns) = &**allowed {
            let host = host_of(&request);
            if !host.is_empty() && !patterns.iter().any(|it| it.matches(host)) {
                tracing::info!(
                    target: "Microsoft.AspNetCore.HostFiltering",
                    "a request for the host '{host}' is refused, which is none of {ALLOWED_HOSTS}"
                );
                return Box::pin(ready(refusal()));
            }
        }
        self.inner.dispatch(request)
    }
}

impl Allowed {
    fn read(configuration: &Configuration) -> Result<Self, AllowedHostsError> {
        let text = configuration.get(ALLOWED_HOSTS).unwrap_or_default();
        let mut patterns = Vec::new();
        for host in text.split(';').map(str::trim).filter(|it| !it.is_empty()) {
            if matches!(host, "*" | "0.0.0.0" | "[::]") {
                return Ok(Self::All);
            }
            let lower = host.to_ascii_lowercase();
            let name = lower.strip_prefix("*.").unwrap_or(&lower);
            let is_name = !name.contains(['*', '/', '?', '#', '@', ' '])
                && (!name.contains(':') || (name.starts_with('[') && name.ends_with(']')))
                && !name.is_empty();
            if !is_name {
                return Err(AllowedHostsError {
                    setting: setting(configuration, ALLOWED_HOSTS),
                    host: host.to_owned(),
                });
            }
            patterns.push(if lower.starts_with("*.") {
                Pattern::Below(format!(".{name}"))
            } else {
                Pattern::Name(name.to_owned())
            });
        }
        Ok(if patterns.is_empty() {
            Self::All
        } else {
            Self::Some(patterns)
        })
    }
}

impl Pattern {
    fn matches(&self, host: &str) -> bool {
        match self {
            Self::Name(name) => host.eq_ignore_ascii_case(name),
            Self::Below(suffix) => {
                host.len() > suffix.len()
                    && host
                        .get(host.len() - suffix.len()..)
                        .is_some_and(|end| end.eq_ignore_ascii_case(suffix))
            }
        }
    }
}

/// The host without its port; empty where there is none.
fn host_of(request: &Request) -> &str {
    let header = || request.headers().get(HOST).and_then(|it| it.to_str().ok());
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let host = authority.or_else(header).unwrap_or_default();
    // The colons in brackets are those of IPv6.
    match host.rfind(':') {
        Some(at) if at > host.rfind(']').unwrap_or(0) => &host[..at],
        _ => host,
    }
}

fn refusal() -> Response {
    let mut response = Response::new(REFUSAL.into());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let html = HeaderValue::from_static("text/html");
    response.headers_mut().insert(CONTENT_TYPE, html);
    response
}

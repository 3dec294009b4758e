//! What is measured of requests, and said of them in the log.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, Version};

use crate::accounts::Accounts;
use crate::body::Response;
use crate::redact::redacted;

/// ASP.NET Core's category of requests.
const TARGET: &str = "Microsoft.AspNetCore.Hosting.Diagnostics";

/// Observes the requests of a server.
#[derive(Debug)]
pub(crate) struct Diagnostics {
    accounts: Arc<Accounts>,
}

/// The route that a request was led to; in its extensions, for the router to put it in.
#[derive(Clone, Debug, Default)]
pub(crate) struct MatchedRoute(Arc<OnceLock<Arc<str>>>);

impl MatchedRoute {
    pub(crate) fn set(&self, route: &Arc<str>) {
        // A router within a router does not change what led to it.
        let _ = self.0.set(Arc::clone(route));
    }
}

/// One request, from its head to the end of its response.
#[derive(Debug)]
pub(crate) struct Record {
    accounts: Arc<Accounts>,
    since: Instant,
    method: Method,
    version: Version,
    scheme: &'static str,
    route: MatchedRoute,
    status: Option<StatusCode>,
    /// Only where the log wants it.
    told: Option<Box<Told>>,
}

/// What the log says of a request at its end.
#[derive(Debug)]
struct Told {
    url: String,
    content_length: String,
    content_type: String,
}

impl Diagnostics {
    pub(crate) fn new(accounts: Arc<Accounts>) -> Self {
        Self { accounts }
    }

    /// A request has come.
    pub(crate) fn begin<B>(&self, request: &Request<B>, is_https: bool) -> Record {
        let record = Record {
            accounts: Arc::clone(&self.accounts),
            since: Instant::now(),
            method: request.method().clone(),
            version: request.version(),
            scheme: if is_https { "https" } else { "http" },
            route: MatchedRoute::default(),
            status: None,
            told: is_told().then(|| begin_telling(request, is_https)),
        };
        let attributes = record.attributes();
        self.accounts
            .instruments
            .active_requests
            .add(1, &attributes);
        record
    }
}

impl Record {
    /// Where the route is to be put in.
    pub(crate) fn route(&self) -> MatchedRoute {
        self.route.clone()
    }

    /// The response is there; its body may take longer.
    pub(crate) fn answered(&mut self, response: &Response) {
        self.status = Some(response.status());
        if let Some(told) = &mut self.told {
            told.content_length = text(response.headers(), &CONTENT_LENGTH);
            told.content_type = text(response.headers(), &CONTENT_TYPE);
        }
    }

    /// Whether the stream goes on beyond its response, as for a WebSocket over HTTP/2.
    #[cfg(feature = "http2")]
    pub(crate) fn is_tunnel(&self) -> bool {
        self.method == Method::CONNECT && self.status.is_some_and(|it| it.is_success())
    }

    fn attributes(&self) -> [(&'static str, &str); 2] {
        [
            ("http.request.method", known(&self.method)),
            ("url.scheme", self.scheme),
        ]
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let duration = self.since.elapsed();
        let instruments = &self.accounts.instruments;
        let [method, scheme] = self.attributes();
        instruments.active_requests.add(-1, &[method, scheme]);
        // A client that went away before the answer gets none.
        let status = self.status.unwrap_or_else(client_closed_request);
        let route = self.route.0.get().map(|it| ("http.route", &**it));
        let attributes = [
            method,
            scheme,
            ("http.response.status_code", status.as_str()),
            ("network.protocol.version", version(self.version)),
        ];
        let duration_of = &instruments.request_duration;
        match route {
            None => duration_of.record_duration(duration, &attributes),
            Some(route) => {
                let [method, scheme, status, version] = attributes;
                let attributes = [method, scheme, status, version, route];
                duration_of.record_duration(duration, &attributes);
            }
        }
        if let Some(told) = &self.told {
            let milliseconds = duration.as_secs_f64() * 1000.0;
            tracing::info!(
                target: TARGET,
                event_id = 2,
                "Request finished HTTP/{} {} {} - {} {} {} {milliseconds:.4}ms",
                version(self.version), self.method, told.url, status.as_u16(), told.content_length, told.content_type
            );
        }
    }
}

/// What the status of a request is that the client did not wait for: the one that nginx made up, as in ASP.NET Core.
fn client_closed_request() -> StatusCode {
    StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST)
}

fn is_told() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::INFO)
}

fn begin_telling<B>(request: &Request<B>, is_https: bool) -> Box<Told> {
    let headers = request.headers();
    let uri = request.uri();
    let authority = uri.authority().map(http::uri::Authority::as_str);
    let host = authority.map_or_else(|| text(headers, &HOST), ToOwned::to_owned);
    let scheme = if is_https { "https" } else { "http" };
    let path = uri.path();
    let query = uri.query().map(|it| format!("?{}", redacted(it)));
    let url = format!("{scheme}://{host}{path}{}", query.unwrap_or_default());
    tracing::info!(
        target: TARGET,
        event_id = 1,
        "Request starting HTTP/{} {} {url} - {} {}",
        version(request.version()), request.method(), text(headers, &CONTENT_TYPE), text(headers, &CONTENT_LENGTH)
    );
    Box::new(Told {
        url,
        content_length: "-".to_owned(),
        content_type: "-".to_owned(),
    })
}

fn text(headers: &HeaderMap, name: &HeaderName) -> String {
    let value = headers.get(name).and_then(|it| it.to_str().ok());
    value.unwrap_or("-").to_owned()
}

/// Methods of which there are few; clients may make up others.
fn known(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::POST
        | Method::PUT
        | Method::DELETE
        | Method::HEAD
        | Method::OPTIONS
        | Method::PATCH
        | Method::TRACE
        | Method::CONNECT => method.as_str(),
        _ => "_OTHER",
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

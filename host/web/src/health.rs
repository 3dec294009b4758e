//! Whether the application is well.

use std::future::ready;

use campanile_host::CancellationToken;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA};
use http::{HeaderValue, StatusCode};

use crate::body::Response;
use crate::service::WebService;

const HEADERS: [(http::HeaderName, HeaderValue); 4] = [
    (CONTENT_TYPE, HeaderValue::from_static("text/plain")),
    (
        CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache"),
    ),
    (PRAGMA, HeaderValue::from_static("no-cache")),
    (
        EXPIRES,
        HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"),
    ),
];

/// Answers `Healthy`, and `Unhealthy` from the moment on at which the application is asked to stop, so that a load balancer
/// sends nobody here any more.
pub(crate) fn health_checks(stopping: CancellationToken) -> WebService {
    WebService::from_handler(move |_| ready(answer(stopping.is_cancelled())))
}

fn answer(stopping: bool) -> Response {
    let (status, text) = if stopping {
        (StatusCode::SERVICE_UNAVAILABLE, "Unhealthy")
    } else {
        (StatusCode::OK, "Healthy")
    };
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response.headers_mut().extend(HEADERS);
    response
}

//! Answers in ASP.NET Core's exact form.

use bytes::Bytes;
use campanile_web::{Body, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA};
use http::{HeaderValue, StatusCode};

use crate::HttpTransportType;

pub(super) const ID_REQUIRED: &str = "Connection ID required";
pub(super) const NO_CONNECTION: &str = "No Connection with that ID";
pub(super) const OTHER_TRANSPORT: &str = "Cannot change transports mid-connection";
pub(super) const NO_WEB_SOCKETS: &str = "WebSockets transport not supported by this end point type";
pub(super) const NO_POST: &str = "POST requests are not allowed for WebSocket connections.";
pub(super) const NO_DELETE: &str = "Cannot terminate this connection using the DELETE endpoint.";

/// Ours: ASP.NET Core lets them in.
pub(super) const OTHER_USER: &str = "The connection is another user's.";

pub(super) fn text(status: StatusCode, text: &'static str) -> Response {
    typed(status, "text/plain", Body::from(text))
}

pub(super) fn not_offered(transport: HttpTransportType) -> &'static str {
    match transport {
        HttpTransportType::WebSockets => NO_WEB_SOCKETS,
        HttpTransportType::ServerSentEvents => {
            "ServerSentEvents transport not supported by this end point type"
        }
        HttpTransportType::LongPolling => {
            "LongPolling transport not supported by this end point type"
        }
    }
}

/// What a poll is answered.
pub(super) fn bytes(bytes: Bytes) -> Response {
    typed(
        StatusCode::OK,
        "application/octet-stream",
        Body::from(bytes),
    )
}

pub(super) fn json(document: String) -> Response {
    typed(StatusCode::OK, "application/json", Body::from(document))
}

/// A refused upgrade has no content type.
pub(super) fn bare(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
}

/// Every answer to a poll forbids keeping it.
pub(super) fn uncached(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-cache, no-store"),
    );
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(
        EXPIRES,
        HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"),
    );
    response
}

fn typed(status: StatusCode, content_type: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

//! WebSockets over HTTP/2.

use http::Request;

/// Whether the request asks for a WebSocket on its own stream of an HTTP/2 connection: an extended CONNECT (RFC 8441). The
/// answer is then 200 with an empty body, and `hyper::upgrade::on` gives the stream, as it does for an upgrade of HTTP/1.
///
/// Such requests come only with the feature `http2`.
#[must_use]
pub fn is_web_socket_connect<B>(request: &Request<B>) -> bool {
    #[cfg(feature = "http2")]
    return request.method() == http::Method::CONNECT
        && request
            .extensions()
            .get::<hyper::ext::Protocol>()
            .is_some_and(|it| it.as_str() == "websocket");
    #[cfg(not(feature = "http2"))]
    {
        let _ = request;
        false
    }
}

//! Whether a request's head is one that may be answered.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, StatusCode, Version};

use crate::host_header::has_proper_host;
use crate::kestrel::Limits;

/// The protocol's version, and the spaces around the target.
const AROUND_TARGET: u64 = " ".len() as u64 + " HTTP/1.1\r\n".len() as u64;

/// What separates a header's name from its value, and it from the next.
const AROUND_VALUE: u64 = ": \r\n".len() as u64;

/// The status to refuse a request with, as Kestrel does: 414 for its first line, 431 for its headers, 405 for a target that is
/// none of a page, and 400 without exactly one host, for a path with what no path has, and for a body of unknown length.
pub(crate) fn check_head<B>(request: &Request<B>, limits: &Limits) -> Result<(), StatusCode> {
    let headers = request.headers();
    if request.version() == Version::HTTP_2 {
        // The size is looked at by who reads the frames.
        if headers.len() > limits.max_request_header_count.get() as usize {
            return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        }
        return check_target(request);
    }
    let uri = request.uri();
    let target = uri.path_and_query().map_or(0, |it| it.as_str().len());
    let authority = uri.authority().map_or(0, |it| it.as_str().len());
    let line = (request.method().as_str().len() + authority + target) as u64 + AROUND_TARGET;
    if line > limits.max_request_line_size.bytes() {
        return Err(StatusCode::URI_TOO_LONG);
    }
    let size = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.as_str().len() + value.len()) as u64 + AROUND_VALUE
    };
    let total: u64 = headers.iter().map(size).sum();
    if total > limits.max_request_headers_total_size.bytes() {
        return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    check_target(request)?;
    if !has_proper_host(request) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let has_length = || {
        [CONTENT_LENGTH, TRANSFER_ENCODING]
            .iter()
            .any(|it| headers.contains_key(it))
    };
    if request.version() == Version::HTTP_10
        && matches!(*request.method(), Method::POST | Method::PUT)
        && !has_length()
    {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(())
}

fn check_target<B>(request: &Request<B>) -> Result<(), StatusCode> {
    let uri = request.uri();
    let is_page = uri.scheme().is_some() || uri.path().starts_with('/');
    if !is_page && !matches!(*request.method(), Method::CONNECT | Method::OPTIONS) {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    // Nobody who goes on with the path is to be surprised by its end.
    if !uri.path().is_ascii() || uri.path().contains("%00") {
        return Err(StatusCode::BAD_REQUEST);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_measured_as_they_were_sent() {
        let of = |uri: &str, headers: &[(&str, &str)]| {
            let mut request = Request::get(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.body(()).unwrap();
            check_head(&request, &Limits::default()).map_err(|it| it.as_u16())
        };
        let host = ("host", "bell");
        assert_eq!(of("/", &[host]), Ok(()));
        assert_eq!(of("/", &[]), Err(400));
        assert_eq!(of("/", &[host, host]), Err(400));
        assert_eq!(of("/", &[("host", "a/b")]), Err(400));
        assert_eq!(of("/%00", &[host]), Err(400));
        assert_eq!(of("/ä", &[host]), Err(400));
        assert_eq!(of("/?x=%00", &[host]), Ok(()));
        assert_eq!(of("*", &[host]), Err(405));
        assert_eq!(of("bell:80", &[host]), Err(405));
        // "GET /aaa HTTP/1.1\r\n" of 8192 bytes.
        let path = format!("/{}", "a".repeat(8192 - 16));
        assert_eq!(of(&path, &[host]), Ok(()));
        assert_eq!(of(&format!("{path}a"), &[host]), Err(414));
        let value = "y".repeat(32 * 1024 - "host: bell\r\nx: \r\n".len());
        assert_eq!(of("/", &[host, ("x", &value)]), Ok(()));
        assert_eq!(of("/", &[host, ("x", &format!("{value}y"))]), Err(431));
    }
}

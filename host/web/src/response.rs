//! What a handler may answer with.

use std::borrow::Cow;
use std::convert::Infallible;

use bytes::Bytes;
use campanile_host::BoxError;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{HeaderName, StatusCode};
use http_body::Body as HttpBody;

use crate::body::{Body, Response};
use crate::collect::ReadBodyError;

/// What can be answered to a request.
///
/// Text and bytes with their content types, a status with an empty body, a status or headers before any other answer, a whole
/// [`http::Response`], or a `Result` of two answers.
///
/// ```
/// use campanile_web::{IntoResponse, StatusCode};
///
/// let response = (StatusCode::NOT_FOUND, "no such bell").into_response();
/// assert_eq!(response.status(), 404);
/// assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
/// ```
#[doc(alias = "IResult")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer to a request",
    label = "not an answer",
    note = "answer with a string, bytes, `Html(..)`, a `StatusCode`, `(StatusCode, ..)`, an `http::Response`, or a `Result` of two of these"
)]
pub trait IntoResponse {
    /// The response.
    fn into_response(self) -> Response;
}

/// Text that is a page: `text/html; charset=utf-8`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Html<T>(
    /// The page.
    pub T,
);

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");

fn typed(content_type: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

pub(crate) fn status_only(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

impl<B> IntoResponse for http::Response<B>
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn into_response(self) -> Response {
        self.map(Body::new)
    }
}

impl IntoResponse for () {
    fn into_response(self) -> Response {
        status_only(StatusCode::OK)
    }
}

impl IntoResponse for StatusCode {
    fn into_response(self) -> Response {
        status_only(self)
    }
}

impl IntoResponse for Body {
    fn into_response(self) -> Response {
        Response::new(self)
    }
}

impl IntoResponse for String {
    fn into_response(self) -> Response {
        typed(TEXT, self)
    }
}

impl IntoResponse for &'static str {
    fn into_response(self) -> Response {
        typed(TEXT, self)
    }
}

impl IntoResponse for Cow<'static, str> {
    fn into_response(self) -> Response {
        typed(TEXT, self)
    }
}

impl IntoResponse for Bytes {
    fn into_response(self) -> Response {
        typed(BYTES, self)
    }
}

impl IntoResponse for Vec<u8> {
    fn into_response(self) -> Response {
        typed(BYTES, self)
    }
}

impl IntoResponse for &'static [u8] {
    fn into_response(self) -> Response {
        typed(BYTES, self)
    }
}

impl<T: Into<Body>> IntoResponse for Html<T> {
    fn into_response(self) -> Response {
        typed(HTML, self.0)
    }
}

impl<T: IntoResponse> IntoResponse for (StatusCode, T) {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        *response.status_mut() = self.0;
        response
    }
}

/// Headers by name and value; they replace those that the answer has of its own, such as its content type.
impl<T: IntoResponse, const N: usize> IntoResponse for ([(HeaderName, HeaderValue); N], T) {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::with_capacity(N);
        headers.extend(self.0);
        (headers, self.1).into_response()
    }
}

/// Headers; they replace those that the answer has of its own, such as its content type.
impl<T: IntoResponse> IntoResponse for (HeaderMap, T) {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response.headers_mut().extend(self.0);
        response
    }
}

impl<T: IntoResponse, E: IntoResponse> IntoResponse for Result<T, E> {
    fn into_response(self) -> Response {
        match self {
            Ok(answer) => answer.into_response(),
            Err(error) => error.into_response(),
        }
    }
}

/// 500 with an empty body; the error goes to the log and not to the client.
impl IntoResponse for BoxError {
    fn into_response(self) -> Response {
        unhandled(&self)
    }
}

impl IntoResponse for Infallible {
    fn into_response(self) -> Response {
        match self {}
    }
}

/// What is answered where a handler or a service failed: nothing of the error reaches the client. That it was the client's own
/// body, it is told.
pub(crate) fn unhandled(error: &BoxError) -> Response {
    if let Some(status) = ReadBodyError::status_for(error.as_ref()) {
        tracing::debug!(error = %chain(error.as_ref()), "a request was refused");
        return status_only(status);
    }
    tracing::error!(error = %chain(error.as_ref()), "a request failed");
    status_only(StatusCode::INTERNAL_SERVER_ERROR)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_their_status_and_content_type() {
        let plain = "text/plain; charset=utf-8";
        for (response, status, content_type) in [
            ("a".into_response(), 200, plain),
            ("a".to_owned().into_response(), 200, plain),
            (Html("a").into_response(), 200, "text/html; charset=utf-8"),
            (vec![1].into_response(), 200, "application/octet-stream"),
            ((StatusCode::ACCEPTED, "a").into_response(), 202, plain),
            (StatusCode::GONE.into_response(), 410, ""),
            (
                ([(CONTENT_TYPE, HeaderValue::from_static("text/css"))], "a").into_response(),
                200,
                "text/css",
            ),
            (
                Err::<(), _>((StatusCode::BAD_REQUEST, "no")).into_response(),
                400,
                plain,
            ),
            (
                Err::<(), BoxError>("secret".into()).into_response(),
                500,
                "",
            ),
        ] {
            assert_eq!(response.status(), status);
            let found = response.headers().get(CONTENT_TYPE);
            assert_eq!(found.map_or("", |v| v.to_str().unwrap()), content_type);
        }
    }
}

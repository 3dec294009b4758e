//! The one body type of requests and responses.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use campanile_host::BoxError;
use futures_util::Stream;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::collect::MAX_REQUEST_BODY_SIZE;
use crate::incoming::IncomingBody;
use crate::kestrel::Limits;

/// A request as handlers get it.
pub type Request = http::Request<Body>;

/// A response as handlers make it.
pub type Response = http::Response<Body>;

type Boxed = Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError> + Send>>;

/// The body of a request or a response.
///
/// Made from nothing, from bytes, from text, from a [stream](Body::stream) or from any [`http_body::Body`](Body::new). Only
/// the last two are boxed.
///
/// ```
/// use campanile_web::Body;
///
/// let text = Body::from("Bim, bam");
/// let nothing = Body::empty();
/// let ticks = Body::stream(futures_util::stream::iter([Ok::<_, std::io::Error>("tick"), Ok("tock")]));
/// ```
#[derive(Default)]
pub struct Body(Kind);

#[derive(Default)]
enum Kind {
    #[default]
    Empty,
    Full(Bytes),
    Incoming(IncomingBody),
    Boxed(Boxed),
}

impl Body {
    /// A body of no bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Kind::Empty)
    }

    /// Takes any body. One that is a `Body` already is not wrapped again.
    pub fn new<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        // Layers are generic over the body, so what comes back through them is mostly what went in.
        let mut body = Some(body);
        let any: &mut dyn Any = &mut body;
        if let Some(own) = any.downcast_mut::<Option<Self>>() {
            return own.take().unwrap_or_default();
        }
        match body {
            Some(body) => Self(Kind::Boxed(Box::pin(Erased { body }))),
            None => Self::empty(),
        }
    }

    /// A body whose chunks come from a stream. An error ends the connection, so that the client can tell the difference from
    /// a complete body.
    pub fn stream<S, D, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<D, E>> + Send + 'static,
        D: Into<Bytes>,
        E: Into<BoxError>,
    {
        Self(Kind::Boxed(Box::pin(Streamed { stream })))
    }

    /// The same body with another limit of its size than `Kestrel:Limits:MaxRequestBodySize`, in bytes; none without one.
    /// Reading more than that is [`ReadBodyError::TooLarge`](crate::ReadBodyError::TooLarge). Changes nothing for a body that
    /// does not come from a client.
    #[doc(alias = "RequestSizeLimit")]
    #[doc(alias = "IHttpMaxRequestBodySizeFeature")]
    #[must_use]
    pub fn with_max_size(mut self, bytes: Option<u64>) -> Self {
        if let Kind::Incoming(body) = &mut self.0 {
            body.set_most(bytes);
        }
        self
    }

    /// How many bytes may be read at most, where that is limited.
    pub(crate) fn max_size(&self) -> Option<u64> {
        match &self.0 {
            Kind::Incoming(body) => body.most(),
            _ => Some(MAX_REQUEST_BODY_SIZE as u64),
        }
    }

    pub(crate) fn incoming(body: Incoming, limits: &Arc<Limits>) -> Self {
        if body.is_end_stream() {
            return Self::empty();
        }
        Self(Kind::Incoming(IncomingBody::new(body, Arc::clone(limits))))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Empty => Poll::Ready(None),
            Kind::Full(_) => match std::mem::take(&mut self.0) {
                Kind::Full(bytes) if !bytes.is_empty() => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                _ => Poll::Ready(None),
            },
            Kind::Incoming(body) => Pin::new(body).poll_frame(cx),
            Kind::Boxed(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty => true,
            Kind::Full(bytes) => bytes.is_empty(),
            Kind::Incoming(body) => body.is_end_stream(),
            Kind::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Incoming(body) => body.size_hint(),
            Kind::Boxed(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Empty => f.write_str("Body(empty)"),
            Kind::Full(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Incoming(_) => f.write_str("Body(incoming)"),
            Kind::Boxed(_) => f.write_str("Body(stream)"),
        }
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Full(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<Cow<'static, str>> for Body {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => text.into(),
            Cow::Owned(text) => text.into(),
        }
    }
}

pin_project_lite::pin_project! {
    struct Erased<B> {
        #[pin]
        body: B,
    }
}

impl<B> HttpBody for Erased<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.project().body.poll_frame(cx).map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project_lite::pin_project! {
    struct Streamed<S> {
        #[pin]
        stream: S,
    }
}

impl<S, D, E> HttpBody for Streamed<S>
where
    S: Stream<Item = Result<D, E>>,
    D: Into<Bytes>,
    E: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let next = ready!(self.project().stream.poll_next(cx));
        Poll::Ready(next.map(|chunk| {
            chunk
                .map(|data| Frame::data(data.into()))
                .map_err(Into::into)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn a_body_is_what_it_was_made_from() {
        for (body, expected) in [
            (Body::empty(), ""),
            (Body::from(()), ""),
            (Body::from("text"), "text"),
            (Body::from("text".to_owned()), "text"),
            (Body::from(Cow::Borrowed("text")), "text"),
            (Body::from(b"text".to_vec()), "text"),
            (
                Body::stream(futures_util::stream::iter([
                    Ok::<_, std::io::Error>("te"),
                    Ok("xt"),
                ])),
                "text",
            ),
            (
                Body::new(http_body_util::Full::new(Bytes::from("text"))),
                "text",
            ),
        ] {
            let shown = format!("{body:?}");
            let bytes = body.collect().await.unwrap().to_bytes();
            assert_eq!(bytes, expected.as_bytes(), "{shown}");
        }
    }

    #[test]
    fn a_body_is_not_wrapped_twice() {
        let body = Body::new(Body::new(Body::from("text")));
        assert_eq!(format!("{body:?}"), "Body(4 bytes)");
        assert_eq!(body.size_hint().exact(), Some(4));
    }
}

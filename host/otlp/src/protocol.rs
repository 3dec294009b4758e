//! [`Protocol`]: what of an export depends on how it is sent.

use bytes::Bytes;
use campanile_host::BoxError;
use http::header::{CONTENT_TYPE, TE, USER_AGENT};
use http::response::Parts;
use http::{HeaderMap, HeaderValue};
use http_body_util::Collected;

use super::answer::{Answer, PROTOBUF};
use super::grpc;
use super::signal::Signal;

const OWN_NAME: &str = concat!("campanile-otlp-rust/", env!("CARGO_PKG_VERSION"));

/// How exports are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Protobuf in requests of HTTP/1.1.
    Http,
    /// Calls of gRPC, over HTTP/2.
    Grpc,
}

impl Protocol {
    /// The collector where nothing else is said: on this machine.
    pub(crate) const fn default_endpoint(self) -> &'static str {
        match self {
            Self::Http => "http://localhost:4318",
            Self::Grpc => "http://localhost:4317",
        }
    }

    /// The path at which a collector takes a signal, if its address says nothing else.
    pub(crate) fn path(self, signal: Signal) -> String {
        match self {
            Self::Http => signal.path(),
            Self::Grpc => signal.method().to_owned(),
        }
    }

    /// Adds what every request says of itself to the headers that were asked for.
    pub(crate) fn describe(self, headers: &mut HeaderMap, gzip: bool) {
        let (content, encoding) = match self {
            Self::Http => (PROTOBUF, "content-encoding"),
            Self::Grpc => {
                headers.insert(TE, HeaderValue::from_static("trailers"));
                (grpc::CONTENT, grpc::ENCODING)
            }
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
        if gzip {
            headers.insert(encoding, HeaderValue::from_static("gzip"));
        }
        let own_name = HeaderValue::from_static(OWN_NAME);
        headers.entry(USER_AGENT).or_insert(own_name);
    }

    /// The body of a request with this message.
    pub(crate) fn body(self, message: Vec<u8>, is_compressed: bool) -> Bytes {
        match self {
            Self::Http => message.into(),
            Self::Grpc => grpc::framed(&message, is_compressed),
        }
    }

    /// What the collector says. Fails where the answer broke off before that was known.
    pub(crate) fn answer(
        self,
        head: &Parts,
        body: Result<Collected<Bytes>, BoxError>,
    ) -> Result<Answer, BoxError> {
        match self {
            // The head says it all; a body that is too long or breaks off is not told.
            Self::Http => {
                let body = body.map(Collected::to_bytes).unwrap_or_default();
                Ok(Answer::of_http(head, &body))
            }
            Self::Grpc => {
                let body = body?;
                let trailers = body.trailers().cloned();
                Ok(grpc::answer(head, trailers.as_ref(), &body.to_bytes()))
            }
        }
    }
}

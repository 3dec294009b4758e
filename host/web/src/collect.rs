//! Reading a whole body into memory, up to a limit.

use bytes::{Bytes, BytesMut};
use campanile_host::BoxError;
use http::StatusCode;
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use thiserror::Error;

use crate::body::{Body, Response};
use crate::response::{IntoResponse, status_only};

/// How many bytes [`Body::bytes`] takes at most: Kestrel's `MaxRequestBodySize`.
pub const MAX_REQUEST_BODY_SIZE: usize = 30_000_000;

/// Why a body could not be read. As an answer it is 413 or 400.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadBodyError {
    /// The body is larger than allowed.
    #[error("the request body is larger than {limit} bytes")]
    TooLarge {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// The client went away, or what it sent is not HTTP.
    #[error("the request body could not be read")]
    Read(#[source] BoxError),
}

impl IntoResponse for ReadBodyError {
    fn into_response(self) -> Response {
        status_only(match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Read(_) => StatusCode::BAD_REQUEST,
        })
    }
}

impl Body {
    /// All the bytes of the body, at most [`MAX_REQUEST_BODY_SIZE`] of them.
    ///
    /// # Errors
    ///
    /// [`ReadBodyError::TooLarge`] before more than the limit is read: at once where the request says its length.
    ///
    /// # Cancel safety
    ///
    /// None: what was read is lost.
    pub async fn bytes(self) -> Result<Bytes, ReadBodyError> {
        self.bytes_up_to(MAX_REQUEST_BODY_SIZE).await
    }

    /// As [`Body::bytes`], with a limit of one's own.
    ///
    /// # Errors
    ///
    /// As [`Body::bytes`].
    ///
    /// # Cancel safety
    ///
    /// None: what was read is lost.
    pub async fn bytes_up_to(mut self, limit: usize) -> Result<Bytes, ReadBodyError> {
        let too_large = || ReadBodyError::TooLarge { limit };
        let announced = usize::try_from(self.size_hint().lower()).map_err(|_| too_large())?;
        if announced > limit {
            return Err(too_large());
        }
        let mut first = Bytes::new();
        // Only a second chunk makes a copy necessary.
        let mut all = BytesMut::new();
        while let Some(frame) = self.frame().await {
            let Ok(data) = frame.map_err(ReadBodyError::Read)?.into_data() else {
                continue;
            };
            if data.len() > limit - first.len() - all.len() {
                return Err(too_large());
            }
            if first.is_empty() && all.is_empty() {
                first = data;
                continue;
            }
            if all.is_empty() {
                all.reserve(announced.max(first.len() + data.len()));
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
        Ok(if all.is_empty() { first } else { all.freeze() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(chunks: &'static [&'static str]) -> Body {
        let chunks = chunks.iter().map(|it| Ok::<_, std::io::Error>(*it));
        Body::stream(futures_util::stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        let all = chunks(&["", "bim", " ", "bam"]).bytes_up_to(7).await;
        assert_eq!(all.unwrap(), "bim bam");
        let one = Body::from("bim bam").bytes_up_to(7).await;
        assert_eq!(one.unwrap(), "bim bam");
        for body in [chunks(&["bim", " ", "bam"]), Body::from("bim bam")] {
            let error = body.bytes_up_to(6).await.unwrap_err();
            assert_eq!(error.to_string(), "the request body is larger than 6 bytes");
            assert_eq!(error.into_response().status(), 413);
        }
    }
}

//! Reading a whole body into memory, up to a limit.

use bytes::{Bytes, BytesMut};
use campanile_host::BoxError;
use http::StatusCode;
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use thiserror::Error;

use crate::body::{Body, Response};
use crate::response::{IntoResponse, status_only};

/// How many bytes a request's body may have unless `Kestrel:Limits:MaxRequestBodySize` says otherwise: Kestrel's default.
pub const MAX_REQUEST_BODY_SIZE: usize = 30_000_000;

/// Why a body could not be read. As an answer it is 413, 408 or 400.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadBodyError {
    /// The body is larger than allowed.
    #[error("the request body is larger than {limit} bytes")]
    TooLarge {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// The client sends slower than `Kestrel:Limits:MinRequestBodyDataRate` allows.
    #[error("the request body comes too slowly")]
    TooSlow,
    /// The client went away, or what it sent is not HTTP.
    #[error("the request body could not be read")]
    Read(#[source] BoxError),
}

impl IntoResponse for ReadBodyError {
    fn into_response(self) -> Response {
        status_only(match self {
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Read(_) => StatusCode::BAD_REQUEST,
        })
    }
}

impl ReadBodyError {
    fn from_body(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => *own,
            Err(error) => Self::Read(error),
        }
    }

    /// What a request is to be answered that failed for its body's sake.
    pub(crate) fn status_for(error: &(dyn std::error::Error + 'static)) -> Option<StatusCode> {
        let mut causes = std::iter::successors(Some(error), |it| it.source());
        causes.find_map(|it| match it.downcast_ref()? {
            Self::TooLarge { .. } => Some(StatusCode::PAYLOAD_TOO_LARGE),
            Self::TooSlow => Some(StatusCode::REQUEST_TIMEOUT),
            Self::Read(_) => None,
        })
    }
}

impl Body {
    /// All the bytes of the body: at most as many as `Kestrel:Limits:MaxRequestBodySize` allows for one that comes from a client
    /// (see [`with_max_size`](Self::with_max_size)), and [`MAX_REQUEST_BODY_SIZE`] of any other.
    ///
    /// # Errors
    ///
    /// [`ReadBodyError::TooLarge`] before more than the limit is read: at once where the request says its length.
    ///
    /// # Cancel safety
    ///
    /// None: what was read is lost.
    pub async fn bytes(self) -> Result<Bytes, ReadBodyError> {
        let limit = self.max_size().unwrap_or(u64::MAX);
        self.bytes_up_to(usize::try_from(limit).unwrap_or(usize::MAX))
            .await
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
    pub async fn bytes_up_to(self, limit: usize) -> Result<Bytes, ReadBodyError> {
        let mut body = self.with_max_size(u64::try_from(limit).ok());
        let too_large = || ReadBodyError::TooLarge { limit };
        let announced = usize::try_from(body.size_hint().lower()).map_err(|_| too_large())?;
        if announced > limit {
            return Err(too_large());
        }
        let mut first = Bytes::new();
        // Only a second chunk makes a copy necessary.
        let mut all = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(ReadBodyError::from_body)?;
            let Ok(data) = frame.into_data() else {
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

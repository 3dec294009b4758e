//! [`Answer`]: what a collector says to an export.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use prost::Message;

use super::messages::{ExportResponse, Status};

/// The content of requests and answers that are protobuf.
pub(crate) const PROTOBUF: &str = "application/x-protobuf";

/// What a collector says to an export, whatever the protocol.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Taken(Option<Remark>),
    Refused { reason: String, retry: Retry },
}

/// What a collector says of an export that it has taken: it is not to be sent again.
#[derive(Debug, PartialEq)]
pub(crate) struct Remark {
    /// How many of its spans, points or records were not taken.
    pub(crate) rejected: u64,
    pub(crate) message: String,
}

/// Whether what was not taken should be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Never,
    /// After this time, if the collector has said so.
    Later(Option<Duration>),
}

impl Answer {
    /// Of a response of HTTP.
    pub(crate) fn of_http(head: &Parts, body: &Bytes) -> Self {
        if head.status.is_success() {
            return Self::taken(body);
        }
        let is_protobuf = head
            .headers
            .get(CONTENT_TYPE)
            .is_some_and(|it| it == PROTOBUF);
        let told = match Status::decode(body.clone()) {
            Ok(status) if is_protobuf => status.message,
            _ => String::from_utf8_lossy(body).into_owned(),
        };
        Self::Refused {
            reason: format!("{} {told}", head.status),
            retry: retry_of(head.status, &head.headers),
        }
    }

    /// Of the message with which an export is taken. One that cannot be read was an answer all the same.
    pub(crate) fn taken(message: &[u8]) -> Self {
        let response = ExportResponse::decode(message).unwrap_or_default();
        let remark = response.partial_success.map(|it| Remark {
            rejected: u64::try_from(it.rejected).unwrap_or(0),
            message: it.error_message,
        });
        // There are collectors that always fill it in.
        Self::Taken(remark.filter(|it| it.rejected > 0 || !it.message.is_empty()))
    }
}

/// What a status of HTTP means for what was sent.
pub(crate) fn retry_of(status: StatusCode, headers: &HeaderMap) -> Retry {
    match status {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Retry::Later(asked_to_wait(headers)),
        _ => Retry::Never,
    }
}

/// `Retry-After` in seconds.
fn asked_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use http::Response;

    use super::super::messages::PartialSuccess;
    use super::super::messages::tests::throttled;
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Answer {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let (head, body) = response
            .body(Bytes::copy_from_slice(body))
            .unwrap()
            .into_parts();
        Answer::of_http(&head, &body)
    }

    #[test]
    fn what_is_taken_may_come_with_a_remark() {
        let with = |rejected, message: &str| {
            let partial_success = Some(PartialSuccess {
                rejected,
                error_message: message.to_owned(),
            });
            answer(
                200,
                &[],
                &ExportResponse { partial_success }.encode_to_vec(),
            )
        };
        let remark = |rejected, message: &str| {
            let message = message.to_owned();
            Answer::Taken(Some(Remark { rejected, message }))
        };
        assert_eq!(with(3, "too old"), remark(3, "too old"));
        assert_eq!(with(0, "use gRPC"), remark(0, "use gRPC"));
        assert_eq!(with(0, ""), Answer::Taken(None));
        assert_eq!(with(-1, ""), Answer::Taken(None));
        assert_eq!(answer(202, &[], b""), Answer::Taken(None));
        assert_eq!(answer(200, &[], b"<p>ok</p>"), Answer::Taken(None));
    }

    #[test]
    fn four_refusals_are_worth_another_attempt() {
        let retry = |status, headers: &[_]| match answer(status, headers, b"no") {
            Answer::Refused { reason, retry } => {
                assert!(reason.starts_with(&status.to_string()), "{reason}");
                assert!(reason.ends_with(" no"), "{reason}");
                retry
            }
            taken => panic!("{taken:?}"),
        };
        for status in [429, 502, 503, 504] {
            assert_eq!(retry(status, &[]), Retry::Later(None));
            let after = Some(Duration::from_secs(7));
            assert_eq!(retry(status, &[("retry-after", "7")]), Retry::Later(after));
            let date = "Fri, 31 Dec 1999 23:59:59 GMT";
            assert_eq!(retry(status, &[("retry-after", date)]), Retry::Later(None));
        }
        for status in [301, 400, 401, 404, 408, 413, 500, 501] {
            assert_eq!(retry(status, &[("retry-after", "7")]), Retry::Never);
        }
    }

    #[test]
    fn a_status_as_protobuf_is_told_by_its_message() {
        let Answer::Refused { reason, .. } =
            answer(400, &[("content-type", PROTOBUF)], &throttled(1, 0))
        else {
            panic!();
        };
        assert_eq!(reason, "400 Bad Request slow down");
    }
}

//! gRPC: how its requests and answers differ from those of plain HTTP
//! ([its specification](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md)).

use std::io::Read;
use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{BufMut, Bytes, BytesMut};
use flate2::read::GzDecoder;
use http::response::Parts;
use http::{HeaderMap, HeaderValue};
use percent_encoding::percent_decode;
use prost::Message;

use super::answer::{Answer, Retry, retry_of};
use super::messages::Status;
use super::sender::LONGEST_ANSWER;

/// The content of requests and answers.
pub(crate) const CONTENT: &str = "application/grpc";
/// How a message is compressed.
pub(crate) const ENCODING: &str = "grpc-encoding";
/// How long the collector has.
pub(crate) const TIMEOUT: &str = "grpc-timeout";
const STATUS: &str = "grpc-status";
const MESSAGE: &str = "grpc-message";
const DETAILS: &str = "grpc-status-details-bin";

/// In front of each message: whether it is compressed, and its length.
const PREFIX: usize = 5;

/// Binary values of headers: written without padding, read either way.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// By their numbers.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// A message as the body of a request.
pub(crate) fn framed(message: &[u8], is_compressed: bool) -> Bytes {
    // One that is longer is far beyond what any collector takes, and is refused.
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut body = BytesMut::with_capacity(PREFIX + message.len());
    body.put_u8(is_compressed.into());
    body.put_u32(length);
    body.put_slice(message);
    body.freeze()
}

/// The message in the body of an answer; `None` where it is not whole, or is compressed in an unknown way.
fn unframed(headers: &HeaderMap, body: &Bytes) -> Option<Bytes> {
    let (prefix, rest) = body.split_first_chunk::<PREFIX>()?;
    let [compressed, length @ ..] = *prefix;
    let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
    let message = rest.get(..length)?;
    match compressed {
        0 => Some(body.slice_ref(message)),
        1 if headers.get(ENCODING).is_some_and(|it| it == "gzip") => {
            let mut whole = Vec::new();
            let limit = LONGEST_ANSWER.try_into().unwrap_or(u64::MAX);
            let mut decoder = GzDecoder::new(message).take(limit);
            decoder.read_to_end(&mut whole).ok()?;
            Some(whole.into())
        }
        _ => None,
    }
}

/// A time as a header has it: 8 digits at most, in the finest unit that does.
pub(crate) fn timeout(time: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let milliseconds = time.as_millis().max(1);
    let text = match milliseconds {
        ..=MOST => format!("{milliseconds}m"),
        _ if milliseconds / 1000 <= MOST => format!("{}S", milliseconds / 1000),
        _ => format!("{}H", (milliseconds / 3_600_000).min(MOST)),
    };
    HeaderValue::try_from(text).expect("digits and a letter")
}

/// Whether gRPC has this name for itself.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with("grpc-")
}

/// The value of a header, which is binary where its name says so.
pub(crate) fn metadata(name: &str, value: String) -> String {
    match name.ends_with("-bin") {
        true => BASE64.encode(value),
        false => value,
    }
}

/// What an answer means. Its status is in the trailers, or in the headers where there is nothing else. Where there is none, the
/// answer is not of gRPC, but of something on the way to the collector, or of another server.
pub(crate) fn answer(head: &Parts, trailers: Option<&HeaderMap>, body: &Bytes) -> Answer {
    let found = trailers.into_iter().chain([&head.headers]);
    let Some((fields, code)) = found
        .filter_map(|fields| Some((fields, fields.get(STATUS)?)))
        .next()
    else {
        return Answer::Refused {
            reason: format!("{} without a status of gRPC", head.status),
            retry: retry_of(head.status, &head.headers),
        };
    };
    if code == "0" {
        return Answer::taken(&unframed(&head.headers, body).unwrap_or_default());
    }
    let code = code.to_str().ok().and_then(|it| it.parse().ok());
    let name = code.and_then(|code: usize| CODES.get(code)).copied();
    // As the specification has it for codes that are not known.
    let name = name.unwrap_or("UNKNOWN");
    let message = fields.get(MESSAGE).map_or(&b""[..], HeaderValue::as_bytes);
    let message = percent_decode(message).decode_utf8_lossy();
    Answer::Refused {
        reason: format!("{name} {message}"),
        retry: retry(name, asked_to_wait(fields)),
    }
}

/// How long the collector asks to wait, if it says that it will recover.
fn asked_to_wait(fields: &HeaderMap) -> Option<Duration> {
    let details = BASE64.decode(fields.get(DETAILS)?).ok()?;
    Status::decode(&*details).ok()?.retry_delay()
}

/// Which codes are worth another attempt, by OTLP.
fn retry(code: &str, delay: Option<Duration>) -> Retry {
    let is_for_the_moment = match code {
        "CANCELLED" | "DEADLINE_EXCEEDED" | "ABORTED" | "OUT_OF_RANGE" | "UNAVAILABLE"
        | "DATA_LOSS" => true,
        // It may be a message that is too long for ever.
        "RESOURCE_EXHAUSTED" => delay.is_some(),
        _ => false,
    };
    match is_for_the_moment {
        true => Retry::Later(delay.filter(|delay| !delay.is_zero())),
        false => Retry::Never,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;
    use http::Response;

    use super::super::answer::Remark;
    use super::super::messages::tests::throttled;
    use super::super::messages::{ExportResponse, PartialSuccess};
    use super::*;

    fn fields(fields: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = fields.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn answered(
        status: u16,
        headers: &[(&'static str, &str)],
        body: &[u8],
        trailers: Option<&[(&'static str, &str)]>,
    ) -> Answer {
        let (mut head, ()) = Response::builder()
            .status(status)
            .body(())
            .unwrap()
            .into_parts();
        head.headers = fields(headers);
        let body = Bytes::copy_from_slice(body);
        answer(&head, trailers.map(fields).as_ref(), &body)
    }

    fn refused(reason: &str, retry: Retry) -> Answer {
        let reason = reason.to_owned();
        Answer::Refused { reason, retry }
    }

    #[test]
    fn messages_have_a_flag_and_their_length_in_front() {
        assert_eq!(&*framed(b"", false), [0, 0, 0, 0, 0]);
        assert_eq!(&*framed(b"abc", true), b"\x01\0\0\0\x03abc");
    }

    #[test]
    fn a_timeout_has_eight_digits_at_most() {
        let timeout = |milliseconds| timeout(Duration::from_millis(milliseconds));
        assert_eq!(timeout(0), "1m");
        assert_eq!(timeout(10_000), "10000m");
        assert_eq!(timeout(99_999_999), "99999999m");
        assert_eq!(timeout(100_000_000), "100000S");
        assert_eq!(timeout(99_999_999_999), "99999999S");
        assert_eq!(timeout(100_000_000_000), "27777H");
        assert_eq!(timeout(u64::MAX), "99999999H");
    }

    #[test]
    fn metadata_is_base64_where_its_name_says_so() {
        assert_eq!(metadata("api-key", "ab".to_owned()), "ab");
        assert_eq!(metadata("api-key-bin", "ab".to_owned()), "YWI");
    }

    #[test]
    fn the_status_is_in_the_trailers_or_in_headers_alone() {
        let taken = Answer::Taken(None);
        let ok = Some(&[(STATUS, "0")][..]);
        assert_eq!(answered(200, &[], &[0, 0, 0, 0, 0], ok), taken);
        assert_eq!(answered(200, &[(STATUS, "0")], b"", None), taken);
        let internal = [(STATUS, "13"), (MESSAGE, "100%25 wrong")];
        let wrong = refused("INTERNAL 100% wrong", Retry::Never);
        assert_eq!(answered(200, &internal, b"", None), wrong);
        assert_eq!(answered(200, &[], b"", Some(&internal)), wrong);
        // What is broken in a message is left as it is.
        let broken = [(STATUS, "13"), (MESSAGE, "100% wrong")];
        assert_eq!(answered(200, &broken, b"", None), wrong);
        // The trailers come later, and know better.
        assert_eq!(answered(200, &[(STATUS, "0")], b"", Some(&internal)), wrong);
    }

    #[test]
    fn what_is_no_answer_of_grpc_is_told_by_its_status_of_http() {
        let without = |status, retry| refused(&format!("{status} without a status of gRPC"), retry);
        let never = |status, text| {
            let never = without(text, Retry::Never);
            assert_eq!(answered(status, &[], b"", None), never);
        };
        never(200, "200 OK");
        never(404, "404 Not Found");
        never(500, "500 Internal Server Error");
        assert_eq!(
            answered(503, &[("retry-after", "3")], b"", Some(&[])),
            without(
                "503 Service Unavailable",
                Retry::Later(Some(Duration::from_secs(3)))
            )
        );
    }

    #[test]
    fn codes_are_worth_another_attempt_as_otlp_has_it() {
        let retry = |code: usize, details: &str| {
            let trailers = [(STATUS, &*code.to_string()), (DETAILS, details)];
            match answered(200, &[], b"", Some(&trailers)) {
                Answer::Refused { reason, retry } => {
                    let name = CODES.get(code).unwrap_or(&"UNKNOWN");
                    assert_eq!(reason, format!("{name} "));
                    retry
                }
                taken => panic!("{taken:?}"),
            }
        };
        for code in [1, 4, 10, 11, 14, 15] {
            assert_eq!(retry(code, ""), Retry::Later(None), "{code}");
        }
        for code in [2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 17, 1000] {
            assert_eq!(retry(code, ""), Retry::Never, "{code}");
        }
        let details = BASE64.encode(throttled(2, 0));
        let two_seconds = Retry::Later(Some(Duration::from_secs(2)));
        // With a delay it can be had again, whatever is exhausted; what is wrong for ever stays so.
        for (code, expected) in [(8, two_seconds), (14, two_seconds), (3, Retry::Never)] {
            assert_eq!(retry(code, &details), expected, "{code}");
            assert_eq!(
                retry(code, &format!("{details}=")),
                expected,
                "padded: {code}"
            );
        }
        let soon = BASE64.encode(throttled(0, 0));
        assert_eq!(retry(8, &soon), Retry::Later(None));
        assert_eq!(retry(8, "?"), Retry::Never);
    }

    #[test]
    fn remarks_are_read_compressed_or_not() {
        let message = ExportResponse {
            partial_success: Some(PartialSuccess {
                rejected: 2,
                error_message: "too old".to_owned(),
            }),
        }
        .encode_to_vec();
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&message).unwrap();
        let compressed = framed(&encoder.finish().unwrap(), true);
        let plain = framed(&message, false);
        let ok = Some(&[(STATUS, "0")][..]);
        let remark = Answer::Taken(Some(Remark {
            rejected: 2,
            message: "too old".to_owned(),
        }));
        assert_eq!(answered(200, &[], &plain, ok), remark);
        assert_eq!(
            answered(200, &[(ENCODING, "gzip")], &compressed, ok),
            remark
        );
        // It is taken all the same.
        for unreadable in [&compressed[..], &plain[..plain.len() - 1], &[0, 0]] {
            assert_eq!(answered(200, &[], unreadable, ok), Answer::Taken(None));
        }
    }
}

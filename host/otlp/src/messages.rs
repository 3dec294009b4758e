//! The messages with which a collector answers. They are read field by field as protobuf has it, so that what is not looked at here
//! need not be described.

use std::time::Duration;

use prost::Message;

/// `ExportTraceServiceResponse` and its like, whose fields have other names and the same numbers for each signal.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) partial_success: Option<PartialSuccess>,
}

/// What of an export was not taken, or how the next one could be better.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct PartialSuccess {
    #[prost(int64, tag = "1")]
    pub(crate) rejected: i64,
    #[prost(string, tag = "2")]
    pub(crate) error_message: String,
}

/// `google.rpc.Status`: why an export was not taken.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Status {
    #[prost(string, tag = "2")]
    pub(crate) message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<ProtoDuration>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, Message)]
struct ProtoDuration {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

impl Status {
    /// How long the collector asks to wait, if it says that it will recover. Zero where it does not say when.
    pub(crate) fn retry_delay(&self) -> Option<Duration> {
        let mut details = self.details.iter();
        let info = details.find(|it| it.type_url.ends_with("/google.rpc.RetryInfo"))?;
        let info = RetryInfo::decode(&*info.value).ok()?;
        let delay = info.retry_delay.unwrap_or_default();
        // A time in the past is as good as none.
        let seconds = u64::try_from(delay.seconds).unwrap_or(0);
        let nanos = u32::try_from(delay.nanos).unwrap_or(0);
        Some(Duration::from_secs(seconds) + Duration::from_nanos(nanos.into()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A status that asks for this delay, as bytes.
    pub(crate) fn throttled(seconds: i64, nanos: i32) -> Vec<u8> {
        let delay = ProtoDuration { seconds, nanos };
        let info = RetryInfo {
            retry_delay: Some(delay),
        };
        Status {
            message: "slow down".to_owned(),
            details: vec![
                Any {
                    type_url: "type.googleapis.com/google.rpc.Help".to_owned(),
                    value: vec![0xff],
                },
                Any {
                    type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
                    value: info.encode_to_vec(),
                },
            ],
        }
        .encode_to_vec()
    }

    #[test]
    fn a_delay_is_found_among_other_details() {
        let delay = |seconds, nanos| {
            let status = Status::decode(&*throttled(seconds, nanos)).unwrap();
            status.retry_delay()
        };
        assert_eq!(delay(2, 500_000_000), Some(Duration::from_millis(2500)));
        assert_eq!(delay(-2, -1), Some(Duration::ZERO));
        assert_eq!(
            delay(i64::MAX, i32::MAX).map(|it| it.as_secs() > 1),
            Some(true)
        );
        assert_eq!(Status::default().retry_delay(), None);
    }
}

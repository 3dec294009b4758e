//! What a client may take.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use campanile_host::configuration::ByteSize;
use serde::Deserialize;

use super::bounded::{Size, positive, positive_or_never};
use super::unsupported::{HeaderField, Http3, RequestBuffer, ResponseBuffer};

/// The largest head that can be asked for: what is beyond, nobody has a use for.
const MOST_HEAD: u64 = 64 * 1024 * 1024;

/// `Kestrel:Limits`, with Kestrel's defaults. An empty text is no limit, where there need not be one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    /// How many connections may be open at once, those that were upgraded not counted.
    pub(crate) max_concurrent_connections: Option<NonZeroU64>,
    /// How many may be open that were upgraded, as WebSockets are.
    pub(crate) max_concurrent_upgraded_connections: Option<u64>,
    pub(crate) max_request_body_size: Option<ByteSize>,
    /// How long a connection may be idle before a request.
    #[serde(deserialize_with = "positive_or_never")]
    pub(crate) keep_alive_timeout: Option<Duration>,
    /// How long a request's head may take from its first byte on.
    #[serde(deserialize_with = "positive_or_never")]
    pub(crate) request_headers_timeout: Option<Duration>,
    pub(crate) max_request_line_size: Size<1, MOST_HEAD>,
    pub(crate) max_request_headers_total_size: Size<1, MOST_HEAD>,
    pub(crate) max_request_header_count: NonZeroU32,
    /// How slow a client may be that sends a body.
    pub(crate) min_request_body_data_rate: DataRate,
    /// How slow a client may be that takes a response.
    pub(crate) min_response_data_rate: DataRate,
    pub(crate) http2: Http2Limits,
    max_request_buffer_size: RequestBuffer,
    max_response_buffer_size: ResponseBuffer,
    http3: Http3,
}

/// The least that has to come or go, on average.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct DataRate {
    /// 0 is no limit.
    pub(crate) bytes_per_second: u64,
    /// From when on the rate is looked at.
    #[serde(deserialize_with = "positive")]
    pub(crate) grace_period: Duration,
}

/// `Kestrel:Limits:Http2`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Http2Limits {
    pub(crate) max_streams_per_connection: NonZeroU32,
    pub(crate) header_table_size: Size<0, { u32::MAX as u64 }>,
    pub(crate) max_frame_size: Size<16_384, 16_777_215>,
    pub(crate) initial_connection_window_size: Size<65_535, 2_147_483_647>,
    pub(crate) initial_stream_window_size: Size<65_535, 2_147_483_647>,
    /// After how much silence the client is asked whether it is there.
    #[serde(deserialize_with = "positive_or_never")]
    pub(crate) keep_alive_ping_delay: Option<Duration>,
    #[serde(deserialize_with = "positive")]
    pub(crate) keep_alive_ping_timeout: Duration,
    max_request_header_field_size: HeaderField,
}

// Both are worked out by the compiler: what is wrong in them does not compile.
const HEADER_COUNT: NonZeroU32 = NonZeroU32::new(100).unwrap();
const STREAMS: NonZeroU32 = NonZeroU32::new(100).unwrap();

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_concurrent_connections: None,
            max_concurrent_upgraded_connections: None,
            max_request_body_size: Some(ByteSize(30_000_000)),
            keep_alive_timeout: Some(Duration::from_secs(130)),
            request_headers_timeout: Some(Duration::from_secs(30)),
            max_request_line_size: Size::new(8 * 1024),
            max_request_headers_total_size: Size::new(32 * 1024),
            max_request_header_count: HEADER_COUNT,
            min_request_body_data_rate: DataRate::default(),
            min_response_data_rate: DataRate::default(),
            http2: Http2Limits::default(),
            max_request_buffer_size: RequestBuffer,
            max_response_buffer_size: ResponseBuffer,
            http3: Http3,
        }
    }
}

impl Default for DataRate {
    fn default() -> Self {
        Self {
            bytes_per_second: 240,
            grace_period: Duration::from_secs(5),
        }
    }
}

impl Default for Http2Limits {
    fn default() -> Self {
        Self {
            max_streams_per_connection: STREAMS,
            header_table_size: Size::new(4096),
            max_frame_size: Size::new(16 * 1024),
            initial_connection_window_size: Size::new(1024 * 1024),
            initial_stream_window_size: Size::new(768 * 1024),
            keep_alive_ping_delay: None,
            keep_alive_ping_timeout: Duration::from_secs(20),
            max_request_header_field_size: HeaderField,
        }
    }
}

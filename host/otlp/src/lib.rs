//! Traces, metrics and logs of a [`campanile_host`] by OpenTelemetry's protocol (OTLP).
//!
//! ```no_run
//! use campanile_host::{HostBuilder, HostError};
//! use campanile_otlp::OtlpHostBuilderExt;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), HostError> {
//!     HostBuilder::new()
//!         .add_otlp() // the line
//!         .build()?
//!         .run()
//!         .await
//! }
//! ```
//!
//! | signal | what it is made of |
//! | --- | --- |
//! | traces | the spans of `tracing`; `otel.name`, `otel.kind` and `otel.status_code` among their fields are what `tracing-opentelemetry` makes of them. `Tracing:OpenTelemetry:LogLevel:{Category}` and `Tracing:LogLevel:{Category}` say which: from `Information` on by default |
//! | metrics | [`campanile_host::metrics::Metrics`], by the names under which the instruments were made |
//! | logs | the events of `tracing`, as far as `Logging:OpenTelemetry:LogLevel:{Category}` and `Logging:LogLevel:{Category}` let them through. The category is the scope's name, `event_id` the attribute `logrecord.event.id`, an error `exception.message`; with `Logging:OpenTelemetry:IncludeScopes` the fields of the spans around an event are attributes as well. A record within a span has its trace |
//!
//! Traces go on across processes: hubs, their clients and the web host use
//! [`campanile_host::trace_context`], which knows the spans that are exported here.
//!
//! # Variables
//!
//! They are read from the host's configuration, so that they may stand in the environment, in appsettings files or on the command line.
//! One that cannot be used is an error of `build` that names it. Empty is not set.
//!
//! | variable | | without it |
//! | --- | --- | --- |
//! | `OTEL_SDK_DISABLED` | `true`: nothing is exported | `false` |
//! | `OTEL_TRACES_EXPORTER`, `OTEL_METRICS_EXPORTER`, `OTEL_LOGS_EXPORTER` | `otlp` or `none` | `otlp` |
//! | `OTEL_EXPORTER_OTLP_PROTOCOL` | `http/protobuf`, or `grpc` with the feature of this name | `http/protobuf` |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector's address, to which `/v1/traces` and so on is added; by gRPC its path says nothing | `http://localhost:4318`, by gRPC `http://localhost:4317` |
//! | `OTEL_EXPORTER_OTLP_{SIGNAL}_ENDPOINT` | the whole address for `TRACES`, `METRICS` or `LOGS` | |
//! | `OTEL_EXPORTER_OTLP_INSECURE` | by gRPC: `true` where an address without a scheme (`collector:4317`) is one without TLS | `false` |
//! | `OTEL_EXPORTER_OTLP_HEADERS` | `name=value,name=value`, with % escapes; by gRPC the metadata of each call | |
//! | `OTEL_EXPORTER_OTLP_TIMEOUT` | milliseconds for an export with all its attempts | `10000` |
//! | `OTEL_EXPORTER_OTLP_COMPRESSION` | `gzip` or `none` | `none` |
//! | `OTEL_EXPORTER_OTLP_CERTIFICATE` | at `https` addresses: a PEM file of who is trusted | those whom Mozilla trusts |
//! | `OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`, `OTEL_EXPORTER_OTLP_CLIENT_KEY` | PEM files with which the service shows who it is | |
//! | `OTEL_SERVICE_NAME` | the attribute `service.name` | the application's name |
//! | `OTEL_RESOURCE_ATTRIBUTES` | further attributes, `name=value,name=value` | |
//! | `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG` | `always_on`, `always_off`, `traceidratio` (from 0 to 1), or these after `parentbased_` | `parentbased_always_on` |
//! | `OTEL_METRIC_EXPORT_INTERVAL` | milliseconds from one export to the next | `60000` |
//! | `OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE` | `cumulative`; with `delta` or `lowmemory` counters and histograms tell what has come since the export before | `cumulative` |
//! | `OTEL_BSP_SCHEDULE_DELAY`, `OTEL_BLRP_SCHEDULE_DELAY` | milliseconds that a span, a record waits for more | `5000`, `1000` |
//! | `OTEL_BSP_MAX_QUEUE_SIZE`, `OTEL_BLRP_MAX_QUEUE_SIZE` | how many may wait; what is beyond is lost | `2048` |
//! | `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`, `OTEL_BLRP_MAX_EXPORT_BATCH_SIZE` | how many are sent at once | `512` |
//!
//! All `OTEL_EXPORTER_OTLP_*` but the endpoint, which is above, have forms for a signal alone as well: `OTEL_EXPORTER_OTLP_LOGS_HEADERS`.
//! Files are read once, by `build`.
//!
//! # How it is sent
//!
//! By `http/protobuf`, which the specification names as the default, in requests of HTTP/1.1; by `grpc` in calls over HTTP/2, without TLS as
//! with it. .NET's exporter speaks gRPC where nothing is said: an address with port 4317 that was meant for it takes
//! `OTEL_EXPORTER_OTLP_PROTOCOL=grpc` here. Signals that go to the same address with the same protocol and files share their connections:
//! by gRPC that is one.
//!
//! What is not taken for the moment is sent again until the timeout is over, after half a second at first and then after twice as long each
//! time, a fifth more or less, or when the collector says (`Retry-After`, or `RetryInfo` of gRPC). For the moment are: no connection; the
//! statuses 429, 502, 503 and 504 of HTTP; `CANCELLED`, `DEADLINE_EXCEEDED`, `ABORTED`, `OUT_OF_RANGE`, `UNAVAILABLE` and `DATA_LOSS` of gRPC,
//! and `RESOURCE_EXHAUSTED` with `RetryInfo`. Everything else is for good. What is wrong, or taken in part, is a line in the log when it
//! begins.
//!
//! Of deltas, what is not taken for the moment is part of the next one, which begins where the last one that was taken ends: nothing is lost
//! while a collector is away. One that takes an export and cannot say so in time has it twice, as OTLP allows. Levels, which go up and down,
//! are always told as a whole. `lowmemory` is `delta` here: they differ for observed counters, and there are none.
//!
//! # Features
//!
//! Both are off by default.
//!
//! - `grpc`: gRPC, by hyper's HTTP/2.
//! - `tls`: addresses of `https`, by rustls.
//!
//! # What it does not do
//!
//! There is no `http/json`: collectors take protobuf at the same address. What the exporting thread itself logs goes to the
//! console and is not exported.

mod answer;
mod batch;
mod builder;
mod connector;
mod deltas;
mod error;
mod grpc;
mod logs;
mod messages;
mod metrics;
mod outage;
mod pipeline;
mod protocol;
mod reader;
mod resource;
mod sender;
mod settings;
mod signal;
mod spans;
mod stream;
mod target;
#[cfg(feature = "tls")]
mod tls;

pub use builder::OtlpHostBuilderExt;
pub use error::OtlpError;

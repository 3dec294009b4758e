//! Collectors: they take what is exported, and keep it.

#![allow(dead_code, reason = "not every test program needs all of it")]
#![allow(unused_imports, reason = "not every test program needs all of it")]

mod certified;
mod foreign;
mod own;

use std::collections::HashMap;
use std::io::Read;
use std::net::SocketAddr;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

pub(crate) use certified::Certified;
pub(crate) use foreign::Foreign;
pub(crate) use own::{Collector, Reply};

/// A request that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// Where it goes by HTTP: `/v1/logs`, and so on.
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Taken {
    /// The message, as it was before it was compressed and framed.
    fn content(&self) -> Vec<u8> {
        let is = |name, wanted: &str| self.headers.get(name).is_some_and(|it| it == wanted);
        if !is("content-type", "application/grpc") {
            return match self.headers.contains_key("content-encoding") {
                true => decompressed(&self.body),
                false => self.body.clone(),
            };
        }
        let (prefix, message) = self.body.split_first_chunk::<5>().expect("a message");
        let [compressed, length @ ..] = *prefix;
        assert_eq!(u32::from_be_bytes(length) as usize, message.len());
        assert_eq!(compressed == 1, is("grpc-encoding", "gzip"));
        match compressed {
            0 => message.to_vec(),
            _ => decompressed(message),
        }
    }
}

fn decompressed(body: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(body);
    decoder.read_to_end(&mut content).expect("a whole stream");
    content
}

/// What a collector has taken.
pub(crate) trait Received {
    fn address(&self) -> SocketAddr;

    fn requests(&self) -> Vec<Taken>;

    fn endpoint(&self) -> String {
        format!("http://{}", self.address())
    }

    /// The log's records, each with its category.
    fn logs(&self) -> Vec<(String, LogRecord)> {
        self.all("/v1/logs")
            .into_iter()
            .flat_map(|request: ExportLogsServiceRequest| request.resource_logs)
            .flat_map(|resource| resource.scope_logs)
            .flat_map(|logs| {
                let category = logs.scope.unwrap().name;
                let records = logs.log_records.into_iter();
                records.map(move |record| (category.clone(), record))
            })
            .collect()
    }

    fn spans(&self) -> Vec<Span> {
        self.all("/v1/traces")
            .into_iter()
            .flat_map(|request: ExportTraceServiceRequest| request.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|spans| spans.spans)
            .collect()
    }

    /// The metrics of each export.
    fn exports_of_metrics(&self) -> Vec<Vec<Metric>> {
        let exports: Vec<ExportMetricsServiceRequest> = self.all("/v1/metrics");
        let metrics_of = |export: ExportMetricsServiceRequest| {
            let resources = export.resource_metrics.into_iter();
            let scopes = resources.flat_map(|it| it.scope_metrics);
            scopes.flat_map(|it| it.metrics).collect()
        };
        exports.into_iter().map(metrics_of).collect()
    }

    /// The metrics of the last export.
    fn metrics(&self) -> Vec<Metric> {
        self.exports_of_metrics().pop().unwrap_or_default()
    }

    /// What the first export of logs says of who exports.
    fn resource(&self) -> Vec<KeyValue> {
        let first: ExportLogsServiceRequest = self.all("/v1/logs").remove(0);
        first.resource_logs[0].resource.clone().unwrap().attributes
    }

    fn all<M: Message + Default>(&self, path: &str) -> Vec<M> {
        let requests = self.requests().into_iter();
        requests
            .filter(|request| request.path == path)
            .map(|request| M::decode(&*request.content()).expect("what OTLP has for this path"))
            .collect()
    }
}

/// The text of an attribute; of a number its digits.
pub(crate) fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    text(attribute.value.as_ref())
}

pub(crate) fn text(value: Option<&AnyValue>) -> Option<String> {
    match value?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(flag) => Some(flag.to_string()),
        Value::DoubleValue(number) => Some(number.to_string()),
        other => panic!("{other:?}"),
    }
}

//! A collector: takes what is exported, and keeps it.

mod certified;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

pub(crate) use certified::Certified;

/// A collector on a port of its own, as long as this lives.
pub(crate) struct Collector {
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
    /// Runs it.
    _runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct State {
    /// What the next requests are answered; then all are taken.
    answers: VecDeque<StatusCode>,
    requests: Vec<Taken>,
}

/// A request that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    body: Bytes,
}

impl Taken {
    /// The body, as it was before it was compressed.
    fn content(&self) -> Vec<u8> {
        let mut content = Vec::new();
        match self.headers.get("content-encoding") {
            None => content.extend_from_slice(&self.body),
            Some(gzip) => {
                assert_eq!(gzip, "gzip");
                let mut decoder = flate2::read::GzDecoder::new(&*self.body);
                decoder.read_to_end(&mut content).expect("a whole stream");
            }
        }
        content
    }
}

impl Collector {
    /// One that answers the first requests with these.
    pub(crate) fn start(answers: impl IntoIterator<Item = StatusCode>) -> Self {
        Self::start_with(None, answers)
    }

    /// One that wants TLS.
    pub(crate) fn secured(tls: ServerConfig) -> Self {
        Self::start_with(Some(TlsAcceptor::from(Arc::new(tls))), [])
    }

    fn start_with(tls: Option<TlsAcceptor>, answers: impl IntoIterator<Item = StatusCode>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let state = Arc::new(Mutex::new(State {
            answers: answers.into_iter().collect(),
            requests: Vec::new(),
        }));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = state.clone();
        runtime.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (shared, tls) = (shared.clone(), tls.clone());
                tokio::spawn(async move {
                    // A client that goes in between is none of the collector's business.
                    match tls {
                        None => serve(connection, shared).await,
                        Some(tls) => {
                            if let Ok(connection) = tls.accept(connection).await {
                                serve(connection, shared).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            address,
            state,
            _runtime: runtime,
        }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn requests(&self) -> Vec<Taken> {
        self.state().requests.clone()
    }

    /// The log's records, each with its category.
    pub(crate) fn logs(&self) -> Vec<(String, LogRecord)> {
        self.all("/v1/logs")
            .flat_map(|request: ExportLogsServiceRequest| request.resource_logs)
            .flat_map(|resource| resource.scope_logs)
            .flat_map(|logs| {
                let category = logs.scope.unwrap().name;
                let records = logs.log_records.into_iter();
                records.map(move |record| (category.clone(), record))
            })
            .collect()
    }

    pub(crate) fn spans(&self) -> Vec<Span> {
        self.all("/v1/traces")
            .flat_map(|request: ExportTraceServiceRequest| request.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|spans| spans.spans)
            .collect()
    }

    /// The metrics of the last export.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        let last: Option<ExportMetricsServiceRequest> = self.all("/v1/metrics").last();
        last.into_iter()
            .flat_map(|request| request.resource_metrics)
            .flat_map(|resource| resource.scope_metrics)
            .flat_map(|scope| scope.metrics)
            .collect()
    }

    /// What the first export of logs says of who exports.
    pub(crate) fn resource(&self) -> Vec<KeyValue> {
        let first: ExportLogsServiceRequest = self.all("/v1/logs").next().unwrap();
        first.resource_logs[0].resource.clone().unwrap().attributes
    }

    fn all<M: Message + Default>(&self, path: &str) -> impl Iterator<Item = M> {
        let requests = self.requests().into_iter();
        requests
            .filter(move |request| request.path == path)
            .map(|request| M::decode(&*request.content()).expect("what OTLP has for this path"))
    }
}

async fn serve(connection: impl AsyncRead + AsyncWrite + Unpin + Send, state: Arc<Mutex<State>>) {
    let service = service_fn(|request| answer(request, state.clone()));
    let server = hyper::server::conn::http1::Builder::new();
    let _ = server
        .serve_connection(TokioIo::new(connection), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let mut state = state.lock().unwrap();
    let status = state.answers.pop_front().unwrap_or(StatusCode::OK);
    if let (Ok(body), true) = (body, status.is_success()) {
        state.requests.push(Taken {
            path: head.uri.path().to_owned(),
            headers: head.headers,
            body,
        });
    }
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    Ok(response)
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

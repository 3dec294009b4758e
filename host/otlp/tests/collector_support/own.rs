//! [`Collector`].

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use super::{Received, Taken};

/// A collector on a port of its own, as long as this lives. It takes HTTP/1.1, HTTP/2 and gRPC, and has every byte of it to look at.
pub(crate) struct Collector {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    hang_up: Arc<Notify>,
    /// Runs it.
    _runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct State {
    /// What the next requests are answered; then all are taken.
    replies: VecDeque<Reply>,
    requests: Vec<Taken>,
    connections: usize,
}

/// What a request is answered.
#[derive(Clone)]
pub(crate) enum Reply {
    Status(StatusCode),
    /// It is taken, and this is said of it.
    Taken(Vec<u8>),
    /// Nothing, for ever.
    Silence,
}

impl From<StatusCode> for Reply {
    fn from(status: StatusCode) -> Self {
        Self::Status(status)
    }
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

impl Collector {
    /// One that takes everything.
    pub(crate) fn start() -> Self {
        Self::replying::<Reply>([])
    }

    /// One that answers the first requests with these.
    pub(crate) fn replying<R: Into<Reply>>(replies: impl IntoIterator<Item = R>) -> Self {
        Self::start_with(None, replies.into_iter().map(Into::into).collect())
    }

    /// One that wants TLS.
    pub(crate) fn secured(tls: ServerConfig) -> Self {
        Self::start_with(Some(TlsAcceptor::from(Arc::new(tls))), VecDeque::new())
    }

    fn start_with(tls: Option<TlsAcceptor>, replies: VecDeque<Reply>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let state = Arc::new(Mutex::new(State {
            replies,
            ..State::default()
        }));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = state.clone();
        let hang_up = Arc::new(Notify::new());
        let hung_up = hang_up.clone();
        runtime.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                let (shared, tls) = (shared.clone(), tls.clone());
                let hung_up = hung_up.clone().notified_owned();
                let served = async move {
                    // A client that goes in between is none of the collector's business.
                    match tls {
                        None => serve(connection, shared).await,
                        Some(tls) => {
                            if let Ok(connection) = tls.accept(connection).await {
                                serve(connection, shared).await;
                            }
                        }
                    }
                };
                tokio::spawn(async move {
                    tokio::select! {
                        () = served => {}
                        () = hung_up => {}
                    }
                });
            }
        });
        Self {
            address,
            state,
            hang_up,
            _runtime: runtime,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Ends all connections, whatever is on its way.
    pub(crate) fn hang_up(&self) {
        self.hang_up.notify_waiters();
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.state().connections
    }
}

impl Received for Collector {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn requests(&self) -> Vec<Taken> {
        self.state().requests.clone()
    }
}

async fn serve(
    connection: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    state: Arc<Mutex<State>>,
) {
    let service = service_fn(|request| answer(request, state.clone()));
    let server = auto::Builder::new(TokioExecutor::new());
    let _ = server
        .serve_connection(TokioIo::new(connection), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        // Who is gone gets no answer.
        return pending().await;
    };
    let reply = state.lock().unwrap().replies.pop_front();
    let (status, said) = match reply.unwrap_or(Reply::Taken(Vec::new())) {
        Reply::Silence => return pending().await,
        Reply::Status(status) => (status, Vec::new()),
        Reply::Taken(said) => (StatusCode::OK, said),
    };
    let is_grpc = head.headers["content-type"] == "application/grpc";
    if status.is_success() {
        let headers = head.headers.iter();
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let headers: HashMap<_, _> = headers
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect();
        state.lock().unwrap().requests.push(Taken {
            path: as_by_http(head.uri.path()).to_owned(),
            headers,
            body: body.to_bytes().to_vec(),
        });
    }
    let mut response = Response::new(match is_grpc && status.is_success() {
        false => Full::from(said).boxed_unsync(),
        true => {
            let mut body = vec![0; 5];
            body[4] = said.len().try_into().unwrap();
            body.extend(said);
            let trailers =
                HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
            Full::from(body)
                .with_trailers(async { Some(Ok(trailers)) })
                .boxed_unsync()
        }
    });
    *response.status_mut() = status;
    Ok(response)
}

/// The path at which the same is taken by HTTP.
fn as_by_http(path: &str) -> &str {
    match path {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => "/v1/traces",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => "/v1/metrics",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => "/v1/logs",
        other => other,
    }
}

//! A server that answers each request as a test wants it answered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use campanile_hub_client::{HubConnectionBuilder, Transport};
use futures_util::{SinkExt, StreamExt};
use http::header::{CONNECTION, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::soon;

/// Ends a message.
pub(crate) const RS: char = '\u{1e}';

/// What accepts a handshake.
pub(crate) const CONSENT: &str = "{}\u{1e}";

type Pieces = mpsc::UnboundedReceiver<Result<Frame<Bytes>, std::io::Error>>;
type Body = Either<Full<Bytes>, StreamBody<futures_util::stream::BoxStream<'static, Piece>>>;
type Piece = Result<Frame<Bytes>, std::io::Error>;

/// Its requests are the test's to answer, one after another as they come, but for those that bring nothing except pings and
/// close messages.
pub(crate) struct ScriptedServer {
    pub(crate) url: String,
    requests: mpsc::UnboundedReceiver<Request>,
    /// What came before something that was waited for.
    aside: VecDeque<Request>,
    pings: Arc<AtomicUsize>,
}

/// A request that waits for its answer; dropped, it gets none, and its connection ends.
pub(crate) struct Request {
    pub(crate) head: Parts,
    pub(crate) body: String,
    answer: oneshot::Sender<Response<Body>>,
    upgrade: Option<OnUpgrade>,
}

impl ScriptedServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::unbounded_channel();
        let pings = Arc::new(AtomicUsize::new(0));
        let counted = pings.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (sender, pings) = (sender.clone(), counted.clone());
                let service =
                    service_fn(move |request| ask(request, sender.clone(), pings.clone()));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                // Tests hang up in the middle of things.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self {
            url,
            requests,
            aside: VecDeque::new(),
            pings,
        }
    }

    pub(crate) fn builder(&self) -> HubConnectionBuilder {
        HubConnectionBuilder::new(format!("{}/hub", self.url))
    }

    /// The next request.
    pub(crate) async fn next(&mut self) -> Request {
        match self.aside.pop_front() {
            Some(request) => request,
            None => soon(self.requests.recv()).await.unwrap(),
        }
    }

    /// The next request with this method; others keep their place.
    pub(crate) async fn take(&mut self, method: Method) -> Request {
        let before = self.aside.iter().position(|it| it.head.method == method);
        if let Some(request) = before.and_then(|at| self.aside.remove(at)) {
            return request;
        }
        loop {
            let request = soon(self.requests.recv()).await.unwrap();
            if request.head.method == method {
                return request;
            }
            self.aside.push_back(request);
        }
    }

    /// The next messages that are posted, taken.
    pub(crate) async fn post(&mut self) -> Request {
        let request = self.take(Method::POST).await;
        let copy = request.copy();
        request.status(200);
        copy
    }

    /// Whether a request is waiting that nobody has looked at.
    pub(crate) fn is_asked(&self) -> bool {
        !self.requests.is_empty() || !self.aside.is_empty()
    }

    /// The pings that were posted so far.
    pub(crate) fn pings(&self) -> usize {
        self.pings.load(Ordering::Relaxed)
    }
}

async fn ask(
    mut request: hyper::Request<Incoming>,
    sender: mpsc::UnboundedSender<Request>,
    pings: Arc<AtomicUsize>,
) -> Result<Response<Body>, &'static str> {
    let upgrade = request
        .headers()
        .contains_key(UPGRADE)
        .then(|| hyper::upgrade::on(&mut request));
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "it is cut off")?;
    let (answer, answered) = oneshot::channel();
    let request = Request {
        head,
        body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        answer,
        upgrade,
    };
    let types: Vec<_> = parts(&request.body).map(|it| it["type"].clone()).collect();
    let count = types.iter().filter(|it| **it == 6).count();
    pings.fetch_add(count, Ordering::Relaxed);
    if !types.is_empty() && types.iter().all(|it| *it == 6 || *it == 7) {
        request.status(200);
    } else {
        let _ = sender.send(request);
    }
    answered.await.map_err(|_| "it is not answered")
}

impl Request {
    /// The same to look at, which nobody waits for.
    pub(crate) fn copy(&self) -> Self {
        Self {
            head: self.head.clone(),
            body: self.body.clone(),
            answer: oneshot::channel().0,
            upgrade: None,
        }
    }

    pub(crate) fn asks_for_a_web_socket(&self) -> bool {
        self.head.headers.contains_key(SEC_WEBSOCKET_KEY)
    }

    pub(crate) fn header(&self, name: impl Into<HeaderName>) -> Option<&str> {
        self.head.headers.get(name.into())?.to_str().ok()
    }

    /// The value of a parameter of the query.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.head.uri.query()?.as_bytes())
            .find(|(it, _)| it == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The messages in the body, but for pings.
    pub(crate) fn messages(&self) -> Vec<Value> {
        parts(&self.body).filter(|it| it["type"] != 6).collect()
    }

    pub(crate) fn respond(self, status: u16, headers: &[(HeaderName, &str)], body: &str) {
        let body = Full::new(Bytes::from(body.to_owned()));
        let mut response = Response::new(Either::Left(body));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            response.headers_mut().append(name, value);
        }
        // Who has hung up hears nothing any more.
        let _ = self.answer.send(response);
    }

    pub(crate) fn status(self, status: u16) {
        self.respond(status, &[], "");
    }

    pub(crate) fn text(self, body: &str) {
        self.respond(200, &[], body);
    }

    pub(crate) fn json(self, body: &Value) {
        self.text(&body.to_string());
    }

    /// Answers by and by.
    pub(crate) fn stream(self, headers: &[(HeaderName, &str)]) -> Pipe {
        let (pieces, mut given): (_, Pieces) = mpsc::unbounded_channel();
        let given = futures_util::stream::poll_fn(move |cx| given.poll_recv(cx)).boxed();
        let mut response = Response::new(Either::Right(StreamBody::new(given)));
        for (name, value) in headers {
            let value = HeaderValue::from_str(value).unwrap();
            response.headers_mut().insert(name, value);
        }
        let _ = self.answer.send(response);
        Pipe(pieces)
    }

    /// Opens a stream of Server-Sent Events.
    pub(crate) fn events(self) -> Pipe {
        self.stream(&[(CONTENT_TYPE, "text/event-stream")])
    }

    /// Waits until the client hangs up on it.
    pub(crate) async fn given_up(mut self) {
        soon(self.answer.closed()).await;
    }

    /// Makes a WebSocket of it.
    pub(crate) async fn upgrade(self, headers: HeaderMap) -> Socket {
        let key = self.head.headers[SEC_WEBSOCKET_KEY].as_bytes();
        let accept = derive_accept_key(key);
        let mut response = Response::new(Either::Left(Full::default()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = headers;
        for (name, value) in [
            (CONNECTION, "upgrade"),
            (UPGRADE, "websocket"),
            (SEC_WEBSOCKET_ACCEPT, &accept),
        ] {
            let value = HeaderValue::from_str(value).unwrap();
            response.headers_mut().insert(name, value);
        }
        let _ = self.answer.send(response);
        let stream = soon(self.upgrade.expect("it asks for a WebSocket")).await;
        let stream = TokioIo::new(stream.unwrap());
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        Socket(socket, Vec::new())
    }

    /// Accepts a WebSocket and the handshake on it.
    pub(crate) async fn accept(self) -> Socket {
        let mut socket = self.upgrade(HeaderMap::new()).await;
        assert!(socket.receive().await["protocol"].is_string());
        socket.write(CONSENT).await;
        socket
    }
}

/// An answer that goes on; dropped, it ends.
pub(crate) struct Pipe(mpsc::UnboundedSender<Piece>);

impl Pipe {
    pub(crate) fn write(&self, text: &str) {
        let frame = Frame::data(Bytes::from(text.to_owned()));
        let _ = self.0.send(Ok(frame));
    }

    /// Sends messages as one event.
    pub(crate) fn event(&self, messages: &str) {
        self.write(&format!("data: {messages}\r\n\r\n"));
    }

    /// Ends it in the middle.
    pub(crate) fn cut(self) {
        let _ = self.0.send(Err(std::io::Error::other("cut")));
    }

    /// Waits until the client hangs up on it.
    pub(crate) async fn given_up(self) {
        soon(self.0.closed()).await;
    }
}

/// The server's side of a WebSocket, in JSON.
pub(crate) struct Socket(WebSocketStream<TokioIo<Upgraded>>, Vec<Value>);

impl Socket {
    /// The next message that is no ping.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            if self.1.is_empty() {
                let message = soon(self.0.next()).await.unwrap().unwrap();
                self.1.extend(values(&message));
            } else {
                return self.1.remove(0);
            }
        }
    }

    /// What comes until the client closes, but for pings; then the code of its close frame.
    pub(crate) async fn rest(&mut self) -> (Vec<Value>, Option<u16>) {
        let mut messages = std::mem::take(&mut self.1);
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Close(frame))) => {
                    return (messages, frame.map(|it| it.code.into()));
                }
                Some(Ok(message)) => messages.extend(values(&message)),
                Some(Err(_)) | None => return (messages, None),
            }
        }
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &Value) {
        self.write(&format!("{message}{RS}")).await;
    }

    /// Answers a call with this result.
    pub(crate) async fn answer(&mut self, call: &Value, result: impl Into<Value>) {
        let result: Value = result.into();
        self.send(&json!({ "type": 3, "invocationId": call["invocationId"], "result": result }))
            .await;
    }

    /// Closes with this code.
    pub(crate) async fn close(&mut self, code: u16) {
        let frame = CloseFrame {
            code: code.into(),
            reason: Utf8Bytes::default(),
        };
        // The client may have hung up already.
        let _ = self.0.close(Some(frame)).await;
    }

    pub(crate) async fn write(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }
}

fn parts(text: &str) -> impl Iterator<Item = Value> {
    text.split_terminator(RS)
        .map(|it| serde_json::from_str(it).unwrap())
}

/// The messages that came in one, but for pings.
fn values(message: &Message) -> Vec<Value> {
    let parts = parts(message.to_text().unwrap());
    parts.filter(|it| it["type"] != 6).collect()
}

/// An offer of these transports.
pub(crate) fn offer(token: &str, transports: &[Transport]) -> Value {
    let transports: Vec<_> = transports
        .iter()
        .map(|it| json!({ "transport": it.name(), "transferFormats": ["Text", "Binary"] }))
        .collect();
    json!({
        "connectionId": format!("ID-{token}"),
        "connectionToken": token,
        "negotiateVersion": 1,
        "availableTransports": transports,
    })
}

//! A server that answers each request as a test wants it answered.

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
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::soon;

/// Ends a message.
pub(crate) const RS: char = '\u{1e}';

/// What accepts a handshake.
pub(crate) const CONSENT: &str = "{}\u{1e}";

type Pieces = mpsc::UnboundedReceiver<Result<Frame<Bytes>, std::io::Error>>;
type Body = Either<Full<Bytes>, StreamBody<futures_util::stream::BoxStream<'static, Piece>>>;
type Piece = Result<Frame<Bytes>, std::io::Error>;

/// Its requests are the test's to answer, one after another as they come.
pub(crate) struct ScriptedServer {
    pub(crate) url: String,
    requests: mpsc::UnboundedReceiver<Request>,
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
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let sender = sender.clone();
                let service = service_fn(move |request| ask(request, sender.clone()));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                // Tests hang up in the middle of things.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { url, requests }
    }

    pub(crate) fn builder(&self) -> HubConnectionBuilder {
        HubConnectionBuilder::new(format!("{}/hub", self.url))
    }

    pub(crate) async fn next(&mut self) -> Request {
        soon(self.requests.recv()).await.unwrap()
    }

    /// The next request, which has to be of this kind.
    pub(crate) async fn expect(&mut self, method: Method, path: &str) -> Request {
        let request = self.next().await;
        assert_eq!(
            (&request.head.method, request.head.uri.path()),
            (&method, path)
        );
        request
    }

    /// Whether a request is waiting that nobody has looked at.
    pub(crate) fn is_asked(&self) -> bool {
        !self.requests.is_empty()
    }

    /// Answers the negotiation with this one transport.
    pub(crate) async fn negotiate(&mut self, transport: Transport) -> Parts {
        let request = self.expect(Method::POST, "/hub/negotiate").await;
        let head = request.head.clone();
        request.json(&offer("TOKEN", &[transport]));
        head
    }
}

async fn ask(
    mut request: hyper::Request<Incoming>,
    sender: mpsc::UnboundedSender<Request>,
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
    let _ = sender.send(request);
    answered.await.map_err(|_| "it is not answered")
}

impl Request {
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
        self.body
            .split_terminator(RS)
            .map(|it| serde_json::from_str::<Value>(it).unwrap())
            .filter(|it| it["type"] != 6)
            .collect()
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
        Socket(WebSocketStream::from_raw_socket(stream, Role::Server, None).await)
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
pub(crate) struct Socket(WebSocketStream<TokioIo<Upgraded>>);

impl Socket {
    /// The next message that is no ping.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            let message = soon(self.0.next()).await.unwrap().unwrap();
            let text = message.to_text().unwrap().trim_end_matches(RS);
            let message: Value = serde_json::from_str(text).unwrap();
            if message["type"] != 6 {
                return message;
            }
        }
    }

    pub(crate) async fn write(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }
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

//! A hub on a bare hyper server, and a client of raw WebSocket frames.

#![allow(
    dead_code,
    reason = "every test file is a crate of its own and uses a part of this"
)]

pub(crate) mod requests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use campanile_host::services::{ServiceCollection, ServiceProvider};
use campanile_hub::{Hub, HubContext, HubOptions, HubService, HubServiceCollectionExt};
use campanile_web::{ConnectionTracker, Principal};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tower_service::Service;

/// How long a test waits for what has to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a test waits for what must not come.
pub(crate) const SILENCE: Duration = Duration::from_millis(150);

/// Waits until something is so.
pub(crate) async fn eventually(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .expect("it has not come to be");
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) services: ServiceProvider,
}

impl Server {
    pub(crate) async fn start<H: Hub>(options: HubOptions) -> Self {
        Self::start_with::<H>(options, |_| {}).await
    }

    /// Serves `H` at any path.
    pub(crate) async fn start_with<H: Hub>(
        options: HubOptions,
        configure: impl FnOnce(&mut ServiceCollection),
    ) -> Self {
        let mut services = ServiceCollection::new();
        services.add_hub::<H>();
        configure(&mut services);
        let services = services.build().unwrap();
        let hub = HubService::new::<H>(&services, options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let tracker = ConnectionTracker::new();
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                let (hub, tracker) = (hub.clone(), tracker.clone());
                let service = service_fn(move |mut request| {
                    let mut hub = hub.clone();
                    let user = request.headers().get("x-user").cloned();
                    let extensions = http::Request::extensions_mut(&mut request);
                    extensions.insert(tracker.clone());
                    if let Some(user) = user {
                        let claim = ("sub", user.to_str().unwrap());
                        extensions.insert(Principal::new([claim]));
                    }
                    async move { Ok::<_, Infallible>(hub.call(request).await.unwrap()) }
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .with_upgrades();
                tokio::spawn(connection);
            }
        });
        Self { address, services }
    }

    pub(crate) fn context<H: Hub>(&self) -> HubContext<H> {
        self.services.inject().unwrap()
    }

    pub(crate) async fn connect(&self) -> Client {
        self.connect_to("/").await
    }

    /// Connects and shakes hands.
    pub(crate) async fn connect_to(&self, path: &str) -> Client {
        self.open(path).await.shaking_hands().await
    }

    /// Connects without a handshake.
    pub(crate) async fn open(&self, path: &str) -> Client {
        self.open_as(path, None).await.unwrap()
    }

    /// The same as a user; the status where that is refused.
    pub(crate) async fn open_as(&self, path: &str, user: Option<&str>) -> Result<Client, u16> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let url = format!("ws://{}{path}", self.address);
        let mut request = url.into_client_request().unwrap();
        if let Some(user) = user {
            request
                .headers_mut()
                .insert("x-user", user.parse().unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => Ok(Client {
                socket,
                text: String::new(),
            }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    text: String,
}

impl Client {
    pub(crate) async fn shaking_hands(mut self) -> Self {
        self.send_text("{\"protocol\":\"json\",\"version\":1}\u{1e}")
            .await;
        assert_eq!(self.next().await, Some(serde_json::json!({})));
        self
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(&format!("{message}\u{1e}")).await;
    }

    /// Calls a method and wants an answer under the id `id`.
    pub(crate) async fn call(&mut self, id: &str, target: &str, arguments: Value) {
        self.send(serde_json::json!({"type": 1, "invocationId": id, "target": target, "arguments": arguments}))
            .await;
    }

    /// Calls a method and waits for its completion, over whatever comes before.
    pub(crate) async fn invoke(&mut self, target: &str, arguments: Value) -> Value {
        self.call("invoke", target, arguments).await;
        loop {
            let message = self.next().await.expect("a completion");
            if message["invocationId"] == "invoke" {
                return message;
            }
        }
    }

    /// The next message but pings; none once the server has closed the socket.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.text.find('\u{1e}') {
                let message: Value = serde_json::from_str(&self.text[..end]).unwrap();
                self.text.drain(..=end);
                if message["type"] == 6 {
                    continue;
                }
                return Some(message);
            }
            match tokio::time::timeout(PATIENCE, self.socket.next())
                .await
                .expect("nothing came")
            {
                Some(Ok(Message::Text(text))) => self.text.push_str(&text),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Nothing comes for a while.
    pub(crate) async fn hears_nothing(&mut self) {
        if let Ok(message) = tokio::time::timeout(SILENCE, self.next()).await {
            panic!("unexpected: {message:?}");
        }
    }

    /// Everything until the server has closed the socket.
    pub(crate) async fn rest(&mut self) -> Vec<Value> {
        let mut messages = Vec::new();
        while let Some(message) = self.next().await {
            messages.push(message);
        }
        messages
    }
}

/// A response, its body perhaps still to come.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    headers: http::HeaderMap,
    stream: hyper::body::Incoming,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body up to and with `end`.
    pub(crate) async fn read_until(&mut self, end: &str) -> String {
        loop {
            if let Some(index) = self.body.find(end) {
                return self.body.drain(..index + end.len()).collect();
            }
            assert!(self.read().await, "the body ended: {:?}", self.body);
        }
    }

    /// The body up to its end.
    pub(crate) async fn rest(&mut self) -> String {
        while self.read().await {}
        std::mem::take(&mut self.body)
    }

    pub(crate) async fn into_reply(mut self) -> Self {
        while self.read().await {}
        self
    }

    async fn read(&mut self) -> bool {
        let frame = tokio::time::timeout(PATIENCE, self.stream.frame())
            .await
            .expect("nothing came");
        let Some(frame) = frame else { return false };
        if let Ok(bytes) = frame.unwrap().into_data() {
            self.body.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        true
    }
}

impl Server {
    /// One request on a connection of its own; the body of the answer is still to be read.
    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("Host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request
            .body(http_body_util::Full::new(bytes::Bytes::copy_from_slice(
                body.as_bytes(),
            )))
            .unwrap();
        let sent = tokio::time::timeout(PATIENCE, sender.send_request(request))
            .await
            .expect("no answer");
        let (parts, stream) = sent.unwrap().into_parts();
        Reply {
            status: parts.status.as_u16(),
            body: String::new(),
            headers: parts.headers,
            stream,
        }
    }

    pub(crate) async fn poll(&self, url: &str) -> Reply {
        self.request("GET", url, &[], "").await.into_reply().await
    }

    pub(crate) async fn post(&self, url: &str, body: &str) -> Reply {
        self.request("POST", url, &[], body)
            .await
            .into_reply()
            .await
    }

    /// Posts until the server does not know the connection any more; gives the last status.
    pub(crate) async fn post_until_gone(&self, url: &str) -> u16 {
        for _ in 0..1200 {
            let status = self.post(url, "").await.status;
            if status == 404 {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        200
    }

    /// The address of a connection that is negotiated.
    pub(crate) async fn negotiated(&self) -> String {
        let reply = self.post("/negotiate?negotiateVersion=1", "").await;
        let answer: Value = serde_json::from_str(&reply.body).unwrap();
        format!("/?id={}", answer["connectionToken"].as_str().unwrap())
    }
}

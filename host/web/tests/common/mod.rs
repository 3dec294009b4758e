//! Hosts on free ports, and requests as they are on the wire.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

use std::sync::Arc;
use std::time::Duration;

use campanile_host::configuration::ConfigurationBuilder;
use campanile_host::metrics::Metrics;
use campanile_host::{ApplicationLifetime, Host, HostBuilder};
use campanile_web::ServerAddresses;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A builder without the defaults, so that tests in one process do not share a log, listening on a free port.
pub fn builder() -> HostBuilder {
    with_urls("http://127.0.0.1:0")
}

pub fn with_urls(urls: &str) -> HostBuilder {
    let urls = urls.to_owned();
    HostBuilder::empty().configure_configuration(move |sources: &mut ConfigurationBuilder| {
        sources.add_in_memory([("urls", urls.as_str())]);
    })
}

/// Listens on a free port, with settings below `Kestrel`, as `Limits:KeepAliveTimeout`.
pub fn with_kestrel(settings: &[(&str, &str)]) -> HostBuilder {
    let settings: Vec<(String, String)> = settings
        .iter()
        .map(|(key, value)| (format!("Kestrel:{key}"), (*value).to_owned()))
        .collect();
    builder().configure_configuration(move |sources: &mut ConfigurationBuilder| {
        sources.add_in_memory(settings.clone());
    })
}

/// A started host.
pub struct Running {
    pub host: Arc<Host>,
    pub address: String,
}

pub async fn start(builder: HostBuilder) -> Running {
    let host = Arc::new(builder.build().unwrap());
    host.start().await.unwrap();
    let addresses = host.services().required::<ServerAddresses>().unwrap();
    let address = addresses.first().unwrap();
    Running { host, address }
}

impl Running {
    pub async fn connect(&self) -> Client {
        let address = self.address.strip_prefix("http://").unwrap();
        Client {
            socket: TcpStream::connect(address).await.unwrap(),
            buffer: Vec::new(),
        }
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, request: &str) -> Answer {
        self.connect().await.ask(request).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(&get(path)).await
    }

    /// What the metrics say of connections; nothing, before there was any.
    pub fn open_connections(&self) -> Option<f64> {
        let metrics = self.host.services().required::<Metrics>().unwrap();
        let text = metrics.to_prometheus();
        let line = text
            .lines()
            .find(|it| it.starts_with("kestrel_active_connections{"))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }

    pub fn lifetime(&self) -> ApplicationLifetime {
        self.host.services().inject().unwrap()
    }
}

pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: bell\r\n\r\n")
}

pub struct Client {
    pub socket: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1);
        let mut pairs = lines.filter_map(|line| line.split_once(": "));
        pairs
            .find(|(it, _)| it.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

impl Client {
    pub fn of(socket: TcpStream) -> Self {
        Self {
            socket,
            buffer: Vec::new(),
        }
    }

    pub async fn send(&mut self, text: &str) {
        self.socket.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends to a server that may have closed the connection.
    pub async fn try_send(&mut self, text: &str) -> std::io::Result<()> {
        self.socket.write_all(text.as_bytes()).await
    }

    /// Waits for anything; nothing, where the server ends the connection.
    pub async fn until_some(&mut self) -> String {
        self.more().await;
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    pub async fn ask(&mut self, request: &str) -> Answer {
        self.send(request).await;
        self.answer(!request.starts_with("HEAD")).await
    }

    /// Reads one response; its body ends with its length or with the connection.
    pub async fn answer(&mut self, has_body: bool) -> Answer {
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|it| it == b"\r\n\r\n") {
                let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
                break String::from_utf8(head).unwrap();
            }
            assert!(self.more().await, "the connection ended: {:?}", self.buffer);
        };
        let status = head[9..12].parse().unwrap();
        let mut answer = Answer {
            status,
            head,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map(|it| it.parse().unwrap());
        let length = length.unwrap_or(if status == 101 { 0 } else { usize::MAX });
        if has_body {
            while self.buffer.len() < length && self.more().await {}
            let body = self.buffer.drain(..length.min(self.buffer.len())).collect();
            answer.body = String::from_utf8(body).unwrap();
        }
        answer
    }

    /// Waits until the server ends the connection; what came until then.
    pub async fn until_closed(&mut self) -> String {
        while self.more().await {
            assert!(self.buffer.len() < 1 << 20, "it sends without end");
        }
        String::from_utf8_lossy(&self.buffer).into_owned()
    }

    /// Fills the buffer.
    pub async fn read(&mut self, bytes: &mut [u8]) {
        while self.buffer.len() < bytes.len() {
            assert!(self.more().await, "the connection ended: {:?}", self.buffer);
        }
        let read: Vec<u8> = self.buffer.drain(..bytes.len()).collect();
        bytes.copy_from_slice(&read);
    }

    async fn more(&mut self) -> bool {
        // A reset ends a connection just as well.
        matches!(self.socket.read_buf(&mut self.buffer).await, Ok(count) if count > 0)
    }
}

/// Waits until something is so, in real time; a failure says what.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

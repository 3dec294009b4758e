//! A bare connection to the clock's hub: what the server sends is seen as it is.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use crate::{PATIENCE, http};

const SEPARATOR: char = '\u{1e}';

/// A connection to `/hubs/clock`, past the handshake.
#[derive(Debug)]
pub struct HubConnection<S = TcpStream> {
    socket: WebSocket<S>,
    received: VecDeque<Value>,
}

impl HubConnection {
    /// Negotiates, opens a WebSocket and greets.
    ///
    /// # Panics
    ///
    /// Where the server does not do its part.
    #[must_use]
    pub fn open(address: SocketAddr) -> Self {
        let negotiated = http::request(address, "POST", "/hubs/clock/negotiate?negotiateVersion=1");
        let negotiated: Value =
            serde_json::from_str(&negotiated.body).expect("negotiate answers with JSON");
        let token = negotiated["connectionToken"]
            .as_str()
            .expect("version 1 has a token");

        let stream = TcpStream::connect(address).expect("the clock accepts connections");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("the timeout is not zero");
        Self::over(stream, &format!("ws://{address}/hubs/clock?id={token}"))
    }
}

impl<S: Read + Write> HubConnection<S> {
    /// Opens a WebSocket over a stream that is there, and greets.
    ///
    /// # Panics
    ///
    /// Where the server does not do its part.
    #[must_use]
    pub fn over(stream: S, url: &str) -> Self {
        let (socket, _) = tungstenite::client(url, stream)
            .map_err(|error| error.to_string())
            .expect("the upgrade is granted");
        let mut connection = Self {
            socket,
            received: VecDeque::new(),
        };
        connection.send(&json!({ "protocol": "json", "version": 1 }));
        assert_eq!(
            connection.message(),
            Some(json!({})),
            "the handshake is accepted"
        );
        connection
    }

    /// Sends a message.
    ///
    /// # Panics
    ///
    /// Where the connection is gone.
    pub fn send(&mut self, message: &Value) {
        self.socket
            .send(Message::text(format!("{message}{SEPARATOR}")))
            .expect("the connection is open");
    }

    /// The next message, or nothing when the server has closed the WebSocket properly.
    ///
    /// # Panics
    ///
    /// Where the connection breaks, or nothing comes for long.
    pub fn message(&mut self) -> Option<Value> {
        loop {
            if let Some(message) = self.received.pop_front() {
                return Some(message);
            }
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    let whole = text
                        .strip_suffix(SEPARATOR)
                        .expect("the server sends whole messages");
                    self.received.extend(
                        whole.split(SEPARATOR).map(|it| {
                            serde_json::from_str::<Value>(it).expect("a message is JSON")
                        }),
                    );
                }
                Ok(_) => {}
                Err(tungstenite::Error::ConnectionClosed) => return None,
                Err(error) => panic!("instead of a message: {error}"),
            }
        }
    }

    /// The argument of the next `ShowTime`.
    ///
    /// # Panics
    ///
    /// When the connection is closed instead, or there is none for long.
    pub fn time(&mut self) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            // Pings come all the time.
            assert!(Instant::now() < until, "no time within {PATIENCE:?}");
            let message = self.message().expect("the connection stays open");
            if message["target"] == "ShowTime" {
                return message["arguments"][0]
                    .as_str()
                    .expect("a time is text")
                    .to_owned();
            }
        }
    }

    /// All that comes until the server has closed the WebSocket, but for the ticks.
    pub fn rest(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.message())
            .filter(|message| message["target"] != "ShowTime")
            .collect()
    }
}

//! A server that says what a test wants it to say: over one WebSocket, in JSON.

use campanile_hub_client::{HubConnection, HubConnectionBuilder, Transport};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;

/// Answers handshakes with consent, and passes messages on in both directions.
pub(crate) struct FakeServer {
    pub(crate) url: String,
    received: UnboundedReceiver<Value>,
    to_send: UnboundedSender<String>,
}

impl FakeServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hub", listener.local_addr().unwrap());
        let (sender, received) = unbounded_channel();
        let (to_send, mut sending) = unbounded_channel::<String>();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
                    continue;
                };
                loop {
                    tokio::select! {
                        message = sending.recv() => {
                            // The test is over.
                            let Some(message) = message else {
                                return;
                            };
                            let message = Message::text(format!("{message}\u{1e}"));
                            if socket.send(message).await.is_err() {
                                break;
                            }
                        }
                        message = socket.next() => {
                            let Some(Ok(message)) = message else {
                                break;
                            };
                            for part in message.to_text().unwrap_or_default().split_terminator('\u{1e}') {
                                let part: Value = serde_json::from_str(part).unwrap_or_default();
                                if part["protocol"].is_string() {
                                    let _ = socket.send(Message::text("{}\u{1e}")).await;
                                } else {
                                    let _ = sender.send(part);
                                }
                            }
                        }
                    }
                }
            }
        });
        Self {
            url,
            received,
            to_send,
        }
    }

    pub(crate) fn builder(&self) -> HubConnectionBuilder {
        HubConnectionBuilder::new(self.url.clone())
            .transports([Transport::WebSockets])
            .skip_negotiation()
    }

    pub(crate) async fn connect(&self) -> HubConnection {
        let connection = self.builder().build().unwrap();
        connection.start().await.unwrap();
        connection
    }

    /// The next message of the client that is no ping.
    pub(crate) async fn message(&mut self) -> Value {
        loop {
            let message = self.received.recv().await.unwrap();
            if message["type"] != 6 {
                return message;
            }
        }
    }

    /// Sends this text as one message.
    pub(crate) fn send(&self, message: &str) {
        self.to_send.send(message.to_owned()).unwrap();
    }
}

//! A server that says what a test wants it to say: over one WebSocket at a time, in JSON.

use campanile_hub_client::{HubConnection, HubConnectionBuilder, Transport};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;

enum Order {
    Send(String),
    Drop,
}

/// Answers handshakes with consent, if at all, and passes messages on in both directions.
pub(crate) struct FakeServer {
    pub(crate) url: String,
    received: UnboundedReceiver<Value>,
    orders: UnboundedSender<Order>,
}

impl FakeServer {
    pub(crate) async fn start() -> Self {
        Self::launch(true).await
    }

    /// One that takes handshakes and says nothing.
    pub(crate) async fn silent() -> Self {
        Self::launch(false).await
    }

    async fn launch(consents: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hub", listener.local_addr().unwrap());
        let (sender, received) = unbounded_channel();
        let (orders, mut given) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, consents, &sender, &mut given).await;
            }
        });
        Self {
            url,
            received,
            orders,
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

    /// What the client sends next, handshakes and pings as well.
    pub(crate) async fn anything(&mut self) -> Value {
        self.received.recv().await.unwrap()
    }

    /// The next message of the client that is no ping.
    pub(crate) async fn message(&mut self) -> Value {
        loop {
            let message = self.anything().await;
            if message["type"].is_number() && message["type"] != 6 {
                return message;
            }
        }
    }

    /// Sends this text as one message.
    pub(crate) fn send(&self, message: &str) {
        self.order(Order::Send(format!("{message}\u{1e}")));
    }

    /// Ends the connection without a word.
    pub(crate) fn drop_connection(&self) {
        self.order(Order::Drop);
    }

    fn order(&self, order: Order) {
        assert!(self.orders.send(order).is_ok(), "the server lives");
    }
}

async fn serve(
    stream: TcpStream,
    consents: bool,
    sender: &UnboundedSender<Value>,
    given: &mut UnboundedReceiver<Order>,
) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    loop {
        tokio::select! {
            order = given.recv() => match order {
                Some(Order::Send(text)) => drop(socket.send(Message::text(text)).await),
                // Either the order or the end of the test.
                Some(Order::Drop) | None => return,
            },
            message = socket.next() => {
                let Some(Ok(message)) = message else {
                    return;
                };
                let text = message.to_text().unwrap_or_default();
                for part in text.split_terminator('\u{1e}') {
                    let part: Value = serde_json::from_str(part).unwrap_or_default();
                    if part["protocol"].is_string() && consents {
                        let _ = socket.send(Message::text("{}\u{1e}")).await;
                    }
                    let _ = sender.send(part);
                }
            }
        }
    }
}

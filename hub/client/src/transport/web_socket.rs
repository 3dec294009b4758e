//! WebSockets.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use campanile_hub_protocol::TransferFormat;
use futures_util::{Sink, SinkExt, Stream as _, StreamExt};
use http::header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{HeaderValue, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::Arrival;
use crate::ClientError;
use crate::http_client::HttpClient;
use crate::net::Stream;
use crate::outbox::Outbox;
use crate::url::HubUrl;

/// How long the other side has to answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct WebSocketLink {
    socket: WebSocketStream<Stream>,
    format: TransferFormat,
    /// Something is in the socket's buffer.
    unflushed: bool,
    ended: Ended,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Ended {
    No,
    /// By the other side's close frame, which is not answered yet.
    Closed,
    Broken,
}

/// Messages have the limits that their receiver sets; a client trusts its server.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(16 * 1024)
        .max_message_size(None)
        .max_frame_size(None)
}

impl WebSocketLink {
    pub(crate) async fn open(
        http: &HttpClient,
        url: &HubUrl,
        format: TransferFormat,
    ) -> Result<Self, ClientError> {
        let named = format!("the WebSocket {}", url.path());
        let mut headers = http.headers_with_new_token().await?;
        http.cookies().add_to(url, &mut headers);
        let host = HeaderValue::try_from(url.authority.as_str())
            .map_err(|error| ClientError::network(named.clone(), error))?;
        let key = HeaderValue::try_from(generate_key())
            .map_err(|error| ClientError::network(named.clone(), error))?;
        headers.entry(HOST).or_insert(host);
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, key);
        let mut request = Request::new(());
        *request.uri_mut() = url.web_socket_uri()?;
        *request.headers_mut() = headers;
        let stream = http.network().dial(url).await?;
        let (socket, response) =
            tokio_tungstenite::client_async_with_config(request, stream, Some(config()))
                .await
                .map_err(|error| match error {
                    Error::Http(response) => {
                        http.cookies().take(url, response.headers());
                        ClientError::Status {
                            request: named,
                            status: response.status(),
                        }
                    }
                    error => ClientError::network(named, error),
                })?;
        http.cookies().take(url, response.headers());
        Ok(Self {
            socket,
            format,
            unflushed: false,
            ended: Ended::No,
        })
    }

    pub(crate) fn poll_exchange(&mut self, cx: &mut Context<'_>, outbox: &Outbox) -> Poll<Arrival> {
        if let Poll::Ready(Err(error)) = self.poll_write(cx, outbox) {
            return Poll::Ready(self.lost(error));
        }
        self.poll_read(cx)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, outbox: &Outbox) -> Poll<Result<(), Error>> {
        let mut socket = Pin::new(&mut self.socket);
        loop {
            if self.unflushed {
                std::task::ready!(socket.as_mut().poll_flush(cx))?;
                self.unflushed = false;
            }
            std::task::ready!(socket.as_mut().poll_ready(cx))?;
            let bytes = std::task::ready!(outbox.poll_take(cx));
            socket.as_mut().start_send(message(self.format, bytes)?)?;
            self.unflushed = true;
        }
    }

    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Arrival> {
        loop {
            return Poll::Ready(
                match std::task::ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                    Some(Ok(Message::Text(text))) => Arrival::Bytes(Bytes::from(text)),
                    Some(Ok(Message::Binary(bytes))) => Arrival::Bytes(bytes),
                    Some(Ok(Message::Close(frame))) => self.closed(frame),
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => self.lost(error),
                    None => self.lost(Error::ConnectionClosed),
                },
            );
        }
    }

    fn closed(&mut self, frame: Option<CloseFrame>) -> Arrival {
        self.ended = Ended::Closed;
        match frame {
            Some(frame) if frame.code == CloseCode::Normal => Arrival::End,
            None => Arrival::End,
            Some(frame) => Arrival::Lost {
                error: ClientError::network(
                    "the server closed the WebSocket",
                    format!("{} {}", u16::from(frame.code), frame.reason),
                ),
                final_: true,
            },
        }
    }

    fn lost(&mut self, error: Error) -> Arrival {
        self.ended = Ended::Broken;
        Arrival::Lost {
            error: ClientError::network("the WebSocket", error),
            final_: false,
        }
    }

    pub(crate) async fn close(mut self, outbox: &Outbox, wait: bool) {
        match self.ended {
            Ended::Broken => return,
            Ended::No => {
                let rest = outbox.take();
                if !rest.is_empty() {
                    let Ok(message) = message(self.format, rest) else {
                        return;
                    };
                    let sent = tokio::time::timeout(CLOSE_TIMEOUT, self.socket.send(message));
                    if !matches!(sent.await, Ok(Ok(()))) {
                        return;
                    }
                }
            }
            // tungstenite would answer with the same code, whatever it is; the official clients close normally.
            Ended::Closed => {
                let stream = self.socket.into_inner();
                self.socket =
                    WebSocketStream::from_raw_socket(stream, Role::Client, Some(config())).await;
            }
        }
        let frame = CloseFrame {
            code: CloseCode::Normal,
            reason: Utf8Bytes::default(),
        };
        let said = tokio::time::timeout(CLOSE_TIMEOUT, self.socket.close(Some(frame))).await;
        if !matches!(said, Ok(Ok(()))) {
            return;
        }
        let answered = self.ended == Ended::Closed;
        let rest = tokio::time::timeout(CLOSE_TIMEOUT, async move {
            if !answered {
                while let Some(Ok(message)) = self.socket.next().await {
                    if message.is_close() {
                        break;
                    }
                }
            }
            // Unread bytes would make a reset of the end, and the close frame could be lost in it.
            let mut stream = self.socket.into_inner();
            let _ = stream.shutdown().await;
            if !wait || answered {
                let mut unread = [0; 1024];
                while stream.read(&mut unread).await.is_ok_and(|read| read > 0) {}
            }
        });
        if wait && !answered {
            let _ = rest.await;
        } else {
            tokio::spawn(rest);
        }
    }
}

fn message(format: TransferFormat, bytes: Vec<u8>) -> Result<Message, Error> {
    Ok(match format {
        TransferFormat::Text => Message::Text(
            Utf8Bytes::try_from(bytes).map_err(|error| Error::Utf8(error.to_string()))?,
        ),
        TransferFormat::Binary => Message::Binary(bytes.into()),
    })
}

//! Clients that cost next to nothing, and that can misbehave.

use std::{io, net::SocketAddr, time::Duration};

use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SEPARATOR: u8 = 0x1e;
const CLOSE: u8 = 8;

/// A WebSocket to a hub, in JSON, of which every byte is the test's.
#[derive(Debug)]
pub struct Member {
    stream: TcpStream,
    /// What has come and is not taken yet: first frames, then the messages in them.
    frames: Vec<u8>,
    messages: Vec<u8>,
    over: bool,
}

impl Member {
    /// Connects, and asks for nothing.
    ///
    /// # Errors
    ///
    /// Where the server does not accept.
    pub async fn dial(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            frames: Vec::new(),
            messages: Vec::new(),
            over: false,
        })
    }

    /// Opens a WebSocket, without a negotiation and without the hub's handshake.
    ///
    /// # Errors
    ///
    /// Where the server does not upgrade.
    pub async fn upgrade(address: SocketAddr, path: &str) -> io::Result<Self> {
        let mut member = Self::dial(address).await?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        member.raw(request.as_bytes()).await?;
        let head = loop {
            let end = member.frames.windows(4).position(|it| it == b"\r\n\r\n");
            if let Some(end) = end {
                break member.frames.drain(..end + 4).collect::<Vec<u8>>();
            }
            member.fill().await?;
        };
        if !head.starts_with(b"HTTP/1.1 101") {
            return Err(io::Error::other(
                String::from_utf8_lossy(&head).into_owned(),
            ));
        }
        Ok(member)
    }

    /// Opens a WebSocket and greets the hub.
    ///
    /// # Errors
    ///
    /// Where the server does not take the connection.
    pub async fn join(address: SocketAddr, path: &str) -> io::Result<Self> {
        let mut member = Self::upgrade(address, path).await?;
        member.send(r#"{"protocol":"json","version":1}"#).await?;
        match member.message().await? {
            Some(answer) if answer == "{}" => Ok(member),
            other => Err(io::Error::other(format!("the handshake: {other:?}"))),
        }
    }

    /// Sends a hub message.
    ///
    /// # Errors
    ///
    /// Where the connection is gone.
    pub async fn send(&mut self, message: &str) -> io::Result<()> {
        let mut frame = frame_head(message.len() + 1);
        frame.extend_from_slice(message.as_bytes());
        frame.push(SEPARATOR);
        self.raw(&frame).await
    }

    /// Sends bytes, whatever they are.
    ///
    /// # Errors
    ///
    /// Where the connection is gone.
    pub async fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// The next hub message, or nothing when the server has closed the WebSocket.
    ///
    /// # Errors
    ///
    /// Where the connection is cut.
    pub async fn message(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.messages.iter().position(|byte| *byte == SEPARATOR) {
                let message = self.messages[..end].to_vec();
                self.messages.drain(..=end);
                if self.messages.is_empty() {
                    // Ten thousand idle members keep nothing.
                    self.messages = Vec::new();
                }
                return String::from_utf8(message)
                    .map(Some)
                    .map_err(io::Error::other);
            }
            if self.over {
                return Ok(None);
            }
            if !self.unframe() {
                self.fill().await?;
            }
        }
    }

    /// Breaks the connection off as a machine does that loses its power and comes back: with a reset.
    pub fn vanish(self) {
        // Without the option it is closed in order, which is a way to go, too.
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    async fn fill(&mut self) -> io::Result<()> {
        if self.stream.read_buf(&mut self.frames).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// Takes one whole frame, where there is one.
    fn unframe(&mut self) -> bool {
        let [first, second, rest @ ..] = &self.frames[..] else {
            return false;
        };
        let size = usize::from(match second & 0x7f {
            126 => 2_u8,
            127 => 8,
            _ => 0,
        });
        let Some(extended) = rest.get(..size) else {
            return false;
        };
        let length = if size == 0 {
            usize::from(second & 0x7f)
        } else {
            extended
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte))
        };
        let start = 2 + size;
        let Some(payload) = self.frames.get(start..start + length) else {
            return false;
        };
        match first & 0x0f {
            CLOSE => self.over = true,
            0..=2 => self.messages.extend_from_slice(payload),
            _ => {}
        }
        self.frames.drain(..start + length);
        if self.frames.is_empty() {
            self.frames = Vec::new();
        }
        true
    }
}

/// The head of a text frame whose mask changes nothing.
#[must_use]
fn frame_head(length: usize) -> Vec<u8> {
    let mut head = vec![0x81];
    if let Ok(length) = u8::try_from(length)
        && length < 126
    {
        head.push(0x80 | length);
    } else if let Ok(length) = u16::try_from(length) {
        head.push(0x80 | 126);
        head.extend_from_slice(&length.to_be_bytes());
    } else {
        head.push(0x80 | 127);
        head.extend_from_slice(&(length as u64).to_be_bytes());
    }
    head.extend_from_slice(&[0; 4]);
    head
}

//! The socket of a connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use crate::activity::Activity;
use crate::first_line::{FirstLine, Progress};

/// What is answered to a head that does not come to its end.
const REQUEST_TIMEOUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// What a client begins HTTP/2 with.
#[cfg(feature = "http2")]
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// An accepted socket, as it is or with TLS on it.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::server::TlsStream<Self>>),
}

/// An accepted socket. It holds its connection's activity, and with it the tracker's token: it goes where the socket goes, so
/// that an upgraded connection counts as open until whoever took it over lets go of it.
#[derive(Debug)]
pub(crate) struct Stream {
    socket: Socket,
    activity: Arc<Activity>,
    beginning: Beginning,
}

/// How far the beginning of a connection has come.
#[derive(Debug)]
enum Beginning {
    /// The first line of the first request has not ended. (Of later requests their beginning is not known here.)
    Line(FirstLine),
    /// That line is refused: nothing more is read.
    Refused,
    /// So much of the preface, which has been read already, is to be read by who speaks HTTP/2.
    #[cfg(feature = "http2")]
    Preface(&'static [u8]),
    /// It is over.
    Past,
}

impl Stream {
    /// For HTTP/1, with a first line of at most so many bytes.
    pub(crate) fn http1(socket: Socket, activity: Arc<Activity>, line: usize) -> Self {
        let beginning = Beginning::Line(FirstLine::new(line));
        Self {
            socket,
            activity,
            beginning,
        }
    }

    /// For HTTP/2, of which the preface has been read.
    #[cfg(feature = "http2")]
    pub(crate) fn http2(socket: Socket, activity: Arc<Activity>) -> Self {
        let beginning = Beginning::Preface(PREFACE);
        Self {
            socket,
            activity,
            beginning,
        }
    }

    /// Answers instead of who reads. It is short: what the socket does not take at once is not worth waiting for.
    fn answer(&mut self, cx: &mut Context<'_>, answer: &[u8]) {
        let written = Pin::new(&mut self.socket).poll_write(cx, answer);
        if let Poll::Ready(Ok(_)) = written {
            let _ = Pin::new(&mut self.socket).poll_flush(cx);
        }
    }

    /// The status by which the first line is refused with what was read.
    fn refusal(&mut self, read: &[u8]) -> Option<StatusCode> {
        let Beginning::Line(line) = &mut self.beginning else {
            return None;
        };
        match line.read(read) {
            Progress::Unfinished => None,
            Progress::Ended => {
                self.beginning = Beginning::Past;
                None
            }
            Progress::Refused(status) => {
                self.beginning = Beginning::Refused;
                Some(status)
            }
        }
    }

    fn written(
        &self,
        size: impl FnOnce() -> usize,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match polled {
            Poll::Pending => self.activity.write_blocked(size()),
            Poll::Ready(_) => self.activity.write_went_on(),
        }
        polled
    }
}

macro_rules! delegate {
    ($self:ident, $socket:ident => $call:expr) => {
        match $self.get_mut() {
            Self::Tcp($socket) => $call,
            #[cfg(unix)]
            Self::Unix($socket) => $call,
            #[cfg(feature = "tls")]
            Self::Tls($socket) => $call,
        }
    };
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        delegate!(self, socket => Pin::new(socket).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, socket => Pin::new(socket).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        delegate!(self, socket => Pin::new(socket).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, socket => Pin::new(socket).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        delegate!(self, socket => Pin::new(socket).poll_shutdown(cx))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.activity.now().is_timed_out() {
            this.answer(cx, REQUEST_TIMEOUT);
            return Poll::Ready(Ok(()));
        }
        match &mut this.beginning {
            Beginning::Refused => return Poll::Ready(Ok(())),
            #[cfg(feature = "http2")]
            Beginning::Preface(rest) => {
                let (now, later) = rest.split_at(rest.len().min(buffer.remaining()));
                buffer.put_slice(now);
                *rest = later;
                if later.is_empty() {
                    this.beginning = Beginning::Past;
                }
                return Poll::Ready(Ok(()));
            }
            Beginning::Line(_) | Beginning::Past => {}
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.socket).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.activity.received();
            if let Some(status) = this.refusal(&buffer.filled()[before..]) {
                let answer =
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                this.answer(cx, answer.as_bytes());
                buffer.set_filled(before);
            }
        }
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.written(|| bytes.len(), polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.written(|| slices.iter().map(|it| it.len()).sum(), polled)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

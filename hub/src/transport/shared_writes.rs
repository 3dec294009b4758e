//! A stream that takes finished frames beside the bytes of a WebSocket library.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::trim;

/// The most buffers that one vectored write takes.
const SLICES: usize = 64;

/// Frames of up to this size are copied together, into pieces of at most so many bytes.
const SMALL: usize = 512;
const PIECE: usize = 64 * 1024;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// What is read ahead. It keeps its length, so that it is cleared once.
    static AHEAD: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// The most bytes of control frames that are kept for a client that does not read.
const CONTROL_LIMIT: usize = 16 * 1024;

/// Writes shared frames in batches, whole frame by whole frame.
///
/// The WebSocket library above reads through it and writes only its own control frames, mostly pongs. Whatever it
/// writes is queued as one piece behind what is being written, so that a pong never lands inside a half-written
/// frame, and reading goes on while a write is stuck.
#[derive(Debug)]
pub(crate) struct SharedWrites<S> {
    stream: S,
    pending: VecDeque<Bytes>,
    /// Bytes of the first pending frame that have left.
    offset: usize,
    /// Bytes in `pending` that came from the library.
    control: usize,
    /// Bytes that have ever left.
    total: u64,
    /// What was read before the library asked for it.
    ahead: Option<io::Result<Ahead>>,
}

/// Bytes that the library has not taken yet.
#[derive(Debug)]
struct Ahead {
    piece: Vec<u8>,
    start: usize,
    end: usize,
}

impl<S: AsyncWrite + Unpin> SharedWrites<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            pending: VecDeque::new(),
            offset: 0,
            control: 0,
            total: 0,
            ahead: None,
        }
    }

    /// Where the next frames are to be put, behind those that wait.
    pub(crate) fn pending(&mut self) -> &mut VecDeque<Bytes> {
        &mut self.pending
    }

    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Writes all that is pending, and tells how many bytes have left by then.
    pub(crate) fn poll_drain(
        &mut self,
        written: &mut usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let held = self.pending.len();
        if held == 0 {
            return Poll::Ready(Ok(()));
        }
        while !self.pending.is_empty() {
            let count = ready!(self.poll_write_some(context))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *written += count;
            self.total += count as u64;
            self.advance(count);
        }
        self.control = 0;
        trim(&mut self.pending, held);
        Poll::Ready(Ok(()))
    }

    /// Writes the first pending frames: one by itself, many small ones as one piece, others where they are.
    fn poll_write_some(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut size = 0;
        let small = self
            .pending
            .iter()
            .take_while(|frame| {
                size += frame.len();
                frame.len() <= SMALL && size <= PIECE
            })
            .count();
        if self.pending.len() == 1 {
            let rest = &self.pending[0][self.offset..];
            return Pin::new(&mut self.stream).poll_write(context, rest);
        }
        if small > 1 {
            // The kernel takes one piece of a few KiB faster than as many slices.
            let mut piece = SCRATCH.take();
            piece.clear();
            piece.extend_from_slice(&self.pending[0][self.offset..]);
            for frame in self.pending.range(1..small) {
                piece.extend_from_slice(frame);
            }
            let written = Pin::new(&mut self.stream).poll_write(context, &piece);
            SCRATCH.set(piece);
            return written;
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let mut filled = 0;
        for (slice, frame) in slices.iter_mut().zip(&self.pending) {
            let start = if filled == 0 { self.offset } else { 0 };
            *slice = IoSlice::new(&frame[start..]);
            filled += 1;
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, &slices[..filled])
    }

    fn advance(&mut self, count: usize) {
        self.offset += count;
        while let Some(first) = self.pending.front()
            && self.offset >= first.len()
        {
            self.offset -= first.len();
            self.pending.pop_front();
        }
    }
}

impl<S: AsyncRead + Unpin> SharedWrites<S> {
    /// Waits until there is something to read for the library, be it the end, and has it ready then: `size` bytes at most.
    pub(crate) fn poll_read_ahead(&mut self, size: usize, context: &mut Context<'_>) -> Poll<()> {
        if self.ahead.is_some() {
            return Poll::Ready(());
        }
        let mut piece = AHEAD.take();
        if piece.len() != size {
            piece.resize(size, 0);
        }
        let mut buffer = ReadBuf::new(&mut piece);
        let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
        let end = buffer.filled().len();
        let Poll::Ready(read) = read else {
            AHEAD.set(piece);
            return Poll::Pending;
        };
        let start = 0;
        self.ahead = Some(read.map(|()| Ahead { piece, start, end }));
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for SharedWrites<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(ahead) = self.ahead.take() else {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        };
        let Ahead { piece, start, end } = ahead?;
        let next = end.min(start + buffer.remaining());
        buffer.put_slice(&piece[start..next]);
        if next < end {
            let start = next;
            self.ahead = Some(Ok(Ahead { piece, start, end }));
        } else {
            AHEAD.set(piece);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for SharedWrites<S> {
    /// Takes everything at once. [`poll_drain`](SharedWrites::poll_drain) writes it.
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.control += bytes.len();
        if self.control > CONTROL_LIMIT {
            let text = "the client asks for answers and does not read them";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, text)));
        }
        self.pending.push_back(Bytes::copy_from_slice(bytes));
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    async fn drain<S: AsyncWrite + Unpin>(writes: &mut SharedWrites<S>) -> usize {
        let mut written = 0;
        std::future::poll_fn(|context| writes.poll_drain(&mut written, context))
            .await
            .unwrap();
        written
    }

    #[tokio::test]
    async fn what_the_library_writes_comes_after_whole_frames() {
        let (near, mut far) = duplex(4);
        let mut writes = SharedWrites::new(near);
        writes
            .pending()
            .extend([Bytes::from_static(b"first"), Bytes::from_static(b"second")]);
        let mut written = 0;
        let stuck = futures_util::future::poll_immediate(std::future::poll_fn(|context| {
            writes.poll_drain(&mut written, context)
        }));
        assert!(stuck.await.is_none());
        assert_eq!(written, 4);
        writes.write_all(b"pong").await.unwrap();
        writes.pending().push_back(Bytes::from_static(b"third"));
        let reader = tokio::spawn(async move {
            let mut text = String::new();
            far.read_to_string(&mut text).await.unwrap();
            text
        });
        assert_eq!(drain(&mut writes).await, 16);
        drop(writes);
        assert_eq!(reader.await.unwrap(), "firstsecondpongthird");
    }

    /// Counts the writes that reach it.
    #[derive(Default)]
    struct Counting {
        writes: usize,
        bytes: Vec<u8>,
    }

    impl AsyncWrite for Counting {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.writes += 1;
            self.bytes.extend_from_slice(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn many_small_frames_leave_in_few_pieces() {
        let mut writes = SharedWrites::new(Counting::default());
        let frames: Vec<_> = (0..2000)
            .map(|it| Bytes::from(format!("{it:050}")))
            .collect();
        writes.pending().extend(frames.iter().cloned());
        assert_eq!(drain(&mut writes).await, 2000 * 50);
        assert_eq!(writes.stream.bytes, frames.concat());
        assert_eq!(writes.stream.writes, (2000_usize * 50).div_ceil(PIECE));
    }

    #[tokio::test]
    async fn what_is_read_ahead_is_read_once_and_in_order() {
        let (near, mut far) = duplex(64);
        let mut stream = SharedWrites::new(near);
        let mut ahead = std::pin::pin!(async {
            std::future::poll_fn(|context| stream.poll_read_ahead(5, context)).await;
            // Twice is not more.
            std::future::poll_fn(|context| stream.poll_read_ahead(5, context)).await;
        });
        assert!(
            futures_util::future::poll_immediate(&mut ahead)
                .await
                .is_none()
        );
        far.write_all(b"more than five").await.unwrap();
        ahead.await;
        let mut some = [0; 3];
        stream.read_exact(&mut some).await.unwrap();
        assert_eq!(&some, b"mor");
        drop(far);
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "e than five");
        // The end is something to read as well.
        std::future::poll_fn(|context| stream.poll_read_ahead(5, context)).await;
        assert_eq!(stream.read(&mut some).await.unwrap(), 0);
        assert_eq!(stream.read(&mut some).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_client_that_never_reads_its_pongs_is_cut() {
        let (near, _far) = duplex(1);
        let mut writes = SharedWrites::new(near);
        let pong = [0; 127];
        let mut result = Ok(());
        for _ in 0..200 {
            result = writes.write_all(&pong).await;
        }
        assert_eq!(result.unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}

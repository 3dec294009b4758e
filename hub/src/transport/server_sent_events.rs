//! The Server-Sent Events transport.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use std::{fmt, io};

use bytes::Bytes;
use campanile_web::Body;
use futures_util::Stream;

use super::{HttpTransportType, Inbox, Received, Transport};
use crate::HubOptions;
use crate::connection::{BATCH_BYTES, Frame, SendQueue};

/// One client's stream of events, and the inbox of what it posts.
pub(crate) struct ServerSentEventsTransport {
    events: Arc<Events>,
    inbox: Arc<Inbox>,
    /// What the queue counts for the events that the response has not taken yet.
    in_flight: usize,
    total: u64,
}

/// Events between the connection's task and the response's body.
#[derive(Debug, Default)]
struct Events {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Bytes>,
    /// Nothing comes any more.
    finished: bool,
    /// The response was dropped.
    gone: bool,
    body: Option<Waker>,
    task: Option<Waker>,
}

impl ServerSentEventsTransport {
    /// The transport, and the body of the response that it writes to.
    pub(crate) fn new(inbox: Arc<Inbox>) -> (Self, Body) {
        let events = Arc::new(Events::default());
        // A comment: it makes browsers say that the stream is open.
        events.lock().chunks.push_back(Bytes::from_static(b":\r\n"));
        let body = Body::stream(EventBody(events.clone()));
        (
            Self {
                events,
                inbox,
                in_flight: 0,
                total: 0,
            },
            body,
        )
    }

    fn push_events(&self, events: Vec<u8>) {
        let mut state = self.events.lock();
        state.chunks.push_back(events.into());
        wake(state.body.take());
    }
}

impl Transport for ServerSentEventsTransport {
    const KIND: HttpTransportType = HttpTransportType::ServerSentEvents;

    fn push(&mut self, frame: Frame) {
        let mut events = Vec::new();
        write_event(&mut events, &frame.into_payload());
        self.push_events(events);
    }

    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.events.lock();
        if state.gone {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if state.chunks.is_empty() {
            return Poll::Ready(Ok(()));
        }
        state.task = Some(context.waker().clone());
        Poll::Pending
    }

    /// All that is queued leaves as one piece, each message as an event of its own: not every client expects several in
    /// one, though ASP.NET Core sends them.
    fn poll_flush(&mut self, queue: &SendQueue, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_drain(context))?;
            let written = std::mem::take(&mut self.in_flight);
            self.total += written as u64;
            let (mut events, mut bytes) = (Vec::new(), 0);
            let any = queue.take(
                written,
                BATCH_BYTES,
                |frame| {
                    bytes += frame.len();
                    write_event(&mut events, &frame.into_payload());
                },
                context,
            );
            if !any {
                // To learn of a client that goes away while there is nothing to say.
                self.events.lock().task = Some(context.waker().clone());
                return Poll::Ready(Ok(()));
            }
            self.in_flight = bytes;
            self.push_events(events);
        }
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Received> {
        if self.events.lock().gone {
            return Poll::Ready(Received::Gone(
                "the client closed the stream of events".to_owned(),
            ));
        }
        self.inbox
            .poll_next(context)
            .map(|bytes| bytes.map_or(Received::Close, Received::Bytes))
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.inbox.close();
        {
            let mut state = self.events.lock();
            state.finished = true;
            wake(state.body.take());
        }
        self.poll_drain(context).map(drop)
    }

    fn patience(options: &HubOptions) -> Duration {
        options.close_timeout
    }

    fn total_written(&self) -> u64 {
        self.total
    }

    fn has_pending(&self) -> bool {
        false
    }
}

impl Drop for ServerSentEventsTransport {
    fn drop(&mut self) {
        self.inbox.close();
        let mut state = self.events.lock();
        state.finished = true;
        wake(state.body.take());
    }
}

impl fmt::Debug for ServerSentEventsTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ServerSentEventsTransport")
            .finish_non_exhaustive()
    }
}

impl Events {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct EventBody(Arc<Events>);

impl Stream for EventBody {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut state = self.0.lock();
        if let Some(chunk) = state.chunks.pop_front() {
            wake(state.task.take());
            return Poll::Ready(Some(Ok(chunk)));
        }
        if state.finished {
            return Poll::Ready(None);
        }
        state.body = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Drop for EventBody {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.gone = true;
        wake(state.task.take());
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Appends the payload as one event: a `data` line for each of its lines, and an empty line at the end.
fn write_event(events: &mut Vec<u8>, payload: &[u8]) {
    if !payload.is_empty() {
        for line in payload.split(|byte| *byte == b'\n') {
            events.extend_from_slice(b"data: ");
            events.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            events.extend_from_slice(b"\r\n");
        }
    }
    events.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::write_event;

    fn event(payload: &[u8]) -> String {
        let mut events = Vec::new();
        write_event(&mut events, payload);
        String::from_utf8(events).unwrap()
    }

    #[test]
    fn every_line_has_its_field() {
        assert_eq!(event(b"{}\x1e"), "data: {}\u{1e}\r\n\r\n");
        assert_eq!(event(b""), "\r\n");
        assert_eq!(event(b"a\nb\r\nc"), "data: a\r\ndata: b\r\ndata: c\r\n\r\n");
        assert_eq!(event(b"a\n"), "data: a\r\ndata: \r\n\r\n");
    }
}

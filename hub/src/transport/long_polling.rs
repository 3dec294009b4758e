//! The long polling transport.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::{fmt, io};

use bytes::{Bytes, BytesMut};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{HttpTransportType, Inbox, Received, Transport};
use crate::HubOptions;
use crate::connection::{BATCH_BYTES, Frame, SendQueue};

/// How long the last poll of a client that is done, and was told of the end, may be on its way.
const LAST_POLL: Duration = Duration::from_secs(5);

/// One client that polls, and the inbox of what it posts.
pub(crate) struct LongPollingTransport {
    slot: Arc<PollSlot>,
    inbox: Arc<Inbox>,
    /// What is to leave with the next poll, past the queue.
    pending: VecDeque<Bytes>,
    total: u64,
}

/// Where the polls of a connection meet its task.
#[derive(Debug)]
pub(crate) struct PollSlot {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    poll: Option<(u64, oneshot::Sender<PollAnswer>)>,
    polls: u64,
    /// When the last poll ended.
    idle_since: Instant,
    /// Nobody polls any more: the client said so, or stayed away.
    abandoned: bool,
    /// It was the second.
    given_up: bool,
    /// The server ends the connection; only the last poll is still to be answered.
    ending: bool,
    /// Since when the client has nothing more to say; only while the connection ends.
    deleted: Option<Instant>,
    task: Option<Waker>,
}

/// What a poll is answered.
#[derive(Debug)]
pub(crate) enum PollAnswer {
    /// All that there was to say.
    Data(Bytes),
    /// A newer poll took over, or the connection is over.
    Nothing,
}

/// A poll that waits; ends it when dropped.
#[derive(Debug)]
pub(crate) struct WaitingPoll<'a> {
    slot: &'a PollSlot,
    number: u64,
    answer: oneshot::Receiver<PollAnswer>,
}

impl PollSlot {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                poll: None,
                polls: 0,
                idle_since: Instant::now(),
                abandoned: false,
                given_up: false,
                ending: false,
                deleted: None,
                task: None,
            }),
        }
    }

    /// Waits for an answer, at most for `timeout`: then there is none. An older poll is answered at once, with nothing.
    pub(crate) async fn poll(&self, timeout: Duration) -> Option<PollAnswer> {
        let mut waiting = self.enter();
        let answered = tokio::time::timeout(timeout, &mut waiting.answer).await;
        match answered {
            Ok(answer) => Some(answer.unwrap_or(PollAnswer::Nothing)),
            Err(_) => {
                // An answer that came at the last moment is not lost.
                waiting.answer.close();
                waiting.answer.try_recv().ok()
            }
        }
    }

    fn enter(&self) -> WaitingPoll<'_> {
        let (sender, answer) = oneshot::channel();
        let mut state = self.lock();
        state.polls += 1;
        let number = state.polls;
        if let Some((_, older)) = state.poll.replace((number, sender)) {
            // It may have gone away meanwhile.
            let _ = older.send(PollAnswer::Nothing);
        }
        wake(state.task.take());
        WaitingPoll {
            slot: self,
            number,
            answer,
        }
    }

    /// The client is done; `false` if a last poll of it may still be on its way.
    ///
    /// A client that reads the end of the connection in the answer to one poll may delete the connection while its next
    /// poll is under way already. That poll is then told of an end, not of a connection that never was.
    pub(crate) fn delete(&self) -> bool {
        let mut state = self.lock();
        if state.ending {
            state.deleted.get_or_insert_with(Instant::now);
            return false;
        }
        state.abandoned = true;
        wake(state.task.take());
        true
    }

    /// Gives the client up if it has not polled for as long as that, or if it is done and no last poll came.
    pub(crate) fn abandon_after(&self, timeout: Duration) {
        let mut state = self.lock();
        if state.poll.is_some() {
            return;
        }
        if state
            .deleted
            .is_some_and(|deleted| deleted.elapsed() >= LAST_POLL)
        {
            state.abandoned = true;
            wake(state.task.take());
        } else if state.idle_since.elapsed() >= timeout {
            state.abandoned = true;
            state.given_up = true;
            wake(state.task.take());
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WaitingPoll<'_> {
    fn drop(&mut self) {
        let mut state = self.slot.lock();
        if state
            .poll
            .as_ref()
            .is_some_and(|(number, _)| *number == self.number)
        {
            state.poll = None;
        }
        if state.poll.is_none() {
            state.idle_since = Instant::now();
        }
    }
}

impl LongPollingTransport {
    pub(crate) fn new(slot: Arc<PollSlot>, inbox: Arc<Inbox>) -> Self {
        Self {
            slot,
            inbox,
            pending: VecDeque::new(),
            total: 0,
        }
    }

    /// Answers the waiting poll with all that is pending.
    fn answer(&mut self, state: &mut State) {
        if self.pending.is_empty() {
            return;
        }
        while let Some((_, poll)) = state.poll.take() {
            let body = match self.pending.len() {
                1 => self.pending.pop_front().unwrap_or_default(),
                _ => self
                    .pending
                    .drain(..)
                    .fold(BytesMut::new(), |mut all, bytes| {
                        all.extend_from_slice(&bytes);
                        all
                    })
                    .freeze(),
            };
            self.total += body.len() as u64;
            // The poll may have been given up a moment ago: then the next one gets it.
            if let Err(PollAnswer::Data(body)) = poll.send(PollAnswer::Data(body)) {
                self.total -= body.len() as u64;
                self.pending.push_front(body);
            } else {
                return;
            }
        }
    }

    fn poll_written(
        &mut self,
        state: &mut State,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.answer(state);
        if self.pending.is_empty() {
            return Poll::Ready(Ok(()));
        }
        if state.abandoned {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        state.task = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Transport for LongPollingTransport {
    const KIND: HttpTransportType = HttpTransportType::LongPolling;

    fn push(&mut self, frame: Frame) {
        self.pending.push_back(frame.into_payload());
    }

    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let slot = self.slot.clone();
        let mut state = slot.lock();
        self.poll_written(&mut state, context)
    }

    /// Nothing leaves the queue before there is a poll to take it.
    fn poll_flush(&mut self, queue: &SendQueue, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let slot = self.slot.clone();
        let mut state = slot.lock();
        state.task = Some(context.waker().clone());
        if state.poll.is_some() {
            let mut taken = 0;
            while queue.take(
                std::mem::take(&mut taken),
                BATCH_BYTES,
                |frame| {
                    taken += frame.len();
                    self.pending.push_back(frame.into_payload());
                },
                context,
            ) {}
        }
        let written = self.poll_written(&mut state, context);
        if written.is_ready() && !queue.is_empty() && !state.abandoned {
            return Poll::Pending;
        }
        if state.abandoned && !queue.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        written
    }

    fn was_given_up(&self) -> bool {
        self.slot.lock().given_up
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Received> {
        if self.slot.lock().abandoned {
            return Poll::Ready(Received::Close);
        }
        self.inbox
            .poll_next(context)
            .map(|bytes| bytes.map_or(Received::Close, Received::Bytes))
    }

    /// The last poll is answered with nothing, whenever it comes.
    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.inbox.close();
        let slot = self.slot.clone();
        let mut state = slot.lock();
        match self.poll_written(&mut state, context) {
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(_)) => return Poll::Ready(()),
            Poll::Pending => return Poll::Pending,
        }
        if let Some((_, poll)) = state.poll.take() {
            let _ = poll.send(PollAnswer::Nothing);
            return Poll::Ready(());
        }
        if state.abandoned {
            return Poll::Ready(());
        }
        state.task = Some(context.waker().clone());
        Poll::Pending
    }

    fn patience(options: &HubOptions) -> Duration {
        options.disconnect_timeout
    }

    /// A server that stops takes no new connections: only a poll that is on its way can still come.
    fn patience_when_stopping(_: &HubOptions) -> Duration {
        Duration::from_secs(1)
    }

    fn total_written(&self) -> u64 {
        self.total
    }

    fn has_pending(&self) -> bool {
        false
    }

    fn ends(&mut self) {
        self.slot.lock().ending = true;
    }
}

impl Drop for LongPollingTransport {
    fn drop(&mut self) {
        self.inbox.close();
        let mut state = self.slot.lock();
        state.abandoned = true;
        if let Some((_, poll)) = state.poll.take() {
            let _ = poll.send(PollAnswer::Nothing);
        }
    }
}

impl fmt::Debug for LongPollingTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LongPollingTransport")
            .finish_non_exhaustive()
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

//! Stateful reconnect: a transport that outlives its sockets.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use std::{fmt, io};

use campanile_hub_protocol::{HubProtocol, SequenceError, SequenceReceiver, SequenceSender};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep};

use super::{HttpTransportType, Received, Transport};
use crate::HubOptions;
use crate::connection::{Frame, SendQueue};

/// How often the client is told what has arrived.
const ACKNOWLEDGE: Duration = Duration::from_secs(1);

/// Keeps what was sent until the client has acknowledged it, and sends it again over the client's next socket.
pub(crate) struct ResumingTransport<T> {
    /// None while the client is away.
    current: Option<T>,
    slot: Arc<ResumeSlot<T>>,
    /// Off until a handshake has asked for it, and from the moment on at which the connection is to end.
    enabled: Option<HubProtocol>,
    sent: SequenceSender<Frame>,
    received: SequenceReceiver,
    /// What the queue counts for frames that have not been written yet.
    in_flight: usize,
    /// Bytes that left over earlier sockets.
    total: u64,
    away: Option<Pin<Box<Sleep>>>,
    acknowledge: Option<Box<Interval>>,
    /// A new socket is there, and the session has not been told.
    resumed: bool,
    limit: usize,
    patience: Duration,
}

/// Where a client's next socket is handed over.
#[derive(Debug)]
pub(crate) struct ResumeSlot<T> {
    state: Mutex<State<T>>,
}

#[derive(Debug)]
struct State<T> {
    next: Option<T>,
    phase: Phase,
    task: Option<Waker>,
}

/// Whether a connection can be resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its handshake is still to come, or has not asked for it.
    Off,
    /// It can.
    On,
    /// It is over for good.
    Over,
}

impl<T> ResumeSlot<T> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                next: None,
                phase: Phase::Off,
                task: None,
            }),
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// Hands over the next socket. An older one that has not been taken is dropped.
    pub(crate) fn put(&self, next: T) {
        let mut state = self.lock();
        if state.phase == Phase::On {
            state.next = Some(next);
            let task = state.task.take();
            drop(state);
            if let Some(task) = task {
                task.wake();
            }
        }
    }

    fn set(&self, phase: Phase) {
        let mut state = self.lock();
        state.phase = phase;
        state.next = None;
    }

    fn take(&self, context: &mut Context<'_>) -> Option<T> {
        let mut state = self.lock();
        let next = state.next.take();
        if next.is_none() {
            match &mut state.task {
                Some(task) => task.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Transport> ResumingTransport<T> {
    pub(crate) fn new(first: T, slot: Arc<ResumeSlot<T>>, options: &HubOptions) -> Self {
        Self {
            current: Some(first),
            slot,
            enabled: None,
            sent: SequenceSender::default(),
            received: SequenceReceiver::default(),
            in_flight: 0,
            total: 0,
            away: None,
            acknowledge: None,
            resumed: false,
            limit: options.stateful_reconnect_buffer_size,
            patience: options.disconnect_timeout,
        }
    }

    /// The socket is gone; the client has some time to come with another one.
    fn lose(&mut self) {
        if let Some(lost) = self.current.take() {
            self.total += lost.total_written();
        }
        self.away = Some(Box::pin(sleep(self.patience)));
    }

    /// Takes over a new socket: what has not been acknowledged goes first.
    fn poll_resume(&mut self, protocol: HubProtocol, context: &mut Context<'_>) {
        let Some(mut next) = self.slot.take(context) else {
            return;
        };
        self.lose();
        self.away = None;
        let (sequence_id, frames) = self.sent.resume();
        next.push(
            Frame::message(protocol, |out| protocol.write_sequence(out, sequence_id)).uncounted(),
        );
        for frame in frames {
            next.push(frame.clone());
        }
        self.current = Some(next);
        self.resumed = true;
        tracing::debug!(sequence_id, "a client has come back");
    }

    fn push_acknowledgement(&mut self, protocol: HubProtocol, context: &mut Context<'_>) {
        let Some(acknowledge) = &mut self.acknowledge else {
            return;
        };
        while acknowledge.poll_tick(context).is_ready() {
            if let (Some(sequence_id), Some(current)) =
                (self.received.to_acknowledge(), &mut self.current)
            {
                current.push(
                    Frame::message(protocol, |out| protocol.write_ack(out, sequence_id))
                        .uncounted(),
                );
            }
        }
    }

    /// Whether the client has been away for too long.
    fn poll_given_up(&mut self, context: &mut Context<'_>) -> bool {
        self.away
            .as_mut()
            .is_none_or(|away| away.as_mut().poll(context).is_ready())
    }
}

impl<T: Transport> Transport for ResumingTransport<T> {
    const KIND: HttpTransportType = T::KIND;

    fn push(&mut self, frame: Frame) {
        if let Some(current) = &mut self.current {
            current.push(frame);
        }
    }

    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.current {
            Some(current) => current.poll_drain(context),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(&mut self, queue: &SendQueue, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(protocol) = self.enabled else {
            return match &mut self.current {
                Some(current) => current.poll_flush(queue, context),
                None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            };
        };
        self.poll_resume(protocol, context);
        self.push_acknowledgement(protocol, context);
        loop {
            let Some(current) = &mut self.current else {
                if self.poll_given_up(context) {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
                return Poll::Pending;
            };
            match current.poll_drain(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => {
                    self.lose();
                    continue;
                }
                Poll::Pending => return Poll::Pending,
            }
            let mut any = false;
            // One message may overshoot; the next one waits for an acknowledgement.
            while self.sent.buffered() <= self.limit {
                let written = std::mem::take(&mut self.in_flight);
                let (sent, in_flight) = (&mut self.sent, &mut self.in_flight);
                let taken = queue.take(
                    written,
                    1,
                    |frame| {
                        *in_flight += frame.len();
                        if frame.is_counted() {
                            sent.push(frame.clone(), frame.len());
                        }
                        current.push(frame);
                    },
                    context,
                );
                any |= taken;
                if !taken {
                    break;
                }
            }
            if !any {
                return if self.sent.buffered() > self.limit {
                    Poll::Pending
                } else {
                    Poll::Ready(Ok(()))
                };
            }
        }
    }

    fn was_given_up(&self) -> bool {
        self.current.is_none()
    }

    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Received> {
        if std::mem::take(&mut self.resumed) {
            return Poll::Ready(Received::Resumed);
        }
        let Some(current) = &mut self.current else {
            return if self.poll_given_up(context) {
                Poll::Ready(Received::Gone(
                    "the client did not come back in time".to_owned(),
                ))
            } else {
                Poll::Pending
            };
        };
        match current.poll_receive(context) {
            Poll::Ready(Received::Gone(_)) if self.enabled.is_some() => {
                self.lose();
                // Arms the timer.
                self.poll_receive(context)
            }
            received => received,
        }
    }

    fn poll_close(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.slot.set(Phase::Over);
        self.enabled = None;
        match &mut self.current {
            Some(current) => current.poll_close(context),
            None => Poll::Ready(()),
        }
    }

    fn patience(options: &HubOptions) -> Duration {
        T::patience(options)
    }

    fn patience_when_stopping(options: &HubOptions) -> Duration {
        T::patience_when_stopping(options)
    }

    fn total_written(&self) -> u64 {
        self.total + self.current.as_ref().map_or(0, T::total_written)
    }

    fn has_pending(&self) -> bool {
        self.current.as_ref().is_some_and(T::has_pending)
    }

    fn is_away(&self) -> bool {
        self.current.is_none()
    }

    fn waits_for_client(&self) -> bool {
        self.sent.buffered() > self.limit
    }

    fn handshake_done(&mut self, protocol: HubProtocol, version: i32) {
        if version >= 2 {
            self.enabled = Some(protocol);
            self.slot.set(Phase::On);
        }
    }

    fn count_received(&mut self) -> bool {
        if self.enabled.is_none() {
            return true;
        }
        self.acknowledge.get_or_insert_with(|| {
            let mut acknowledge = interval_at(Instant::now() + ACKNOWLEDGE, ACKNOWLEDGE);
            acknowledge.set_missed_tick_behavior(MissedTickBehavior::Delay);
            Box::new(acknowledge)
        });
        self.received.receive()
    }

    fn acknowledged(&mut self, sequence_id: u64) {
        self.sent.acknowledge(sequence_id);
    }

    fn sequence(&mut self, sequence_id: u64) -> Result<(), SequenceError> {
        if self.enabled.is_none() {
            Ok(())
        } else {
            self.received.sequence(sequence_id)
        }
    }

    fn ends(&mut self) {
        self.slot.set(Phase::Over);
        if self.current.is_none() {
            // Nobody can come back any more, so nobody is waited for.
            self.enabled = None;
        }
    }
}

impl<T> Drop for ResumingTransport<T> {
    fn drop(&mut self) {
        self.slot.set(Phase::Over);
    }
}

impl<T> fmt::Debug for ResumingTransport<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResumingTransport")
            .field("away", &self.current.is_none())
            .finish_non_exhaustive()
    }
}

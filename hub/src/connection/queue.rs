//! The bounded queue between everybody who sends and the one task that writes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::Frame;
use super::spare::trim;
use crate::options::SlowClientPolicy;

/// The most that is handed to the writer at once: enough for one large vectored write, and little enough that what
/// waits in the queue stays under the policy of the hub.
pub(crate) const BATCH_BYTES: usize = 64 * 1024;

/// How many times the limit may be queued where senders are to wait and cannot, being on other servers.
pub(crate) const UNWAITED: usize = 64;

#[derive(Debug)]
pub(crate) struct SendQueue {
    limit: usize,
    policy: SlowClientPolicy,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame>,
    /// Bytes in `frames` and in the batch that is being written.
    bytes: usize,
    closed: bool,
    /// What the writer has taken, since it was last asked.
    taken: Tally,
    /// Set while the writer has nothing to do.
    writer: Option<Waker>,
    /// Senders that wait for room.
    senders: Vec<Waker>,
}

/// What a queue has counted since it was last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Messages that the writer took.
    pub(crate) messages: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Messages that the policy dropped.
    pub(crate) dropped: u64,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// Queued, or silently dropped because the connection is over.
    Done,
    /// Queued, but over the limit: the sender has to wait for room.
    WaitForRoom,
    /// Not queued: the connection has to end.
    Overflow,
}

impl SendQueue {
    pub(crate) fn new(limit: usize, policy: SlowClientPolicy) -> Self {
        Self {
            limit: limit.max(1),
            policy,
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Queues a message that the policy may drop or make wait.
    pub(crate) fn push(&self, frame: Frame) -> Pushed {
        let mut state = self.lock();
        if state.closed {
            return Pushed::Done;
        }
        let mut outcome = Pushed::Done;
        if state.bytes + frame.len() > self.limit {
            match frame.policy(self.policy) {
                SlowClientPolicy::Wait => outcome = Pushed::WaitForRoom,
                SlowClientPolicy::DropOldest => self.drop_oldest(&mut state, frame.len()),
                SlowClientPolicy::KeepNewest => {
                    self.drop_same_topic(&mut state, frame.topic());
                    self.drop_oldest(&mut state, frame.len());
                }
                SlowClientPolicy::Disconnect => return Pushed::Overflow,
            }
        }
        state.append(frame);
        wake(state);
        outcome
    }

    fn drop_same_topic(&self, state: &mut State, topic: Option<u64>) {
        state.drop_where(|frame, _| frame.topic() == topic && frame.may_be_dropped(self.policy));
    }

    fn drop_oldest(&self, state: &mut State, needed: usize) {
        state.drop_where(|frame, bytes| {
            bytes + needed > self.limit && frame.may_be_dropped(self.policy)
        });
    }

    /// Queues what the connection says last, although the queue is closed.
    pub(crate) fn push_last(&self, frame: Frame) {
        let mut state = self.lock();
        state.append(frame);
        wake(state);
    }

    /// Queues what must arrive: results and pings.
    pub(crate) fn push_always(&self, frame: Frame) {
        let mut state = self.lock();
        if !state.closed {
            state.append(frame);
            wake(state);
        }
    }

    /// Queues an item of a stream, which must arrive; its producer waits for room, whatever the policy is. `Overflow` means
    /// that the connection is over.
    pub(crate) fn push_item(&self, frame: Frame) -> Pushed {
        let mut state = self.lock();
        if state.closed {
            return Pushed::Overflow;
        }
        state.append(frame);
        let over = state.bytes > self.limit;
        wake(state);
        if over {
            Pushed::WaitForRoom
        } else {
            Pushed::Done
        }
    }

    /// Takes what is queued until it is `budget` bytes, and a frame at least, after `written` bytes of earlier batches have left.
    ///
    /// Returns whether there was anything. If not, the task of `context` is woken when there is.
    pub(crate) fn take(
        &self,
        written: usize,
        budget: usize,
        mut batch: impl FnMut(Frame),
        context: &mut Context<'_>,
    ) -> bool {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(written);
        let senders = if state.bytes <= self.limit / 2 {
            std::mem::take(&mut state.senders)
        } else {
            Vec::new()
        };
        let held = state.frames.len();
        let mut taken = 0;
        while taken < budget {
            let Some(frame) = state.frames.pop_front() else {
                break;
            };
            taken += frame.len();
            state.taken.messages += 1;
            batch(frame);
        }
        state.taken.bytes += taken as u64;
        if taken == 0 {
            match &mut state.writer {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
        } else {
            state.writer = None;
            if state.frames.is_empty() {
                trim(&mut state.frames, held);
            }
        }
        drop(state);
        senders.into_iter().for_each(Waker::wake);
        taken > 0
    }

    /// Waits until half of the limit is free, or the connection is over.
    pub(crate) async fn room(&self) {
        std::future::poll_fn(|context| {
            let mut state = self.lock();
            if state.closed || state.bytes <= self.limit / 2 {
                return Poll::Ready(());
            }
            if !state
                .senders
                .iter()
                .any(|waker| waker.will_wake(context.waker()))
            {
                state.senders.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }

    /// Whether more is queued than the limit allows.
    pub(crate) fn is_over_limit(&self) -> bool {
        self.lock().bytes > self.limit
    }

    /// Whether more is queued than a client may be behind for whom no sender waits.
    pub(crate) fn is_behind(&self) -> bool {
        self.lock().bytes > self.limit.saturating_mul(UNWAITED)
    }

    /// Whether nothing waits to be written.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().bytes == 0
    }

    /// From now on everything is dropped silently; what is queued still leaves. Whoever waits for room goes on.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let senders = std::mem::take(&mut state.senders);
        drop(state);
        senders.into_iter().for_each(Waker::wake);
    }

    /// What was counted since it was last asked, and how many bytes wait now.
    pub(crate) fn tally(&self) -> (Tally, usize) {
        let mut state = self.lock();
        (std::mem::take(&mut state.taken), state.bytes)
    }
}

impl State {
    fn append(&mut self, frame: Frame) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
    }

    fn drop_where(&mut self, mut unwanted: impl FnMut(&Frame, usize) -> bool) {
        let mut bytes = self.bytes;
        let mut dropped = 0;
        self.frames.retain(|frame| {
            let drop = unwanted(frame, bytes);
            if drop {
                bytes -= frame.len();
                dropped += 1;
            }
            !drop
        });
        self.bytes = bytes;
        self.taken.dropped += dropped;
    }
}

fn wake(mut state: MutexGuard<'_, State>) {
    let writer = state.writer.take();
    drop(state);
    if let Some(writer) = writer {
        writer.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use campanile_hub_protocol::TransferFormat;

    use super::*;

    fn frame(text: &str, topic: Option<u64>) -> Frame {
        let built = Frame::build::<()>(TransferFormat::Text, topic, |out| {
            out.extend_from_slice(text.as_bytes());
            Ok(())
        });
        built.unwrap()
    }

    fn drain(queue: &SendQueue) -> Vec<String> {
        let mut batch = Vec::new();
        let mut context = Context::from_waker(Waker::noop());
        while queue.take(
            0,
            BATCH_BYTES,
            |frame| batch.push(frame.into_payload()),
            &mut context,
        ) {}
        batch
            .iter()
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
            .collect()
    }

    #[test]
    fn waits_over_the_limit_but_keeps_everything_in_order() {
        let queue = SendQueue::new(8, SlowClientPolicy::Wait);
        assert_eq!(queue.push(frame("aaaa", Some(1))), Pushed::Done);
        assert_eq!(queue.push(frame("bbbb", Some(1))), Pushed::WaitForRoom);
        assert!(queue.is_over_limit());
        assert_eq!(drain(&queue), ["aaaa", "bbbb"]);
    }

    #[test]
    fn room_comes_when_half_has_left() {
        let queue = SendQueue::new(8, SlowClientPolicy::Wait);
        queue.push(frame("aaaaaa", Some(1)));
        let mut room = std::pin::pin!(queue.room());
        let mut context = Context::from_waker(Waker::noop());
        assert!(room.as_mut().poll(&mut context).is_pending());
        queue.take(0, BATCH_BYTES, drop, &mut context);
        assert!(
            room.as_mut().poll(&mut context).is_pending(),
            "taken is not written"
        );
        queue.take(8, BATCH_BYTES, drop, &mut context);
        assert!(room.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn the_oldest_make_room_but_never_what_must_arrive() {
        let queue = SendQueue::new(12, SlowClientPolicy::DropOldest);
        queue.push_always(frame("rr", None));
        queue.push(frame("a1", Some(1)));
        queue.push(frame("b1", Some(2)));
        assert_eq!(queue.push(frame("a2", Some(1))), Pushed::Done);
        let dropped = Tally {
            dropped: 1,
            ..Tally::default()
        };
        assert_eq!(queue.tally(), (dropped, queue.lock().bytes));
        assert_eq!(drain(&queue), ["rr", "b1", "a2"]);
    }

    #[test]
    fn what_was_taken_is_told_once() {
        let queue = SendQueue::new(100, SlowClientPolicy::Wait);
        queue.push(frame("aaaa", Some(1)));
        queue.push(frame("bb", Some(1)));
        assert_eq!(queue.tally(), (Tally::default(), 10));
        drain(&queue);
        let taken = Tally {
            messages: 2,
            bytes: 10,
            dropped: 0,
        };
        assert_eq!(queue.tally().0, taken);
        assert_eq!(queue.tally().0, Tally::default());
    }

    #[test]
    fn the_newest_of_a_method_replaces_the_older_ones() {
        let queue = SendQueue::new(12, SlowClientPolicy::KeepNewest);
        queue.push(frame("b1", Some(2)));
        queue.push(frame("a1", Some(1)));
        queue.push(frame("a2", Some(1)));
        queue.push(frame("a3", Some(1)));
        assert_eq!(drain(&queue), ["b1", "a3"]);
    }

    #[test]
    fn a_message_with_a_policy_of_its_own_makes_no_other_go() {
        let queue = SendQueue::new(4, SlowClientPolicy::Wait);
        let sample = |text| frame(text, Some(2)).slow_client(Some(SlowClientPolicy::DropOldest));
        queue.push(frame("a1", Some(1)));
        assert_eq!(queue.push(sample("b1")), Pushed::Done);
        assert_eq!(queue.push(sample("b2")), Pushed::Done);
        assert_eq!(queue.push(frame("a2", Some(1))), Pushed::WaitForRoom);
        assert_eq!(queue.push(sample("b3")), Pushed::Done);
        assert_eq!(drain(&queue), ["a1", "a2", "b3"]);

        let queue = SendQueue::new(4, SlowClientPolicy::DropOldest);
        let vital = |text| frame(text, Some(1)).slow_client(Some(SlowClientPolicy::Wait));
        assert_eq!(queue.push(vital("a1")), Pushed::Done);
        assert_eq!(queue.push(frame("b1", Some(2))), Pushed::Done);
        assert_eq!(queue.push(vital("a2")), Pushed::WaitForRoom);
        assert_eq!(queue.push(frame("b2", Some(2))), Pushed::Done);
        assert_eq!(drain(&queue), ["a1", "a2", "b2"]);
    }

    #[test]
    fn a_closed_queue_swallows_and_lets_everybody_go() {
        let queue = SendQueue::new(4, SlowClientPolicy::Disconnect);
        assert_eq!(queue.push(frame("too long", Some(1))), Pushed::Overflow);
        queue.push_always(frame("last words", None));
        queue.close();
        assert_eq!(queue.push(frame("x", Some(1))), Pushed::Done);
        let mut context = Context::from_waker(Waker::noop());
        assert!(std::pin::pin!(queue.room()).poll(&mut context).is_ready());
        assert_eq!(drain(&queue), ["last words"]);
    }
}

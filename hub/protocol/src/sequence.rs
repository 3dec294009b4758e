//! Counting messages, so that a connection can go on where it was cut.
//!
//! Both sides number what they send from 1, without writing the numbers down: invocations, stream items, completions and
//! cancellations, nothing else. A sender keeps each of them until the other side has acknowledged it. When the connection
//! goes on over another transport, each side first says the number of the message it sends next, the first one that was not
//! acknowledged; whatever the other side has had before, it drops.

use std::collections::VecDeque;

use crate::IncomingMessage;

impl IncomingMessage<'_> {
    /// Whether stateful reconnect numbers messages of this type.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        match self {
            Self::Invocation(_)
            | Self::StreamItem { .. }
            | Self::Completion(_)
            | Self::CancelInvocation { .. } => true,
            Self::Ping | Self::Close { .. } | Self::Ack(_) | Self::Sequence(_) | Self::Unknown => {
                false
            }
        }
    }
}

/// What one side has sent and the other has not acknowledged.
///
/// ```
/// use campanile_hub_protocol::SequenceSender;
///
/// let mut sent = SequenceSender::default();
/// for frame in ["one", "two", "three"] {
///     sent.push(frame, frame.len());
/// }
/// sent.acknowledge(1);
/// let (sequence_id, frames) = sent.resume();
/// assert_eq!(sequence_id, 2);
/// assert!(frames.eq(&["two", "three"]));
/// assert_eq!(sent.buffered(), 8);
/// ```
#[derive(Clone, Debug)]
pub struct SequenceSender<F> {
    frames: VecDeque<(F, usize)>,
    /// The number of the first of `frames`, or of the next one where there is none.
    first: u64,
    buffered: usize,
}

impl<F> SequenceSender<F> {
    /// Keeps a frame of `length` bytes that is about to be sent, under the next number.
    pub fn push(&mut self, frame: F, length: usize) {
        self.buffered += length;
        self.frames.push_back((frame, length));
    }

    /// How many bytes are kept.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffered
    }

    /// Forgets everything up to the number `sequence_id`. Acknowledging what was never sent forgets all that was.
    pub fn acknowledge(&mut self, sequence_id: u64) {
        while self.first <= sequence_id
            && let Some((_, length)) = self.frames.pop_front()
        {
            self.first += 1;
            self.buffered -= length;
        }
    }

    /// What a connection begins with after a cut: the number for the Sequence message, and the frames to send again.
    pub fn resume(&self) -> (u64, impl Iterator<Item = &F>) {
        (self.first, self.frames.iter().map(|(frame, _)| frame))
    }
}

impl<F> Default for SequenceSender<F> {
    fn default() -> Self {
        Self {
            frames: VecDeque::new(),
            first: 1,
            buffered: 0,
        }
    }
}

/// What one side has received of the other.
#[derive(Clone, Debug, Default)]
pub struct SequenceReceiver {
    /// The number of the last counted message on the present transport.
    last: u64,
    /// The highest number that has been handled.
    handled: u64,
    acknowledged: u64,
}

/// The other side continues behind messages that have never arrived. The connection cannot go on.
///
/// `Display` gives ASP.NET Core's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Sequence ID greater than amount of messages we've received.")]
pub struct SequenceError;

impl SequenceReceiver {
    /// Counts a message that [is counted](IncomingMessage::is_counted); `false` where it has been handled before and is to
    /// be dropped.
    #[must_use]
    pub fn receive(&mut self) -> bool {
        self.last += 1;
        let new = self.last > self.handled;
        self.handled = self.handled.max(self.last);
        new
    }

    /// The other side says the number of its next message: the first that it has not been acknowledged, so that an
    /// acknowledgement which was lost with its transport is given again.
    ///
    /// # Errors
    ///
    /// Where messages are missing before it.
    pub fn sequence(&mut self, sequence_id: u64) -> Result<(), SequenceError> {
        if sequence_id > self.handled + 1 {
            return Err(SequenceError);
        }
        self.last = sequence_id.saturating_sub(1);
        self.acknowledged = self.acknowledged.min(self.last);
        Ok(())
    }

    /// The number to acknowledge, if anything has been handled since this was last asked, or the last answer did not arrive.
    #[must_use]
    pub fn to_acknowledge(&mut self) -> Option<u64> {
        (self.handled > self.acknowledged).then(|| {
            self.acknowledged = self.handled;
            self.handled
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_acknowledgement_that_was_lost_is_given_again() {
        let mut received = SequenceReceiver::default();
        assert!(received.receive() && received.receive() && received.receive());
        assert_eq!(received.to_acknowledge(), Some(3));
        assert_eq!(received.sequence(4), Ok(()), "it did arrive");
        assert_eq!(received.to_acknowledge(), None);
        assert_eq!(received.sequence(2), Ok(()), "the second was not");
        assert_eq!(received.to_acknowledge(), Some(3));
        assert_eq!(received.to_acknowledge(), None);
    }

    #[test]
    fn a_gap_is_an_error_and_a_repetition_is_dropped() {
        let mut received = SequenceReceiver::default();
        assert!(received.receive() && received.receive());
        assert_eq!(received.to_acknowledge(), Some(2));
        assert_eq!(received.to_acknowledge(), None);
        assert_eq!(received.sequence(4), Err(SequenceError));
        assert_eq!(received.sequence(2), Ok(()));
        assert!(!received.receive(), "the second again");
        assert!(received.receive(), "the third");
        assert_eq!(received.sequence(0), Ok(()));
        assert!(!received.receive());
    }

    #[test]
    fn an_acknowledgement_of_more_than_was_sent_is_one_of_all() {
        let mut sent = SequenceSender::default();
        sent.push("a", 1);
        sent.acknowledge(u64::MAX);
        assert_eq!((sent.buffered(), sent.resume().0), (0, 2));
        sent.push("b", 1);
        assert_eq!(sent.resume().0, 2);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Send,
        Deliver,
        Acknowledge,
        Cut,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => Just(Step::Send),
            4 => Just(Step::Deliver),
            1 => Just(Step::Acknowledge),
            1 => Just(Step::Cut),
        ]
    }

    proptest! {
        #[test]
        fn whatever_is_cut_nothing_is_lost_or_doubled(steps in prop::collection::vec(step(), 0..200)) {
            let mut sender = SequenceSender::default();
            let mut receiver = SequenceReceiver::default();
            let mut wire: VecDeque<u32> = VecDeque::new();
            let (mut next, mut handled) = (0, Vec::new());
            for step in steps.into_iter().chain([Step::Cut]) {
                match step {
                    Step::Send => {
                        sender.push(next, 1);
                        wire.push_back(next);
                        next += 1;
                    }
                    Step::Deliver => {
                        if let Some(message) = wire.pop_front() && receiver.receive() {
                            handled.push(message);
                        }
                    }
                    Step::Acknowledge => {
                        if let Some(sequence_id) = receiver.to_acknowledge() {
                            sender.acknowledge(sequence_id);
                        }
                    }
                    Step::Cut => {
                        let (sequence_id, frames) = sender.resume();
                        wire = frames.copied().collect();
                        prop_assert_eq!(receiver.sequence(sequence_id), Ok(()));
                    }
                }
            }
            while let Some(message) = wire.pop_front() {
                if receiver.receive() {
                    handled.push(message);
                }
            }
            prop_assert_eq!(handled, (0..next).collect::<Vec<_>>());
        }
    }
}

#![allow(missing_docs)]
use std::collections::VecDeque;
#[derive(Debug)]
pub struct SequenceSender<B> { frames: VecDeque<(B, usize)>, first: u64, bytes: usize }
impl<B> Default for SequenceSender<B> { fn default() -> Self { Self { frames: VecDeque::new(), first: 1, bytes: 0 } } }
impl<B> SequenceSender<B> {
    pub fn push(&mut self, frame: B, length: usize) { self.bytes += length; self.frames.push_back((frame, length)); }
    pub fn buffered(&self) -> usize { self.bytes }
    pub fn acknowledge(&mut self, n: u64) { while self.first <= n { let Some((_, l)) = self.frames.pop_front() else { return }; self.bytes -= l; self.first += 1; } }
    pub fn resume(&self) -> (u64, impl Iterator<Item = &B>) { (self.first, self.frames.iter().map(|f| &f.0)) }
}
#[derive(Debug, Default)]
pub struct SequenceReceiver { next: u64, highest: u64, acked: u64 }
#[derive(Debug, thiserror::Error)]
#[error("Sequence ID greater than amount of messages we've received.")]
pub struct SequenceError;
impl SequenceReceiver {
    pub fn receive(&mut self) -> bool { self.next += 1; if self.next <= self.highest { false } else { self.highest = self.next; true } }
    pub fn sequence(&mut self, k: u64) -> Result<(), SequenceError> { if k > self.next + 1 { return Err(SequenceError) } self.next = k.saturating_sub(1); Ok(()) }
    pub fn to_acknowledge(&mut self) -> Option<u64> { (self.highest > self.acked).then(|| { self.acked = self.highest; self.highest }) }
}
impl crate::IncomingMessage<'_> { pub fn is_counted(&self) -> bool { matches!(self, Self::Invocation(_) | Self::StreamItem{..} | Self::Completion(_) | Self::CancelInvocation{..}) } }

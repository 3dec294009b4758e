//! What is on its way to the server.

use std::future::Future;
use std::mem;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use campanile_hub_protocol::{HubProtocol, SequenceSender};
use tokio::sync::Notify;

use crate::ClientError;

/// As many bytes may wait for the transport until senders wait themselves.
const ROOM: usize = 64 * 1024;

/// Framed messages that wait for the transport, in the order in which they were sent.
///
/// With a stateful connection it also keeps them until the server has acknowledged them.
#[derive(Debug)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Those who wait for room come one after another, first come, first served.
    turn: tokio::sync::Mutex<()>,
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    ready: Vec<u8>,
    /// Others have had the time to add theirs to what is ready.
    gathered: bool,
    writer: Option<Waker>,
    waiting: usize,
    closed: Option<ClientError>,
    kept: Option<Kept>,
}

/// What the server has not acknowledged yet.
#[derive(Debug)]
struct Kept {
    limit: usize,
    messages: SequenceSender<Vec<u8>>,
}

impl State {
    fn has_room(&self) -> bool {
        self.ready.len() < ROOM
            && self
                .kept
                .as_ref()
                .is_none_or(|it| it.messages.buffered() <= it.limit)
    }

    fn add(&mut self, message: Vec<u8>, counted: bool) -> Option<Waker> {
        if self.ready.is_empty() && self.kept.is_none() {
            self.ready = message;
        } else {
            self.ready.extend_from_slice(&message);
            if let Some(kept) = self.kept.as_mut().filter(|_| counted) {
                let length = message.len();
                kept.messages.push(message, length);
            }
        }
        self.writer.take()
    }
}

/// Counts who waits, whether it goes on waiting or not.
struct Waiting<'a>(&'a Outbox);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}

impl Outbox {
    /// `keep` is how many bytes are kept for a stateful connection.
    pub(crate) fn new(keep: Option<usize>) -> Self {
        Self {
            state: Mutex::new(State {
                kept: keep.map(|limit| Kept {
                    limit,
                    messages: SequenceSender::default(),
                }),
                ..State::default()
            }),
            turn: tokio::sync::Mutex::new(()),
            room: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a message when there is room for it.
    ///
    /// Cancel safety: it is either added or not; where it is, this is ready at once.
    pub(crate) async fn send(&self, message: Vec<u8>) -> Result<(), ClientError> {
        let waiting = {
            let mut state = self.lock();
            if let Some(error) = &state.closed {
                return Err(error.clone());
            }
            if state.waiting == 0 && state.has_room() {
                let writer = state.add(message, true);
                drop(state);
                writer.into_iter().for_each(Waker::wake);
                return Ok(());
            }
            state.waiting += 1;
            Waiting(self)
        };
        let _turn = self.turn.lock().await;
        loop {
            let room = self.room.notified();
            {
                let mut state = self.lock();
                if let Some(error) = &state.closed {
                    return Err(error.clone());
                }
                if state.has_room() {
                    let writer = state.add(message, true);
                    drop(state);
                    writer.into_iter().for_each(Waker::wake);
                    drop(waiting);
                    return Ok(());
                }
            }
            room.await;
        }
    }

    /// Adds a message whether there is room or not.
    pub(crate) fn push(&self, message: Vec<u8>, counted: bool) {
        let mut state = self.lock();
        if state.closed.is_some() {
            return;
        }
        let writer = state.add(message, counted);
        drop(state);
        writer.into_iter().for_each(Waker::wake);
    }

    /// Takes all that is ready, once the tasks that can run now have had their turn: what they send goes along, and one
    /// write to the network, which costs more than all the rest of a message, serves them all. One task may wait at a time.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        let mut state = self.lock();
        if state.ready.is_empty() {
            match &mut state.writer {
                Some(waker) => waker.clone_from(cx.waker()),
                None => state.writer = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        if !mem::replace(&mut state.gathered, true) {
            drop(state);
            // Its first poll has this task woken behind the others.
            if pin!(tokio::task::yield_now()).poll(cx).is_pending() {
                return Poll::Pending;
            }
            state = self.lock();
        }
        state.gathered = false;
        let taken = mem::take(&mut state.ready);
        drop(state);
        self.room.notify_one();
        Poll::Ready(taken)
    }

    pub(crate) fn take(&self) -> Vec<u8> {
        let mut state = self.lock();
        state.gathered = false;
        mem::take(&mut state.ready)
    }

    /// The server has all messages up to this one.
    pub(crate) fn acknowledge(&self, number: u64) {
        let mut state = self.lock();
        let Some(kept) = &mut state.kept else {
            return;
        };
        kept.messages.acknowledge(number);
        drop(state);
        self.room.notify_one();
    }

    /// Begins anew on another WebSocket of the same connection: with the number of the first message, and all messages that
    /// the server has not acknowledged.
    pub(crate) fn resume(&self, protocol: HubProtocol) {
        let mut state = self.lock();
        let Some(kept) = &state.kept else {
            return;
        };
        let mut ready = Vec::with_capacity(kept.messages.buffered() + 32);
        let (first, messages) = kept.messages.resume();
        protocol.write_sequence(&mut ready, first);
        for message in messages {
            ready.extend_from_slice(message);
        }
        state.ready = ready;
        let writer = state.writer.take();
        drop(state);
        writer.into_iter().for_each(Waker::wake);
    }

    /// Ends it: who waits for room, and who comes later, gets the error. What is ready stays to be taken.
    pub(crate) fn close(&self, error: ClientError) {
        self.lock().closed.get_or_insert(error);
        self.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use super::*;

    async fn taken(outbox: &Outbox) -> Vec<u8> {
        poll_fn(|cx| outbox.poll_take(cx)).await
    }

    #[tokio::test]
    async fn what_tasks_send_that_can_run_goes_along_in_one() {
        let outbox = Arc::new(Outbox::new(None));
        outbox.push(vec![0], false);
        for number in 1..=50 {
            let outbox = outbox.clone();
            tokio::spawn(async move { outbox.send(vec![number]).await });
        }
        assert_eq!(taken(&outbox).await, (0..=50).collect::<Vec<_>>());
        // Who comes later starts the next one.
        outbox.push(vec![51], false);
        assert_eq!(taken(&outbox).await, [51]);
    }

    #[tokio::test]
    async fn who_finds_no_room_waits_for_the_transport_in_turn() {
        let outbox = Arc::new(Outbox::new(None));
        outbox.send(vec![0; ROOM]).await.unwrap();
        let waiting: Vec<_> = (1..=3)
            .map(|number| {
                let outbox = outbox.clone();
                tokio::spawn(async move { outbox.send(vec![number]).await })
            })
            .collect();
        tokio::task::yield_now().await;
        assert_eq!(taken(&outbox).await.len(), ROOM);
        for task in waiting {
            task.await.unwrap().unwrap();
        }
        assert_eq!(outbox.take(), [1, 2, 3]);
        outbox.close(ClientError::Cancelled);
        assert!(outbox.send(vec![4]).await.is_err());
    }
}

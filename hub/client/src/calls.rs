//! Calls that wait for the server's answer.

use std::any::Any;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;
use std::time::Duration;

use campanile_hub_protocol::{CompletionOutcome, RawValue};
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use tokio_util::sync::DropGuard;

use crate::ClientError;
use crate::items::ItemSender;
use crate::session::Session;

/// How long a server that has sent an item of the wrong type has to end the stream by itself before it is told to.
const GRACE: Duration = Duration::from_millis(200);

/// What the answers of one call go to. It decodes them itself, from the bytes in which they came.
pub(crate) trait PendingCall: Send {
    /// An item of a stream; whether more are wanted.
    fn item(&mut self, item: RawValue<'_>) -> bool;
    /// Lets the reader of a stream have the items so far. Who is to be woken for it.
    fn hand_over(&mut self) -> Option<Waker> {
        None
    }
    fn complete(self: Box<Self>, outcome: CompletionOutcome<'_>);
    fn fail(self: Box<Self>, error: ClientError);
}

enum Entry {
    Active {
        call: Box<dyn PendingCall>,
        /// Ends the call's uploads.
        _uploads: Option<DropGuard>,
    },
    /// Its user is gone, its end is still to come.
    Abandoned,
}

/// Numbers that this client counts itself: nobody else can choose them so that they collide.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 << 8 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, id: u64) {
        // Tables look at the uppermost bits as well as at the lowest: an odd factor without a pattern fills them all.
        let spread = u128::from(id) * 0x9e37_79b9_7f4a_7c15;
        #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
        let (low, high) = (spread as u64, (spread >> 64) as u64);
        self.0 = low ^ high;
    }
}

#[derive(Default)]
struct State {
    entries: HashMap<u64, Entry, BuildHasherDefault<IdHasher>>,
    closed: Option<ClientError>,
    /// The streams that have items which are not handed over.
    gathering: Vec<u64>,
}

/// All calls of a session that are under way.
#[derive(Default)]
pub(crate) struct Calls(Mutex<State>);

impl Calls {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(
        &self,
        id: u64,
        call: Box<dyn PendingCall>,
        uploads: Option<DropGuard>,
    ) -> Result<(), ClientError> {
        let mut state = self.lock();
        if let Some(error) = &state.closed {
            return Err(error.clone());
        }
        let entry = Entry::Active {
            call,
            _uploads: uploads,
        };
        state.entries.insert(id, entry);
        Ok(())
    }

    /// Takes out a call that its user has given up; whether it was still under way.
    fn give_up(&self, id: u64) -> bool {
        let mut state = self.lock();
        let active = matches!(state.entries.get(&id), Some(Entry::Active { .. }));
        let entry = if active {
            state.entries.remove(&id)
        } else {
            None
        };
        drop(state);
        entry.is_some()
    }

    pub(crate) fn item(&self, session: &Arc<Session>, id: &str, item: RawValue<'_>) {
        let Ok(id) = id.parse() else { return };
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(Entry::Active { call, .. }) = state.entries.get_mut(&id) else {
            return;
        };
        if call.item(item) {
            if state.gathering.last() != Some(&id) {
                state.gathering.push(id);
            }
            return;
        }
        let entry = state.entries.insert(id, Entry::Abandoned);
        drop(guard);
        drop(entry);
        let session = session.clone();
        tokio::spawn(async move {
            tokio::time::sleep(GRACE).await;
            if session.calls.lock().entries.remove(&id).is_some() {
                session.cancel(id);
            }
        });
    }

    /// Lets the readers of streams have the items that have come.
    pub(crate) fn hand_over(&self) {
        while let Some(reader) = self.next_to_wake() {
            // Not under the lock: what is woken may be dropped by it, and its call with it.
            reader.wake();
        }
    }

    fn next_to_wake(&self) -> Option<Waker> {
        let mut guard = self.lock();
        let state = &mut *guard;
        while let Some(id) = state.gathering.pop() {
            if let Some(Entry::Active { call, .. }) = state.entries.get_mut(&id)
                && let Some(reader) = call.hand_over()
            {
                return Some(reader);
            }
        }
        None
    }

    pub(crate) fn complete(&self, id: &str, outcome: CompletionOutcome<'_>) {
        let Ok(id) = id.parse() else { return };
        let entry = self.lock().entries.remove(&id);
        if let Some(Entry::Active { call, .. }) = entry {
            call.complete(outcome);
        }
    }

    /// Fails all of them, and those that come later.
    pub(crate) fn close(&self, error: &ClientError) {
        let entries = {
            let mut state = self.lock();
            state.closed.get_or_insert_with(|| error.clone());
            std::mem::take(&mut state.entries)
        };
        for entry in entries.into_values() {
            if let Entry::Active { call, .. } = entry {
                call.fail(error.clone());
            }
        }
    }
}

/// A call that is under way. Dropped before its end it tells the server that nobody waits for it any more.
pub(crate) struct CallGuard {
    pub(crate) session: Arc<Session>,
    pub(crate) id: u64,
    /// Whether the server has been asked at all.
    pub(crate) sent: bool,
    /// Whether it has ended: then it is out of the calls already.
    pub(crate) ended: bool,
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if !self.ended && self.session.calls.give_up(self.id) && self.sent {
            self.session.cancel(self.id);
        }
    }
}

/// A call that waits for one result.
pub(crate) struct SingleResult<T>(pub(crate) oneshot::Sender<Result<T, ClientError>>);

impl<T: DeserializeOwned + Send + 'static> PendingCall for SingleResult<T> {
    fn item(&mut self, _: RawValue<'_>) -> bool {
        true
    }

    fn complete(self: Box<Self>, outcome: CompletionOutcome<'_>) {
        // Who has given the call up is not told.
        let _ = self.0.send(result(outcome));
    }

    fn fail(self: Box<Self>, error: ClientError) {
        let _ = self.0.send(Err(error));
    }
}

fn result<T: DeserializeOwned + 'static>(outcome: CompletionOutcome<'_>) -> Result<T, ClientError> {
    if let CompletionOutcome::Error(text) = outcome {
        return Err(ClientError::Hub(text.into_owned()));
    }
    // Who wants no result does not care what it is.
    if let Some(unit) = unit::<T>() {
        return Ok(unit);
    }
    if let CompletionOutcome::Result(value) = outcome {
        return Ok(value.deserialize()?);
    }
    T::deserialize(serde::de::value::UnitDeserializer::<serde::de::value::Error>::new())
        .map_err(|_| ClientError::Protocol("the call ended without a result".to_owned()))
}

/// `()`, where `T` is that.
fn unit<T: 'static>() -> Option<T> {
    let mut unit = Some(());
    (&mut unit as &mut dyn Any)
        .downcast_mut::<Option<T>>()
        .and_then(Option::take)
}

/// A call that waits for a stream of results.
pub(crate) struct ManyResults<T>(pub(crate) ItemSender<Result<T, ClientError>>);

impl<T: DeserializeOwned + Send + 'static> PendingCall for ManyResults<T> {
    fn item(&mut self, item: RawValue<'_>) -> bool {
        let item = item.deserialize().map_err(ClientError::from);
        let fits = item.is_ok();
        // Who gives the stream up takes the call out as well.
        self.0.push(item);
        fits
    }

    fn hand_over(&mut self) -> Option<Waker> {
        self.0.hand_over()
    }

    fn complete(mut self: Box<Self>, outcome: CompletionOutcome<'_>) {
        let error = match outcome {
            CompletionOutcome::Void => return,
            CompletionOutcome::Error(text) => ClientError::Hub(text.into_owned()),
            CompletionOutcome::Result(_) => ClientError::Protocol(
                "the method gave one result where a stream was asked for".to_owned(),
            ),
        };
        self.0.push(Err(error));
    }

    fn fail(mut self: Box<Self>, error: ClientError) {
        self.0.push(Err(error));
    }
}

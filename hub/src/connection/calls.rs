//! What a client can refer to by an id while it lasts: calls that can be cancelled, and streams that it uploads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use campanile_host::CancellationToken;

use super::Connection;
use crate::upload::Upload;

/// The open calls of one connection. Most connections never have one.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    cancellations: HashMap<Box<str>, CancellationToken>,
    /// How many of those are streams to the client.
    streams: usize,
    /// With a number that tells a stream from an earlier one of its id.
    uploads: HashMap<Box<str>, (u64, Upload)>,
    next: u64,
}

/// What an invocation holds in [`OpenCalls`] until it is over.
#[derive(Debug)]
pub(crate) struct OpenCall {
    connection: Arc<Connection>,
    cancellation: Option<Box<str>>,
    streaming: bool,
    uploads: Vec<(Box<str>, u64)>,
}

impl OpenCalls {
    /// How many streams there are, both ways.
    pub(crate) fn streams(&self) -> usize {
        let state = self.lock();
        state.streams + state.uploads.len()
    }

    /// Cancels the call of that id; `false` where there is none.
    pub(crate) fn cancel(&self, id: &str) -> bool {
        let token = self.lock().cancellations.get(id).cloned();
        // Outside the lock: whoever waits for the token may end the call at once.
        token.inspect(CancellationToken::cancel).is_some()
    }

    /// The upload stream of that id.
    pub(crate) fn upload(&self, id: &str) -> Option<Upload> {
        self.lock().uploads.get(id).map(|(_, it)| it.clone())
    }

    /// Ends the upload stream of that id; `false` where there is none.
    pub(crate) fn end_upload(&self, id: &str) -> Option<Upload> {
        self.lock().uploads.remove(id).map(|(_, it)| it)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenCall {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self {
            connection,
            cancellation: None,
            streaming: false,
            uploads: Vec::new(),
        }
    }

    /// Lets the client cancel the call by its id; `false` where another call has that id.
    pub(crate) fn cancellable(
        &mut self,
        id: &str,
        token: CancellationToken,
        streaming: bool,
    ) -> bool {
        let mut state = self.connection.calls().lock();
        if state.cancellations.contains_key(id) {
            return false;
        }
        state.cancellations.insert(id.into(), token);
        state.streams += usize::from(streaming);
        drop(state);
        self.cancellation = Some(id.into());
        self.streaming = streaming;
        true
    }

    /// Opens an upload stream. One that has the same id is forgotten.
    pub(crate) fn upload(&mut self, id: &str, upload: Upload) {
        let mut state = self.connection.calls().lock();
        state.next += 1;
        let number = state.next;
        state.uploads.insert(id.into(), (number, upload));
        drop(state);
        self.uploads.push((id.into(), number));
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        let mut state = self.connection.calls().lock();
        if let Some(id) = &self.cancellation {
            state.cancellations.remove(id);
        }
        state.streams -= usize::from(self.streaming);
        for (id, number) in &self.uploads {
            if state.uploads.get(id).is_some_and(|(it, _)| it == number) {
                state.uploads.remove(id);
            }
        }
    }
}

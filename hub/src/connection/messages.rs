//! What a connection does with the messages of its client.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use campanile_hub_protocol::{IncomingMessage, Invocation, ProtocolError};

use super::session::Session;
use super::{Connection, End};
use crate::HubError;
use crate::dispatch::{Dispatch, MethodFuture};
use crate::transport::Transport;

impl<T: Transport> Session<T> {
    /// Handles every complete message in what has been received.
    pub(super) async fn handle(&mut self, received: &[u8]) -> Option<End> {
        self.blocked = false;
        self.connection.beat.paused.store(false, Ordering::Relaxed);
        if self.input.is_empty() {
            let taken = match self.handle_messages(received).await {
                Ok(taken) => taken,
                Err(end) => return Some(end),
            };
            self.input.extend_from_slice(&received[taken..]);
            return None;
        }
        let mut input = std::mem::take(&mut self.input);
        input.extend_from_slice(received);
        match self.handle_messages(&input).await {
            Ok(taken) => {
                if taken < input.len() {
                    input.drain(..taken);
                    self.input = input;
                }
                None
            }
            Err(end) => Some(end),
        }
    }

    /// Handles messages while there are complete ones and slots for them; tells how many bytes it has taken.
    async fn handle_messages(&mut self, input: &[u8]) -> Result<usize, End> {
        let protocol = self.connection.protocol;
        let maximum = self.hub.options().maximum_receive_message_size;
        let mut taken = 0;
        while taken < input.len() {
            let frame = protocol
                .next_frame(&input[taken..], maximum)
                .map_err(|error| self.refuse(error))?;
            let Some(frame) = frame else { break };
            self.connection.hear();
            match protocol
                .parse(frame.body)
                .map_err(|error| self.refuse(error))?
            {
                IncomingMessage::Invocation(invocation) => {
                    if !self.invoke(invocation).await {
                        self.blocked = true;
                        self.connection.beat.paused.store(true, Ordering::Relaxed);
                        break;
                    }
                }
                IncomingMessage::Ping => {
                    self.connection.beat.watched.store(true, Ordering::Relaxed);
                }
                IncomingMessage::Close { error, .. } => {
                    return Err(End::ClientClosed(error.map(std::borrow::Cow::into_owned)));
                }
                other => {
                    tracing::debug!(connection_id = &*self.connection.id, message = ?other, "a message that nothing waits for");
                }
            }
            taken += frame.consumed;
        }
        Ok(taken)
    }

    /// Runs an invocation, unless every slot is taken: then `false`.
    async fn invoke(&mut self, invocation: Invocation<'_>) -> bool {
        let slots = self.hub.options().maximum_parallel_invocations_per_client;
        if !self.connection.begin_invocation(slots) {
            return false;
        }
        let slot = Slot(self.connection.clone());
        if let Dispatch::Run(mut future) = self.hub.clone().dispatch(&self.connection, invocation) {
            let done =
                poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
            if !done {
                tokio::spawn(finish(future, slot));
            }
        }
        true
    }

    fn refuse(&self, error: ProtocolError) -> End {
        tracing::warn!(hub = self.hub.name(), connection_id = &*self.connection.id, %error, "a client broke the protocol");
        End::Failed(HubError::Protocol(error))
    }

    pub(super) fn too_large(&self) -> HubError {
        let maximum = self
            .hub
            .options()
            .maximum_receive_message_size
            .unwrap_or(usize::MAX);
        let error = HubError::Protocol(ProtocolError::MessageTooLarge { maximum });
        tracing::warn!(hub = self.hub.name(), connection_id = &*self.connection.id, %error, "a client sent too much at once");
        error
    }
}

/// An invocation's place among those of its connection.
struct Slot(Arc<Connection>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.end_invocation();
    }
}

async fn finish(future: MethodFuture, slot: Slot) {
    future.await;
    drop(slot);
}

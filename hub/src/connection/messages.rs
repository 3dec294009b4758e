//! What a connection does with the messages of its client.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use bytes::Buf;
use campanile_hub_protocol::{
    Completion, CompletionOutcome, IncomingMessage, Invocation, InvocationKind, ProtocolError,
    RawValue,
};

use super::session::Session;
use super::{Connection, End, OpenCall};
use crate::HubError;
use crate::caller::Standing;
use crate::dispatch::{Dispatch, MethodFuture, respond_error};
use crate::lifetime::Answered;
use crate::transport::Transport;
use crate::upload::{Deliver, Delivered};

impl<T: Transport> Session<T> {
    pub(super) fn unblock(&mut self) {
        self.blocked = false;
        self.connection.beat.paused.store(false, Ordering::Relaxed);
    }

    /// Handles every complete message in what has been received.
    pub(super) async fn handle(&mut self, received: &[u8]) -> Option<End> {
        self.unblock();
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
                    input.advance(taken);
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
            let message = protocol
                .parse(frame.body)
                .map_err(|error| self.refuse(error))?;
            if let IncomingMessage::Invocation(invocation) = &message
                && !self.has_slot_for(invocation)
            {
                self.blocked = true;
                self.connection.beat.paused.store(true, Ordering::Relaxed);
                break;
            }
            if message.is_counted() && !self.transport.count_received() {
                tracing::debug!(
                    connection_id = &*self.connection.id,
                    "a message has been handled before"
                );
                taken += frame.consumed;
                continue;
            }
            match message {
                IncomingMessage::Invocation(invocation) => self.invoke(invocation).await,
                IncomingMessage::Ping => {
                    self.connection.beat.watched.store(true, Ordering::Relaxed);
                }
                IncomingMessage::Close { error, .. } => {
                    return Err(End::ClientClosed(error.map(std::borrow::Cow::into_owned)));
                }
                IncomingMessage::CancelInvocation { invocation_id, .. } => {
                    if !self.connection.calls().cancel(&invocation_id) {
                        tracing::debug!(connection_id = &*self.connection.id, %invocation_id, "a client cancelled what is over");
                    }
                }
                IncomingMessage::StreamItem {
                    invocation_id,
                    item,
                    ..
                } => self.take_item(&invocation_id, &item).await?,
                IncomingMessage::Completion(completion) => self.complete(completion)?,
                IncomingMessage::Ack(sequence_id) => self.transport.acknowledged(sequence_id),
                IncomingMessage::Sequence(sequence_id) => {
                    let in_order = self.transport.sequence(sequence_id);
                    in_order.map_err(|error| End::Failed(HubError::from_error(error)))?;
                }
                other => {
                    tracing::debug!(connection_id = &*self.connection.id, message = ?other, "a message that nothing waits for");
                }
            }
            taken += frame.consumed;
        }
        Ok(taken)
    }

    /// Whether an invocation can run now. Streams and uploads always can.
    fn has_slot_for(&self, invocation: &Invocation<'_>) -> bool {
        !takes_slot(invocation) || self.can_go_on()
    }

    /// Whether there is a free slot, and room for a result.
    pub(super) fn can_go_on(&self) -> bool {
        let slots = self.hub.options().maximum_parallel_invocations_per_client;
        self.connection.can_begin_invocation(slots) && !self.connection.queue.is_over_limit()
    }

    /// Counts a call; refuses it where the client has made too many.
    fn is_slow_enough(&mut self, invocation: &Invocation<'_>) -> bool {
        let Some(rate) = &mut self.rate else {
            return true;
        };
        if rate.take() {
            return true;
        }
        self.hub.metrics().refuse("rate");
        let (target, per_second) = (&*invocation.target, rate.per_second());
        if !std::mem::replace(&mut rate.told, true) {
            tracing::warn!(
                hub = self.hub.name(),
                connection_id = &*self.connection.id,
                "a client makes more than {per_second} calls a second: some are refused"
            );
        }
        let text = format!(
            "Failed to invoke '{target}' due to an error on the server. HubException: there were more than {per_second} calls within a second"
        );
        respond_error(&self.connection, invocation.invocation_id.as_deref(), &text);
        false
    }

    /// Runs an invocation that there is a slot for.
    async fn invoke(&mut self, invocation: Invocation<'_>) {
        if !self.is_slow_enough(&invocation) {
            return;
        }
        let slot = takes_slot(&invocation).then(|| {
            let number = self.connection.begin_invocation();
            Slot(self.connection.clone(), number)
        });
        let standing = slot
            .as_ref()
            .map_or(Standing::Free, |Slot(_, number)| Standing::Counted(*number));
        let hub = self.hub.clone();
        match hub.dispatch(&self.connection, invocation, standing) {
            Dispatch::Run(mut future, open) => {
                let done =
                    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
                if !done {
                    tokio::spawn(finish(future, slot, open));
                }
            }
            Dispatch::Refused(reason) => self.hub.metrics().refuse(reason),
        }
    }

    /// Passes an item of an upload on. While the method has enough of them, nothing is read.
    async fn take_item(&mut self, id: &str, item: &RawValue<'_>) -> Result<(), End> {
        loop {
            let Some(upload) = self.connection.calls().upload(id) else {
                tracing::debug!(
                    connection_id = &*self.connection.id,
                    stream_id = id,
                    "an item of no stream"
                );
                return Ok(());
            };
            match upload.deliver(item) {
                Delivered::Done => return Ok(()),
                Delivered::Full => Box::pin(self.wait_for_room(&*upload)).await?,
                Delivered::Unfit(error) => {
                    tracing::warn!(hub = self.hub.name(), connection_id = &*self.connection.id, stream_id = id, %error, "a client uploaded what the hub method does not take");
                    let text = "Failed to bind Stream message.";
                    let text = if self.hub.options().enable_detailed_errors {
                        format!("{text} InvalidDataException: {error}")
                    } else {
                        text.to_owned()
                    };
                    upload.fail(HubError::Message(text));
                    self.connection.calls().end_upload(id);
                    return Ok(());
                }
            }
        }
    }

    async fn wait_for_room(&mut self, upload: &dyn Deliver) -> Result<(), End> {
        let mut room = upload.room();
        let connection = self.connection.clone();
        connection.beat.paused.store(true, Ordering::Relaxed);
        let waited = self
            .while_writing(poll_fn(|context| {
                if let Some(end) = connection.take_end(context.waker()) {
                    return Poll::Ready(Err(end));
                }
                room.as_mut().poll(context).map(Ok)
            }))
            .await;
        connection.beat.paused.store(false, Ordering::Relaxed);
        waited
    }

    /// Ends an upload, or answers a question.
    fn complete(&self, completion: Completion<'_>) -> Result<(), End> {
        let id = &*completion.invocation_id;
        if let Some(upload) = self.connection.calls().end_upload(id) {
            if let CompletionOutcome::Error(text) = completion.outcome {
                upload.fail(HubError::Message(text.into_owned()));
            }
            return Ok(());
        }
        match self
            .hub
            .lifetime()
            .answer(&self.connection, id, completion.outcome)
        {
            Answered::Taken => return Ok(()),
            Answered::Unknown => {}
            Answered::NotAsked => {
                return Err(End::Failed(HubError::NotAsked {
                    connection_id: self.connection.id.to_string(),
                    invocation_id: id.to_owned(),
                }));
            }
        }
        tracing::debug!(
            connection_id = &*self.connection.id,
            invocation_id = id,
            "an answer to no question"
        );
        Ok(())
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

fn takes_slot(invocation: &Invocation<'_>) -> bool {
    invocation.kind == InvocationKind::Ordinary && invocation.stream_ids.is_empty()
}

/// An invocation's place among those of its connection.
struct Slot(Arc<Connection>, u32);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.end_invocation(self.1);
    }
}

async fn finish(future: MethodFuture, slot: Option<Slot>, open: Option<Box<OpenCall>>) {
    future.await;
    drop(open);
    drop(slot);
}

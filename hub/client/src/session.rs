//! What is alive while a client is connected.

use std::fmt;
use std::sync::Arc;

use campanile_hub_protocol::{HubProtocol, IncomingMessage, Invocation, SequenceReceiver};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::ClientError;
use crate::calls::Calls;
use crate::dispatch::Job;
use crate::handlers::Handlers;
use crate::outbox::Outbox;

/// A connection that a server has accepted: what its callers share with the task that owns its transport.
pub(crate) struct Session {
    pub(crate) protocol: HubProtocol,
    pub(crate) outbox: Outbox,
    pub(crate) calls: Calls,
    /// Ends the uploads.
    pub(crate) ended: CancellationToken,
    pub(crate) stateful: bool,
    pub(crate) connection_id: Option<String>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(
        protocol: HubProtocol,
        connection_id: Option<String>,
        keep: Option<usize>,
    ) -> Self {
        Self {
            protocol,
            outbox: Outbox::new(keep),
            calls: Calls::default(),
            ended: CancellationToken::new(),
            stateful: keep.is_some(),
            connection_id,
        }
    }

    /// Tells the server that nobody waits for this call any more.
    pub(crate) fn cancel(&self, id: u64) {
        let mut message = Vec::new();
        self.protocol
            .write_cancel_invocation(&mut message, &id.to_string());
        self.outbox.push(message, true);
    }

    pub(crate) fn ping(&self) {
        let mut message = Vec::new();
        self.protocol.write_ping(&mut message);
        self.outbox.push(message, false);
    }

    /// Tells the server that its messages up to this number are here.
    pub(crate) fn acknowledge(&self, number: u64) {
        let mut message = Vec::new();
        self.protocol.write_ack(&mut message, number);
        self.outbox.push(message, false);
    }

    /// Fails what is under way.
    pub(crate) fn close(&self, error: &ClientError) {
        self.outbox.close(error.clone());
        self.calls.close(error);
        self.ended.cancel();
    }
}

/// What the server has said about the connection itself.
#[derive(Debug)]
pub(crate) enum Said {
    Close {
        error: Option<String>,
        allow_reconnect: bool,
    },
}

/// Reads messages out of what comes.
#[derive(Debug)]
pub(crate) struct Incoming {
    session: Arc<Session>,
    /// The beginning of a message whose end has not come yet.
    partial: Vec<u8>,
    /// What a stateful connection has brought.
    pub(crate) received: SequenceReceiver,
    /// After a resumption, nothing counts until the server has said where it goes on.
    awaits_sequence: bool,
}

impl Incoming {
    pub(crate) fn new(session: Arc<Session>, rest: Vec<u8>) -> Self {
        Self {
            session,
            partial: rest,
            received: SequenceReceiver::default(),
            awaits_sequence: false,
        }
    }

    pub(crate) fn resume(&mut self) {
        self.partial.clear();
        self.awaits_sequence = true;
    }

    /// Reads all messages that are complete.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        handlers: &Handlers,
        jobs: &mpsc::UnboundedSender<Job>,
    ) -> Result<Option<Said>, ClientError> {
        if self.partial.is_empty() {
            let mut rest = bytes;
            let said = self.read_all(&mut rest, handlers, jobs)?;
            self.partial.extend_from_slice(rest);
            return Ok(said);
        }
        let mut whole = std::mem::take(&mut self.partial);
        whole.extend_from_slice(bytes);
        let mut rest = whole.as_slice();
        let said = self.read_all(&mut rest, handlers, jobs)?;
        let read = whole.len() - rest.len();
        whole.drain(..read);
        self.partial = whole;
        Ok(said)
    }

    fn read_all(
        &mut self,
        rest: &mut &[u8],
        handlers: &Handlers,
        jobs: &mpsc::UnboundedSender<Job>,
    ) -> Result<Option<Said>, ClientError> {
        let protocol = self.session.protocol;
        while let Some(frame) = protocol.next_frame(rest, None)? {
            let message = protocol.parse(frame.body)?;
            *rest = &rest[frame.consumed..];
            if !self.is_new(&message) {
                continue;
            }
            match message {
                IncomingMessage::Invocation(invocation) => {
                    self.invoke(&invocation, handlers, jobs);
                }
                IncomingMessage::StreamItem {
                    invocation_id,
                    item,
                    ..
                } => self.session.calls.item(&self.session, &invocation_id, item),
                IncomingMessage::Completion(completion) => self
                    .session
                    .calls
                    .complete(&completion.invocation_id, completion.outcome),
                IncomingMessage::Close {
                    error,
                    allow_reconnect,
                } => {
                    return Ok(Some(Said::Close {
                        error: error.filter(|it| !it.is_empty()).map(Into::into),
                        allow_reconnect,
                    }));
                }
                IncomingMessage::Ack(number) if self.session.stateful => {
                    self.session.outbox.acknowledge(number);
                }
                IncomingMessage::Sequence(number) if self.session.stateful => {
                    self.received
                        .sequence(number)
                        .map_err(|error| ClientError::Protocol(error.to_string()))?;
                    self.awaits_sequence = false;
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Counts the message on a stateful connection; whether it has not come before.
    fn is_new(&mut self, message: &IncomingMessage<'_>) -> bool {
        if !self.session.stateful || !message.is_counted() {
            return true;
        }
        !self.awaits_sequence && self.received.receive()
    }

    fn invoke(
        &self,
        invocation: &Invocation<'_>,
        handlers: &Handlers,
        jobs: &mpsc::UnboundedSender<Job>,
    ) {
        if let Some(job) = handlers.bind(&self.session, invocation) {
            // The dispatcher lives as long as the connection does.
            let _ = jobs.send(job);
        }
    }
}

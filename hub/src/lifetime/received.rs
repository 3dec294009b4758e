//! Messages that come from other servers.

use std::sync::Arc;

use campanile_hub_protocol::{HubProtocol, IncomingMessage, ProtocolError};

use super::{Asking, MemoryLifetimeManager, TakeAnswer, topic};
use crate::SlowClientPolicy;
use crate::connection::{Connection, Frame};

/// A message from another server: it comes finished, in one or more protocols.
#[derive(Clone, Debug, Default)]
pub struct ReceivedMessage {
    frames: Vec<(HubProtocol, Frame)>,
}

/// Why something is no message for clients.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceivedError {
    /// The hub protocol does not know it.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// It ends too early.
    #[error("the message is incomplete")]
    Incomplete,
    /// Something follows the message.
    #[error("{0} bytes follow the message")]
    Trailing(usize),
    /// It is a hub message, but none that calls a client's method.
    #[error("the message calls no client method")]
    NotAnInvocation,
}

/// Which connections of this process a received message is for.
#[derive(Clone, Copy, Debug)]
pub enum Local<'a> {
    /// All of them.
    All,
    /// A group's members.
    Group(&'a str),
    /// A user's.
    User(&'a str),
    /// One.
    Connection(&'a str),
}

/// What became of a received message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivered {
    /// How many connections have it queued.
    pub reached: usize,
    /// How many do not: the message came without their protocol.
    pub unwritten: usize,
}

impl ReceivedMessage {
    /// A message that is there in no protocol yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what the message is in one protocol, with its framing: exactly one call of a client method.
    ///
    /// # Errors
    ///
    /// Where the bytes are anything else. Clients would have to pay for it.
    pub fn insert(&mut self, protocol: HubProtocol, message: &[u8]) -> Result<(), ReceivedError> {
        let frame = protocol
            .next_frame(message, None)?
            .ok_or(ReceivedError::Incomplete)?;
        if frame.consumed < message.len() {
            return Err(ReceivedError::Trailing(message.len() - frame.consumed));
        }
        let IncomingMessage::Invocation(invocation) = protocol.parse(frame.body)? else {
            return Err(ReceivedError::NotAnInvocation);
        };
        // Who asks must get an answer: its question is never dropped for a later one.
        let topic = invocation
            .invocation_id
            .is_none()
            .then(|| topic(&invocation.target));
        let frame = Frame::copied(protocol, topic, message);
        self.frames.retain(|(known, _)| *known != protocol);
        self.frames.push((protocol, frame));
        Ok(())
    }

    /// Sets what happens to it at slow clients, if not what the hub does.
    pub fn slow_client(&mut self, policy: Option<SlowClientPolicy>) {
        for (_, frame) in &mut self.frames {
            *frame = frame.clone().slow_client(policy);
        }
    }

    /// Whether the message is there in no protocol at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    fn of(&self, protocol: HubProtocol) -> Option<&Frame> {
        let mut frames = self.frames.iter();
        let found = frames.find(|(known, _)| *known == protocol);
        found.map(|(_, frame)| frame)
    }
}

impl MemoryLifetimeManager {
    /// Queues a message of another server for connections of this one, in the order of the calls.
    ///
    /// Nobody can be made to wait for a client that does not keep up, since whoever sends is elsewhere. Where the hub's
    /// [`SlowClientPolicy`] is to wait, up to 64 times
    /// [`maximum_queued_bytes`](crate::HubOptions::maximum_queued_bytes) are queued instead, 4 MiB by default. A client that
    /// is behind by more is disconnected, and may come back.
    pub fn deliver(
        &self,
        to: Local<'_>,
        excluded: &[&str],
        message: &ReceivedMessage,
    ) -> Delivered {
        let mut delivered = Delivered::default();
        let mut queue = |connection: &Arc<Connection>| match message.of(connection.protocol) {
            Some(frame) => {
                connection.send_unwaited(frame.clone());
                delivered.reached += 1;
            }
            None => delivered.unwritten += 1,
        };
        let members = match to {
            Local::All => Some(self.connections()),
            Local::Group(name) => self.group(name),
            Local::User(user) => self.user(user),
            Local::Connection(id) => {
                if let Some(connection) = self.find(id) {
                    queue(&connection);
                }
                None
            }
        };
        let members = members.iter().flat_map(|it| it.iter());
        if excluded.is_empty() {
            members.for_each(queue);
        } else {
            members
                .filter(|it| !excluded.contains(&&*it.id))
                .for_each(queue);
        }
        delivered
    }

    /// Asks a connection of this process on behalf of another server, under that one's id. None where the connection is not
    /// there, or speaks a protocol that the message did not come in.
    pub fn ask_for(
        &self,
        connection_id: &str,
        id: &str,
        message: &ReceivedMessage,
        answer: Box<dyn TakeAnswer>,
    ) -> Option<Asking> {
        let connection = self.find(connection_id)?;
        let frame = message.of(connection.protocol)?.clone();
        Some(self.results.ask_as(connection, id.into(), frame, answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(protocol: HubProtocol, bytes: &[u8]) -> Result<ReceivedMessage, ReceivedError> {
        let mut message = ReceivedMessage::new();
        message.insert(protocol, bytes).map(|()| message)
    }

    #[test]
    fn calls_are_taken_as_they_are() {
        let json = b"{\"type\":1,\"target\":\"M\",\"arguments\":[1]}\x1e";
        let message = received(HubProtocol::Json, json).unwrap();
        let frame = message.of(HubProtocol::Json).unwrap();
        assert_eq!(frame.payload(), &json[..]);
        assert_eq!(frame.topic(), Some(topic("M")));
        assert!(message.of(HubProtocol::MessagePack).is_none());
        let packed = b"\x09\x96\x01\x80\xc0\xa1M\x91\x01\x90";
        let message = received(HubProtocol::MessagePack, packed).unwrap();
        assert_eq!(
            message.of(HubProtocol::MessagePack).unwrap().payload(),
            &packed[..]
        );
    }

    #[test]
    fn whatever_else_there_is_is_refused() {
        #[rustfmt::skip]
        let cases: [(HubProtocol, &[u8], &str); 6] = [
            (HubProtocol::Json, b"{\"type\":1,\"target\":\"M\",\"arguments\":[]}", "the message is incomplete"),
            (HubProtocol::Json, b"{\"type\":6}\x1e", "the message calls no client method"),
            (HubProtocol::Json, b"{\"type\":1,\"target\":\"M\",\"arguments\":[]}\x1e{}", "2 bytes follow the message"),
            (HubProtocol::MessagePack, b"\x02\x91\x06", "the message calls no client method"),
            (HubProtocol::MessagePack, b"\x09\x96", "the message is incomplete"),
            (HubProtocol::MessagePack, b"", "the message is incomplete"),
        ];
        for (protocol, bytes, expected) in cases {
            assert_eq!(received(protocol, bytes).unwrap_err().to_string(), expected);
        }
        assert!(received(HubProtocol::Json, b"garbage\x1e").is_err());
    }

    #[test]
    fn a_question_is_never_dropped() {
        let json = b"{\"type\":1,\"invocationId\":\"1\",\"target\":\"M\",\"arguments\":[]}\x1e";
        let message = received(HubProtocol::Json, json).unwrap();
        assert_eq!(message.of(HubProtocol::Json).unwrap().topic(), None);
    }
}

//! A message that is written once for each hub protocol in use.

use std::hash::{DefaultHasher, Hash, Hasher};

use campanile_hub_protocol::{Arguments, HubProtocol, WriteError};

use crate::connection::Frame;
use crate::{HubError, SlowClientPolicy};

/// An invocation of a client method, before anybody knows in which protocols it is wanted.
pub trait Outgoing: Sync {
    /// Writes it in one protocol.
    ///
    /// # Errors
    ///
    /// [`HubError::Serialization`] where an argument cannot be written.
    fn frame(&self, protocol: HubProtocol) -> Result<Frame, HubError>;
}

/// A call of `target` with `arguments`, without an answer.
pub(crate) struct OutgoingInvocation<'a, A: ?Sized> {
    pub(crate) target: &'a str,
    pub(crate) arguments: &'a A,
    /// What happens to it at slow clients, if not what the hub does.
    pub(crate) slow_client: Option<SlowClientPolicy>,
}

impl<A: Arguments + Sync + ?Sized> Outgoing for OutgoingInvocation<'_, A> {
    fn frame(&self, protocol: HubProtocol) -> Result<Frame, HubError> {
        Frame::build(
            protocol.transfer_format(),
            Some(topic(self.target)),
            |out| protocol.write_invocation(out, self.target, self.arguments),
        )
        .map(|frame| frame.slow_client(self.slow_client))
        .map_err(|error: WriteError| HubError::Serialization {
            target: self.target.to_owned(),
            source: error.into(),
        })
    }
}

/// A call of a client method that is to be answered under an id.
pub trait Question: Sync {
    /// Writes it in one protocol, to be answered under `id`.
    ///
    /// # Errors
    ///
    /// [`HubError::Serialization`] where an argument cannot be written.
    fn frame(&self, protocol: HubProtocol, id: &str) -> Result<Frame, HubError>;
}

impl<A: Arguments + Sync + ?Sized> Question for OutgoingInvocation<'_, A> {
    fn frame(&self, protocol: HubProtocol, id: &str) -> Result<Frame, HubError> {
        Frame::build(protocol.transfer_format(), None, |out| {
            protocol.write_invocation_with_id(out, id, self.target, self.arguments)
        })
        .map_err(|error: WriteError| HubError::Serialization {
            target: self.target.to_owned(),
            source: error.into(),
        })
    }
}

/// The same for two calls exactly if they are of one client method.
pub(crate) fn topic(target: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    target.hash(&mut hasher);
    hasher.finish()
}

/// The frames of one message, written when the first connection of a protocol is met.
pub(crate) struct Frames<'a> {
    message: &'a dyn Outgoing,
    written: Vec<(HubProtocol, Frame)>,
}

impl<'a> Frames<'a> {
    pub(crate) fn new(message: &'a dyn Outgoing) -> Self {
        Self {
            message,
            written: Vec::new(),
        }
    }

    pub(crate) fn of(&mut self, protocol: HubProtocol) -> Result<Frame, HubError> {
        if let Some((_, frame)) = self.written.iter().find(|(known, _)| *known == protocol) {
            return Ok(frame.clone());
        }
        let frame = self.message.frame(protocol)?;
        self.written.push((protocol, frame.clone()));
        Ok(frame)
    }
}

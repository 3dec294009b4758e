use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use serde::{Deserialize, Deserializer};

use crate::{Completion, CustomHubProtocol, IncomingMessage, InvocationKind, ProtocolError};

/// Takes the deserializer of a value, whatever the value is to be.
pub struct ValueReader<'r, 'a>(&'r mut Read<'r, 'a>);

type Read<'r, 'a> =
    dyn FnMut(&mut dyn erased_serde::Deserializer<'a>) -> Result<(), erased_serde::Error> + 'r;

impl<'a> ValueReader<'_, 'a> {
    /// Reads the value.
    ///
    /// # Errors
    ///
    /// Where the deserializer gives none of those that are wanted.
    pub fn read<D: Deserializer<'a>>(
        self,
        deserializer: D,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let mut erased = <dyn erased_serde::Deserializer<'a>>::erase(deserializer);
        (self.0)(&mut erased).map_err(Into::into)
    }
}

impl fmt::Debug for ValueReader<'_, '_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ValueReader")
            .finish_non_exhaustive()
    }
}

/// Decodes a value. Not inlined, as [`write`](super::write).
#[inline(never)]
pub(crate) fn read_value<'a, T: Deserialize<'a>>(
    protocol: &'static dyn CustomHubProtocol,
    encoded: &'a [u8],
) -> Result<T, Box<dyn Error + Send + Sync>> {
    let mut value = None;
    let mut read = |deserializer: &mut dyn erased_serde::Deserializer<'a>| {
        value = Some(erased_serde::deserialize(deserializer)?);
        Ok(())
    };
    protocol.read_value(encoded, ValueReader(&mut read))?;
    value.ok_or_else(|| format!("the hub protocol {} has read no value", protocol.name()).into())
}

/// Reads a message, and makes sure of what others rely on: ids that are there and not empty. Not inlined, as [`write`](super::write).
#[inline(never)]
pub(crate) fn parse<'a>(
    protocol: &'static dyn CustomHubProtocol,
    body: &'a [u8],
) -> Result<IncomingMessage<'a>, ProtocolError> {
    let mut message = protocol.parse(body).map_err(error)?;
    let needed: Option<&Cow<'_, str>> = match &mut message {
        IncomingMessage::Invocation(invocation) => {
            invocation.invocation_id.take_if(|id| id.is_empty());
            if invocation.kind == InvocationKind::Stream && invocation.invocation_id.is_none() {
                return Err(NO_ID);
            }
            None
        }
        IncomingMessage::StreamItem { invocation_id, .. }
        | IncomingMessage::Completion(Completion { invocation_id, .. })
        | IncomingMessage::CancelInvocation { invocation_id, .. } => Some(invocation_id),
        _ => None,
    };
    if needed.is_some_and(|id| id.is_empty()) {
        return Err(NO_ID);
    }
    Ok(message)
}

/// What the protocol says: one of ours that it passes on, or its own.
fn error(error: Box<dyn Error + Send + Sync>) -> ProtocolError {
    match error.downcast() {
        Ok(ours) => *ours,
        Err(own) => ProtocolError::Malformed {
            reason: own.to_string(),
        },
    }
}

const NO_ID: ProtocolError = ProtocolError::MissingProperty {
    property: "invocationId",
};

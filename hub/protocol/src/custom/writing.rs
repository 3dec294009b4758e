use std::error::Error;

use super::OutgoingMessage;
use crate::framing::{self, RECORD_SEPARATOR};
use crate::{CustomHubProtocol, TransferFormat, WriteError};

/// Appends a message with its framing, or nothing where it fails.
///
/// It is written into a buffer of its own: whatever the protocol does there, what stands in `out` stays as it is.
///
/// Never inlined: what is built in shall not make room for it.
#[inline(never)]
pub(crate) fn write(
    protocol: &'static dyn CustomHubProtocol,
    out: &mut Vec<u8>,
    message: &OutgoingMessage<'_>,
) -> Result<(), WriteError> {
    let mut body = Vec::new();
    protocol.write(message, &mut body).map_err(error)?;
    match protocol.transfer_format() {
        TransferFormat::Text => {
            let is_text = memchr::memchr(RECORD_SEPARATOR, &body).is_none()
                && std::str::from_utf8(&body).is_ok();
            if !is_text {
                return Err(WriteError::NotText);
            }
            framing::text(out, |out| {
                out.extend_from_slice(&body);
                Ok(())
            })
        }
        TransferFormat::Binary => framing::binary(out, |out| {
            out.extend_from_slice(&body);
            Ok(())
        }),
    }
}

/// What the protocol says: one of ours that it passes on, or its own.
pub(super) fn error(error: Box<dyn Error + Send + Sync>) -> WriteError {
    match error.downcast() {
        Ok(ours) => *ours,
        Err(own) => WriteError::Value(own),
    }
}

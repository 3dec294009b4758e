//! A hub message as it goes over the wire, shared by all who get it.

use std::cell::Cell;

use bytes::Bytes;
use campanile_hub_protocol::{HubProtocol, TransferFormat};

use crate::SlowClientPolicy;

/// The longest head of a server's WebSocket frame: two bytes and a 64 bit length.
const LONGEST_HEAD: usize = 10;

/// What is written in a buffer of the thread's and copied out in its exact size; larger messages keep their buffer.
const SCRATCH_LIMIT: usize = 16 * 1024;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// One hub message as a finished WebSocket frame.
///
/// Servers do not mask their frames, so one buffer serves every connection: cloning costs a reference count.
#[derive(Clone, Debug)]
pub struct Frame {
    bytes: Bytes,
    /// What a later message may replace it by; `None` for what must arrive.
    topic: Option<u64>,
    /// What happens to it where a queue is full; `None` for what the hub does with all of them.
    slow_client: Option<SlowClientPolicy>,
    /// Whether stateful reconnect numbers it: invocations, stream items and completions.
    counted: bool,
}

impl Frame {
    /// Frames what `write` appends. The head is reserved first, so that the payload is written in its place.
    pub(crate) fn build<E>(
        format: TransferFormat,
        topic: Option<u64>,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Self, E> {
        // Taken, not borrowed: what is written may send something itself.
        let mut buffer = SCRATCH.take();
        buffer.clear();
        buffer.resize(LONGEST_HEAD, 0);
        let written = write(&mut buffer);
        let bytes = written.map(|()| {
            let start = write_head(&mut buffer, opcode(format));
            if buffer.len() > SCRATCH_LIMIT {
                Bytes::from(std::mem::take(&mut buffer)).split_off(start)
            } else {
                Bytes::copy_from_slice(&buffer[start..])
            }
        });
        if buffer.capacity() <= SCRATCH_LIMIT {
            SCRATCH.set(buffer);
        }
        Ok(Self {
            bytes: bytes?,
            topic,
            slow_client: None,
            counted: true,
        })
    }

    /// A close frame with status 1000 and no reason, as ASP.NET Core sends it.
    pub(crate) fn close() -> Self {
        Self {
            bytes: Bytes::from_static(&[0x88, 0x02, 0x03, 0xe8]),
            topic: None,
            slow_client: None,
            counted: false,
        }
    }

    /// Frames a finished message.
    pub(crate) fn copied(protocol: HubProtocol, topic: Option<u64>, message: &[u8]) -> Self {
        let frame = Self::message(protocol, |out| out.extend_from_slice(message));
        Self { topic, ..frame }
    }

    /// Frames a message that can always be written.
    pub(crate) fn message(protocol: HubProtocol, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        let built =
            Self::build::<std::convert::Infallible>(protocol.transfer_format(), None, |out| {
                write(out);
                Ok(())
            });
        let Ok(frame) = built;
        frame
    }

    /// The same with a policy of its own.
    pub(crate) fn slow_client(self, policy: Option<SlowClientPolicy>) -> Self {
        Self {
            slow_client: policy,
            ..self
        }
    }

    /// What happens to it where a queue is full, if that is not what the hub does: for those who pass it on to other servers.
    #[must_use]
    pub fn own_policy(&self) -> Option<SlowClientPolicy> {
        self.slow_client
    }

    /// What happens to it where a queue is full, of a hub that would do otherwise with `policy`.
    pub(crate) fn policy(&self, policy: SlowClientPolicy) -> SlowClientPolicy {
        self.slow_client.unwrap_or(policy)
    }

    /// Whether it may make room for later ones.
    pub(crate) fn may_be_dropped(&self, policy: SlowClientPolicy) -> bool {
        let policy = self.policy(policy);
        self.topic.is_some()
            && matches!(
                policy,
                SlowClientPolicy::DropOldest | SlowClientPolicy::KeepNewest
            )
    }

    /// The same as a message that is not numbered: a ping, a Close, an acknowledgement.
    pub(crate) fn uncounted(self) -> Self {
        Self {
            counted: false,
            ..self
        }
    }

    pub(crate) fn is_counted(&self) -> bool {
        self.counted
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn topic(&self) -> Option<u64> {
        self.topic
    }

    /// The finished WebSocket frame.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The hub message alone, for transports with a framing of their own.
    pub(crate) fn into_payload(self) -> Bytes {
        self.bytes.slice(self.head()..)
    }

    /// The hub message, with the framing of its protocol.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.head()..]
    }

    fn head(&self) -> usize {
        match self.bytes.get(1) {
            Some(126) => 4,
            Some(127) => LONGEST_HEAD,
            _ => 2,
        }
    }
}

fn opcode(format: TransferFormat) -> u8 {
    match format {
        TransferFormat::Text => 0x81,
        TransferFormat::Binary => 0x82,
    }
}

/// Writes the frame's head right in front of the payload and tells where it begins.
fn write_head(buffer: &mut [u8], opcode: u8) -> usize {
    let length = buffer.len() - LONGEST_HEAD;
    let start = match length {
        0..=125 => LONGEST_HEAD - 2,
        126..=0xffff => LONGEST_HEAD - 4,
        _ => 0,
    };
    buffer[start] = opcode;
    match length {
        0..=125 => buffer[start + 1] = length as u8,
        126..=0xffff => {
            buffer[start + 1] = 126;
            buffer[start + 2..start + 4].copy_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            buffer[start + 1] = 127;
            buffer[start + 2..start + 10].copy_from_slice(&(length as u64).to_be_bytes());
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(payload: &[u8]) -> Bytes {
        let frame = Frame::build::<()>(TransferFormat::Text, None, |out| {
            out.extend_from_slice(payload);
            Ok(())
        });
        frame.unwrap().into_bytes()
    }

    #[test]
    fn heads_have_the_shortest_form() {
        assert_eq!(framed(b"")[..], [0x81, 0]);
        assert_eq!(framed(b"ab")[..], [0x81, 2, b'a', b'b']);
        assert_eq!(framed(&[7; 125])[..3], [0x81, 125, 7]);
        assert_eq!(framed(&[7; 126])[..5], [0x81, 126, 0, 126, 7]);
        assert_eq!(framed(&[7; 0xffff])[..5], [0x81, 126, 0xff, 0xff, 7]);
        assert_eq!(
            framed(&[7; 0x10000])[..11],
            [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0, 7]
        );
        assert_eq!(framed(&[7; 0x10000]).len(), 0x10000 + 10);
    }

    #[test]
    fn the_payload_is_what_was_written() {
        for length in [0, 1, 125, 126, 127, 0xffff, 0x10000] {
            let bytes = framed(&vec![7; length]);
            assert_eq!(
                Frame {
                    bytes,
                    topic: None,
                    slow_client: None,
                    counted: true
                }
                .into_payload(),
                vec![7; length]
            );
        }
    }
}

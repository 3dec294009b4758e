//! What goes over Redis, byte for byte as ASP.NET Core's Redis backplane has it: MessagePack arrays.
//!
//! Readers take more items than they know, and whatever they are given: anybody can publish to a Redis.

use rmp::encode;

/// Writing to a vector cannot fail.
const INFALLIBLE: &str = "a vector takes everything";

/// A message for clients, finished in several protocols.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invocation<'a> {
    /// The connections that are not to get it.
    pub excluded: Vec<&'a str>,
    /// The name of a hub protocol, and the message in it with its framing.
    pub messages: Vec<(&'a str, &'a [u8])>,
    /// The id of the question, and the channel that waits for the answer.
    pub reply: Option<(&'a str, &'a str)>,
}

/// What the server of a connection is to do with it.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupCommand<'a> {
    /// The number under which it is acknowledged.
    pub id: i32,
    /// Who waits for that.
    pub server: &'a str,
    /// Whether to put the connection into the group, else to take it out.
    pub add: bool,
    /// The group.
    pub group: &'a str,
    /// The connection.
    pub connection: &'a str,
}

/// A client's answer to a question that another server has asked.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion<'a> {
    /// The name of the hub protocol.
    pub protocol: &'a str,
    /// The completion in it, with its framing.
    pub message: &'a [u8],
}

/// Why something is no payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// It is no array, or one of other things, or it ends too early.
    #[error("expected {expected} in {payload}")]
    Unexpected {
        /// What should have been there.
        expected: &'static str,
        /// Where.
        payload: &'static str,
    },
    /// The array is too short.
    #[error("insufficient items in {payload}")]
    Insufficient {
        /// Where.
        payload: &'static str,
    },
    /// A group command that is neither to add nor to remove.
    #[error("unknown group action {0}")]
    UnknownAction(i64),
}

impl<'a> Invocation<'a> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where the bytes are something else.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(bytes, "an invocation");
        let items = reader.array(2)?;
        let excluded = (0..reader.length("excluded connections")?)
            .map(|_| reader.text("an excluded connection"))
            .collect::<Result<_, _>>()?;
        let messages = (0..reader.map()?)
            .map(|_| Ok((reader.text("a protocol")?, reader.binary()?)))
            .collect::<Result<_, _>>()?;
        let reply = if items >= 4 {
            Some((
                reader.text("an invocation id")?,
                reader.text("a return channel")?,
            ))
        } else {
            None
        };
        Ok(Self {
            excluded,
            messages,
            reply,
        })
    }
}

impl<'a> GroupCommand<'a> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where the bytes are something else.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(bytes, "a group command");
        reader.array(5)?;
        let id = reader.int32()?;
        let server = reader.text("a server name")?;
        let add = match reader.integer()? {
            1 => true,
            2 => false,
            other => return Err(PayloadError::UnknownAction(other)),
        };
        Ok(Self {
            id,
            server,
            add,
            group: reader.text("a group name")?,
            connection: reader.text("a connection id")?,
        })
    }
}

impl<'a> Completion<'a> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where the bytes are something else.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(bytes, "a completion");
        reader.array(2)?;
        Ok(Self {
            protocol: reader.text("a protocol")?,
            message: reader.binary()?,
        })
    }
}

/// Reads an acknowledgement.
///
/// # Errors
///
/// Where the bytes are something else.
pub fn read_ack(bytes: &[u8]) -> Result<i32, PayloadError> {
    let mut reader = Reader::new(bytes, "an acknowledgement");
    reader.array(1)?;
    reader.int32()
}

/// Writes a message for clients.
#[must_use]
pub fn write_invocation<'a>(
    excluded: &[Box<str>],
    messages: impl ExactSizeIterator<Item = (&'a str, &'a [u8])>,
    reply: Option<(&str, &str)>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_array(&mut out, if reply.is_some() { 4 } else { 2 });
    write_array(&mut out, excluded.len());
    for id in excluded {
        write_text(&mut out, id);
    }
    encode::write_map_len(&mut out, length(messages.len())).expect(INFALLIBLE);
    for (protocol, message) in messages {
        write_text(&mut out, protocol);
        encode::write_bin(&mut out, message).expect(INFALLIBLE);
    }
    if let Some((id, channel)) = reply {
        write_text(&mut out, id);
        write_text(&mut out, channel);
    }
    out
}

/// Writes a group command.
#[must_use]
pub fn write_group_command(command: &GroupCommand<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    write_array(&mut out, 5);
    write_integer(&mut out, command.id);
    write_text(&mut out, command.server);
    write_integer(&mut out, if command.add { 1 } else { 2 });
    write_text(&mut out, command.group);
    write_text(&mut out, command.connection);
    out
}

/// Writes an acknowledgement.
#[must_use]
pub fn write_ack(id: i32) -> Vec<u8> {
    let mut out = Vec::with_capacity(8);
    write_array(&mut out, 1);
    write_integer(&mut out, id);
    out
}

/// Writes a client's answer.
#[must_use]
pub fn write_completion(protocol: &str, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 16);
    write_array(&mut out, 2);
    write_text(&mut out, protocol);
    encode::write_bin(&mut out, message).expect(INFALLIBLE);
    out
}

fn write_array(out: &mut Vec<u8>, items: usize) {
    encode::write_array_len(out, length(items)).expect(INFALLIBLE);
}

/// Nobody has four thousand million of anything here.
fn length(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    encode::write_str(out, text).expect(INFALLIBLE);
}

fn write_integer(out: &mut Vec<u8>, number: i32) {
    encode::write_sint(out, i64::from(number)).expect(INFALLIBLE);
}

struct Reader<'a> {
    rest: &'a [u8],
    payload: &'static str,
}

impl<'a> Reader<'a> {
    fn new(rest: &'a [u8], payload: &'static str) -> Self {
        Self { rest, payload }
    }

    fn unexpected(&self, expected: &'static str) -> PayloadError {
        PayloadError::Unexpected {
            expected,
            payload: self.payload,
        }
    }

    fn array(&mut self, least: usize) -> Result<usize, PayloadError> {
        let items = self.length("an array")?;
        if items < least {
            return Err(PayloadError::Insufficient {
                payload: self.payload,
            });
        }
        Ok(items)
    }

    /// The length of an array whose items may all be there.
    fn length(&mut self, expected: &'static str) -> Result<usize, PayloadError> {
        let length = rmp::decode::read_array_len(&mut self.rest).ok();
        length
            .map(|it| it as usize)
            .filter(|it| *it <= self.rest.len())
            .ok_or_else(|| self.unexpected(expected))
    }

    fn map(&mut self) -> Result<usize, PayloadError> {
        let length = rmp::decode::read_map_len(&mut self.rest).ok();
        length
            .map(|it| it as usize)
            .filter(|it| *it <= self.rest.len() / 2)
            .ok_or_else(|| self.unexpected("a map of messages"))
    }

    fn integer(&mut self) -> Result<i64, PayloadError> {
        rmp::decode::read_int(&mut self.rest).map_err(|_| self.unexpected("an integer"))
    }

    fn int32(&mut self) -> Result<i32, PayloadError> {
        i32::try_from(self.integer()?).map_err(|_| self.unexpected("an integer of 32 bits"))
    }

    fn text(&mut self, expected: &'static str) -> Result<&'a str, PayloadError> {
        let length = rmp::decode::read_str_len(&mut self.rest).ok();
        let bytes = length.and_then(|length| self.take(length));
        bytes
            .and_then(|it| std::str::from_utf8(it).ok())
            .ok_or_else(|| self.unexpected(expected))
    }

    fn binary(&mut self) -> Result<&'a [u8], PayloadError> {
        let length = rmp::decode::read_bin_len(&mut self.rest).ok();
        length
            .and_then(|length| self.take(length))
            .ok_or_else(|| self.unexpected("a message"))
    }

    fn take(&mut self, length: u32) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length as usize)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: String = hex.split_whitespace().collect();
        (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect()
    }

    fn invocation(
        excluded: &[&str],
        messages: &[(&str, &[u8])],
        reply: Option<(&str, &str)>,
    ) -> Vec<u8> {
        let excluded: Vec<Box<str>> = excluded.iter().map(|it| (*it).into()).collect();
        write_invocation(&excluded, messages.iter().copied(), reply)
    }

    const JSON: &[u8] = b"{\"type\":1,\"target\":\"M\",\"arguments\":[1]}\x1e";
    const PACKED: &[u8] = b"\x09\x96\x01\x80\xc0\xa1M\x91\x01\x90";

    /// Recorded from what ASP.NET Core 10 publishes, ids apart.
    #[test]
    fn invocations_are_written_as_aspnetcore_does_and_read_back() {
        let both: [(&str, &[u8]); 2] = [("json", JSON), ("messagepack", PACKED)];
        let two: [(&str, &[u8]); 2] = [("p1", b"\x2a"), ("p2", b"\x2a")];
        let map = "82 a4 6a736f6e c4 28 7b2274797065223a312c22746172676574223a224d222c22617267756d656e7473223a5b315d7d1e ab 6d6573736167657061636b c4 0a 09 96 01 80 c0 a1 4d 91 01 90";
        #[rustfmt::skip]
        let cases: [(Vec<u8>, String); 5] = [
            (invocation(&[], &both, None), format!("92 90 {map}")),
            (invocation(&["C"], &both, None), format!("92 91 a1 43 {map}")),
            (invocation(&[], &both, Some(("I", "R"))), format!("94 90 {map} a1 49 a1 52")),
            (invocation(&[], &two, None), "92 90 82 a2 7031 c4 01 2a a2 7032 c4 01 2a".to_owned()),
            (invocation(&["a"], &two, None), "92 91 a1 61 82 a2 7031 c4 01 2a a2 7032 c4 01 2a".to_owned()),
        ];
        for (written, expected) in cases {
            assert_eq!(written, bytes(&expected));
        }
        let written = invocation(&["C", "D"], &both, Some(("I", "R")));
        let read = Invocation::read(&written).unwrap();
        assert_eq!(read.excluded, ["C", "D"]);
        assert_eq!(read.messages, both);
        assert_eq!(read.reply, Some(("I", "R")));
    }

    #[test]
    fn commands_acknowledgements_and_answers_are_aspnetcores() {
        let command = |id, add| GroupCommand {
            id,
            server: "S",
            add,
            group: "G",
            connection: "C",
        };
        #[rustfmt::skip]
        let cases = [
            (write_group_command(&command(42, true)), "95 2a a1 53 01 a1 47 a1 43"),
            (write_group_command(&command(42, false)), "95 2a a1 53 02 a1 47 a1 43"),
            (write_ack(42), "91 2a"),
            (write_ack(180), "91 cc b4"),
            (write_ack(70000), "91 ce 00 01 11 70"),
            (write_completion("json", b"{}\x1e"), "92 a4 6a736f6e c4 03 7b7d1e"),
            (write_completion("messagepack", b"\x07\x95\x03\x80\xa1I\x03*"), "92 ab 6d6573736167657061636b c4 08 07 95 03 80 a1 49 03 2a"),
        ];
        for (written, expected) in cases {
            assert_eq!(written, bytes(expected));
        }
        assert_eq!(
            GroupCommand::read(&bytes("95 d2 0000002a a1 53 01 a1 47 a1 43")).unwrap(),
            command(42, true)
        );
        assert_eq!(read_ack(&bytes("92 cd 0100 c0")).unwrap(), 256);
        let answer = write_completion("json", b"x");
        assert_eq!(
            Completion::read(&answer).unwrap(),
            Completion {
                protocol: "json",
                message: b"x"
            }
        );
    }

    #[test]
    fn garbage_is_told_from_payloads() {
        #[rustfmt::skip]
        let cases = [
            ("", "expected an array in an invocation"),
            ("91 90", "insufficient items in an invocation"),
            ("dd ffffffff", "expected an array in an invocation"),
            ("92 91 01 80", "expected an excluded connection in an invocation"),
            ("92 90 81 a1 70 a1 78", "expected a message in an invocation"),
            ("92 90 81 a1 70 c4 05 00", "expected a message in an invocation"),
            ("92 90 df ffffffff", "expected a map of messages in an invocation"),
            ("93 90 80 a1", ""),
        ];
        for (hex, expected) in cases {
            let garbage = bytes(hex);
            let error = Invocation::read(&garbage).err().map(|it| it.to_string());
            assert_eq!(error.unwrap_or_default(), expected, "{hex}");
        }
        assert_eq!(
            GroupCommand::read(&bytes("95 01 a1 53 03 a1 47 a1 43")),
            Err(PayloadError::UnknownAction(3))
        );
        assert!(GroupCommand::read(&bytes("95 cf ffffffffffffffff a1 53 01 a1 47 a1 43")).is_err());
    }

    #[test]
    fn cut_short_nothing_panics() {
        let whole = invocation(&["C"], &[("json", JSON)], Some(("I", "R")));
        for end in 0..whole.len() {
            let _ = Invocation::read(&whole[..end]);
            let _ = GroupCommand::read(&whole[..end]);
            let _ = Completion::read(&whole[..end]);
            let _ = read_ack(&whole[..end]);
        }
    }
}

//! Commands to the server of a connection, and what comes back from it.

use super::PayloadError;
use super::reader::Reader;
use super::writer::{write_array, write_binary, write_count, write_integer, write_text};

/// What the server of a connection is to do with it.
#[derive(Debug, PartialEq, Eq)]
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
            number => {
                return Err(PayloadError::Unknown {
                    what: "group action",
                    number,
                });
            }
        };
        Ok(Self {
            id,
            server,
            add,
            group: reader.text("a group name")?,
            connection: reader.text("a connection id")?,
        })
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        write_array(&mut out, 5);
        write_integer(&mut out, self.id.into());
        write_text(&mut out, self.server);
        write_integer(&mut out, if self.add { 1 } else { 2 });
        write_text(&mut out, self.group);
        write_text(&mut out, self.connection);
        out
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

/// Writes a client's answer.
#[must_use]
pub fn write_completion(protocol: &str, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 16);
    write_array(&mut out, 2);
    write_text(&mut out, protocol);
    write_binary(&mut out, message);
    out
}

/// What the server of a connection says to whoever waits for a group command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement<'a> {
    /// The number of the command.
    pub id: i32,
    /// Why it is not done, where it is not. Only servers of ours say so, and only to each other: ASP.NET Core takes every
    /// acknowledgement for one of success, and reads no further than the number.
    pub refusal: Option<Refusal<'a>>,
}

/// Why a group command is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// In words.
    pub text: &'a str,
    /// How many groups the connection may be in, where that is why.
    pub limit: Option<usize>,
}

impl<'a> Acknowledgement<'a> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where the bytes are something else.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(bytes, "an acknowledgement");
        let items = reader.array(1)?;
        let id = reader.int32()?;
        // What is no refusal is something that we do not know yet.
        let refusal = (items > 1).then(|| Refusal::read(&mut reader, items > 2));
        Ok(Self {
            id,
            refusal: refusal.flatten(),
        })
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(8);
        let limit = self.refusal.as_ref().and_then(|it| it.limit);
        let items = 1 + usize::from(self.refusal.is_some()) + usize::from(limit.is_some());
        write_array(&mut out, items);
        write_integer(&mut out, self.id.into());
        if let Some(refusal) = &self.refusal {
            write_text(&mut out, refusal.text);
        }
        if let Some(limit) = limit {
            write_count(&mut out, limit);
        }
        out
    }
}

impl<'a> Refusal<'a> {
    fn read(reader: &mut Reader<'a>, more: bool) -> Option<Self> {
        let text = reader.text("a reason").ok()?;
        let limit = if more { reader.count().ok() } else { None };
        Some(Self { text, limit })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::bytes;
    use super::*;

    fn command(id: i32, add: bool) -> GroupCommand<'static> {
        GroupCommand {
            id,
            server: "S",
            add,
            group: "G",
            connection: "C",
        }
    }

    fn done(id: i32) -> Acknowledgement<'static> {
        Acknowledgement { id, refusal: None }
    }

    #[test]
    fn a_refusal_follows_what_aspnetcore_reads() {
        for (limit, expected) in [(None, "92 2a a1 78"), (Some(3), "93 2a a1 78 03")] {
            let refused = Acknowledgement {
                id: 42,
                refusal: Some(Refusal { text: "x", limit }),
            };
            let written = refused.write();
            assert_eq!(written, bytes(expected));
            assert_eq!(Acknowledgement::read(&written).unwrap(), refused);
        }
    }

    #[test]
    fn commands_acknowledgements_and_answers_are_aspnetcores() {
        #[rustfmt::skip]
        let cases = [
            (command(42, true).write(), "95 2a a1 53 01 a1 47 a1 43"),
            (command(42, false).write(), "95 2a a1 53 02 a1 47 a1 43"),
            (done(42).write(), "91 2a"),
            (done(180).write(), "91 cc b4"),
            (done(70000).write(), "91 ce 00 01 11 70"),
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
        let later = bytes("92 cd 0100 c0");
        assert_eq!(Acknowledgement::read(&later).unwrap(), done(256));
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
        let error = GroupCommand::read(&bytes("95 01 a1 53 03 a1 47 a1 43")).unwrap_err();
        assert_eq!(error.to_string(), "unknown group action 3");
        assert!(GroupCommand::read(&bytes("95 cf ffffffffffffffff a1 53 01 a1 47 a1 43")).is_err());
    }

    #[test]
    fn cut_short_nothing_panics() {
        let written = [
            command(70_000, true).write(),
            write_completion("json", b"{}"),
        ];
        for whole in written {
            for end in 0..whole.len() {
                let _ = GroupCommand::read(&whole[..end]);
                let _ = Completion::read(&whole[..end]);
                let _ = Acknowledgement::read(&whole[..end]);
            }
        }
    }
}

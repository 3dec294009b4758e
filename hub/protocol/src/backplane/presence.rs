//! What servers of ours tell each other, on channels that ASP.NET Core's do not hear.

use super::PayloadError;
use super::reader::Reader;
use super::writer::{write_array, write_count, write_integer, write_text, write_texts};

/// A server says that it is there: `[kind, server, [hub…]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announcement<'a> {
    /// Why it says so.
    pub kind: AnnouncementKind,
    /// Its name.
    pub server: &'a str,
    /// What the channels of each of its hubs begin with.
    pub hubs: Vec<&'a str>,
}

/// Why a server announces itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnnouncementKind {
    /// It is still there.
    Here,
    /// It has come, and wants to know who else is there.
    Hello,
    /// It goes.
    Bye,
}

/// A server asks the others about their connections: `[id, server, kind, name]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceQuestion<'a> {
    /// The id of the question, to be answered with it.
    pub id: &'a str,
    /// Who asks.
    pub server: &'a str,
    /// What it asks.
    pub kind: PresenceKind,
    /// The group, user or connection that it asks about; else empty.
    pub name: &'a str,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresenceKind {
    /// How many connections there are.
    Count,
    /// The ids of the connections.
    Connections,
    /// The users that have connections.
    Users,
    /// The ids of the connections in a group.
    Members,
    /// The ids of the connections of a user.
    OfUser,
    /// The user and the groups of a connection.
    Connection,
}

/// What one server answers, or a piece of it where it is long: `[id, server, piece, pieces, count, [name…]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceAnswer<'a> {
    /// The id of the question.
    pub id: &'a str,
    /// Who answers.
    pub server: &'a str,
    /// Which piece it is, from 0.
    pub piece: usize,
    /// How many there are, 1 or more.
    pub pieces: usize,
    /// How many are counted. Of a connection: 0 where it is not there, 1 where it has no user, 2 where its user is the first of
    /// the names.
    pub count: usize,
    /// The names that are asked for. Of a connection: its groups.
    pub names: Vec<&'a str>,
}

impl<'a> Announcement<'a> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where the bytes are something else.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(bytes, "an announcement");
        reader.array(3)?;
        let kind = match reader.integer()? {
            1 => AnnouncementKind::Here,
            2 => AnnouncementKind::Hello,
            3 => AnnouncementKind::Bye,
            number => {
                return Err(PayloadError::Unknown {
                    what: "announcement",
                    number,
                });
            }
        };
        Ok(Self {
            kind,
            server: reader.text("a server name")?,
            hubs: reader.texts("hubs", "a hub")?,
        })
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        write_array(&mut out, 3);
        let kind = match self.kind {
            AnnouncementKind::Here => 1,
            AnnouncementKind::Hello => 2,
            AnnouncementKind::Bye => 3,
        };
        write_integer(&mut out, kind);
        write_text(&mut out, self.server);
        write_texts(&mut out, &self.hubs);
        out
    }
}

/// The numbers of the kinds, from 1.
const KINDS: [PresenceKind; 6] = [
    PresenceKind::Count,
    PresenceKind::Connections,
    PresenceKind::Users,
    PresenceKind::Members,
    PresenceKind::OfUser,
    PresenceKind::Connection,
];

impl<'a> PresenceQuestion<'a> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where the bytes are something else.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(bytes, "a question");
        reader.array(4)?;
        let id = reader.text("the id of a question")?;
        let server = reader.text("a server name")?;
        let number = reader.integer()?;
        let kind = usize::try_from(number)
            .ok()
            .and_then(|number| KINDS.get(number.checked_sub(1)?));
        Ok(Self {
            id,
            server,
            kind: *kind.ok_or(PayloadError::Unknown {
                what: "question",
                number,
            })?,
            name: reader.text("a name")?,
        })
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        write_array(&mut out, 4);
        write_text(&mut out, self.id);
        write_text(&mut out, self.server);
        let before = KINDS.iter().take_while(|it| **it != self.kind).count();
        write_count(&mut out, before + 1);
        write_text(&mut out, self.name);
        out
    }
}

impl<'a> PresenceAnswer<'a> {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where the bytes are something else.
    pub fn read(bytes: &'a [u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(bytes, "an answer");
        reader.array(6)?;
        let answer = Self {
            id: reader.text("the id of a question")?,
            server: reader.text("a server name")?,
            piece: reader.count()?,
            pieces: reader.count()?,
            count: reader.count()?,
            names: reader.texts("names", "a name")?,
        };
        if answer.piece >= answer.pieces {
            return Err(reader.unexpected("a piece that there is"));
        }
        Ok(answer)
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        write_array(&mut out, 6);
        write_text(&mut out, self.id);
        write_text(&mut out, self.server);
        write_count(&mut out, self.piece);
        write_count(&mut out, self.pieces);
        write_count(&mut out, self.count);
        write_texts(&mut out, &self.names);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::bytes;
    use super::*;

    fn answer(piece: usize, pieces: usize) -> PresenceAnswer<'static> {
        PresenceAnswer {
            id: "I",
            server: "S",
            piece,
            pieces,
            count: 300,
            names: vec!["a", "b"],
        }
    }

    /// Servers of different versions share a farm: what is on the wire stays.
    #[test]
    fn they_stay_as_they_are() {
        let hello = Announcement {
            kind: AnnouncementKind::Hello,
            server: "S",
            hubs: vec!["A", "B"],
        };
        let written = hello.write();
        assert_eq!(written, bytes("93 02 a1 53 92 a1 41 a1 42"));
        assert_eq!(Announcement::read(&written).unwrap(), hello);
        let written = answer(1, 2).write();
        assert_eq!(
            written,
            bytes("96 a1 49 a1 53 01 02 cd 012c 92 a1 61 a1 62")
        );
        assert_eq!(PresenceAnswer::read(&written).unwrap(), answer(1, 2));
        for (kind, number) in KINDS.into_iter().zip(1..) {
            let question = PresenceQuestion {
                id: "I",
                server: "S",
                kind,
                name: "n",
            };
            let written = question.write();
            assert_eq!(
                written,
                bytes(&format!("94 a1 49 a1 53 {number:02x} a1 6e"))
            );
            assert_eq!(PresenceQuestion::read(&written).unwrap(), question);
        }
    }

    #[test]
    fn garbage_is_told_from_payloads() {
        let question = |hex| PresenceQuestion::read(&bytes(hex)).unwrap_err().to_string();
        assert_eq!(question("94 a1 49 a1 53 00 a1 6e"), "unknown question 0");
        assert_eq!(question("94 a1 49 a1 53 07 a1 6e"), "unknown question 7");
        assert_eq!(question("94 a1 49 a1 53 ff a1 6e"), "unknown question -1");
        let announcement = Announcement::read(&bytes("93 04 a1 53 90")).unwrap_err();
        assert_eq!(announcement.to_string(), "unknown announcement 4");
        for (piece, pieces) in [(0, 0), (1, 1), (2, 1)] {
            assert_eq!(
                PresenceAnswer::read(&answer(piece, pieces).write())
                    .unwrap_err()
                    .to_string(),
                "expected a piece that there is in an answer"
            );
        }
    }

    #[test]
    fn cut_short_nothing_panics() {
        let whole = answer(0, 1).write();
        for end in 0..whole.len() {
            let _ = Announcement::read(&whole[..end]);
            let _ = PresenceQuestion::read(&whole[..end]);
            let _ = PresenceAnswer::read(&whole[..end]);
        }
    }
}

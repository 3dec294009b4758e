//! What one server tells another about its connections, in pieces where it is much.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use campanile_hub::lifetime::{PresenceQuestion, PresenceReply, PresentConnection};
use campanile_hub_protocol::backplane::{PresenceAnswer, PresenceKind};

/// How many bytes of names go in one piece: what Redis holds for a slow server has a limit.
const PIECE: usize = 64 * 1024;

/// A piece of a server's answer, as it has come.
#[derive(Debug)]
pub(super) struct Piece {
    server: Arc<str>,
    piece: usize,
    pieces: usize,
    count: usize,
    names: Vec<Arc<str>>,
}

impl From<PresenceAnswer<'_>> for Piece {
    fn from(answer: PresenceAnswer<'_>) -> Self {
        Self {
            server: answer.server.into(),
            piece: answer.piece,
            pieces: answer.pieces,
            count: answer.count,
            names: answer.names.into_iter().map(Into::into).collect(),
        }
    }
}

/// How a question is put on the wire.
pub(super) fn wire(question: &PresenceQuestion) -> Option<(PresenceKind, &str)> {
    Some(match question {
        PresenceQuestion::Count => (PresenceKind::Count, ""),
        PresenceQuestion::Connections => (PresenceKind::Connections, ""),
        PresenceQuestion::Users => (PresenceKind::Users, ""),
        PresenceQuestion::Members(group) => (PresenceKind::Members, group),
        PresenceQuestion::OfUser(user) => (PresenceKind::OfUser, user),
        PresenceQuestion::Connection(id) => (PresenceKind::Connection, id),
        _ => return None,
    })
}

/// What has been asked.
pub(super) fn question(kind: PresenceKind, name: &str) -> Option<PresenceQuestion> {
    Some(match kind {
        PresenceKind::Count => PresenceQuestion::Count,
        PresenceKind::Connections => PresenceQuestion::Connections,
        PresenceKind::Users => PresenceQuestion::Users,
        PresenceKind::Members => PresenceQuestion::Members(name.into()),
        PresenceKind::OfUser => PresenceQuestion::OfUser(name.into()),
        PresenceKind::Connection => PresenceQuestion::Connection(name.into()),
        _ => return None,
    })
}

/// The payloads of an answer.
pub(super) fn payloads(id: &str, server: &str, reply: PresenceReply) -> Vec<Vec<u8>> {
    let (count, names) = match reply {
        PresenceReply::Count(count) => (count, Vec::new()),
        PresenceReply::Names(names) => (names.len(), names),
        PresenceReply::Connection(Some(PresentConnection { user, groups, .. })) => {
            let count = if user.is_some() { 2 } else { 1 };
            (count, user.into_iter().chain(groups).collect())
        }
        _ => (0, Vec::new()),
    };
    let mut bytes = 0;
    let cut = names.chunk_by(|_, next| {
        bytes += next.len() + 5;
        let fits = bytes < PIECE;
        if !fits {
            bytes = 0;
        }
        fits
    });
    let mut chunks: Vec<&[Arc<str>]> = cut.collect();
    if chunks.is_empty() {
        chunks.push(&[]);
    }
    let pieces = chunks.len();
    let answers = chunks.into_iter().enumerate().map(|(piece, names)| {
        let answer = PresenceAnswer {
            id,
            server,
            piece,
            pieces,
            count,
            names: names.iter().map(AsRef::as_ref).collect(),
        };
        answer.write()
    });
    answers.collect()
}

/// The answers of several servers, while they come.
#[derive(Debug, Default)]
pub(super) struct Answers {
    partial: HashMap<Arc<str>, BTreeMap<usize, Piece>>,
    complete: HashMap<Arc<str>, Vec<Piece>>,
}

impl Answers {
    pub(super) fn take(&mut self, piece: Piece) {
        if self.complete.contains_key(&piece.server) {
            return;
        }
        let (server, pieces) = (piece.server.clone(), piece.pieces);
        let have = self.partial.entry(server.clone()).or_default();
        have.insert(piece.piece, piece);
        if have.len() >= pieces {
            let have = self.partial.remove(&server).unwrap_or_default();
            self.complete.insert(server, have.into_values().collect());
        }
    }

    pub(super) fn have(&self, server: &str) -> bool {
        self.complete.contains_key(server)
    }

    /// How many servers have answered.
    pub(super) fn len(&self) -> usize {
        self.complete.len()
    }

    pub(super) fn replies(self, question: &PresenceQuestion) -> Vec<PresenceReply> {
        let answers = self.complete.into_values();
        answers.map(|pieces| reply(question, pieces)).collect()
    }
}

fn reply(question: &PresenceQuestion, pieces: Vec<Piece>) -> PresenceReply {
    let count = pieces.first().map_or(0, |it| it.count);
    let mut names = pieces.into_iter().flat_map(|it| it.names);
    match question {
        PresenceQuestion::Count => PresenceReply::Count(count),
        PresenceQuestion::Connection(_) => PresenceReply::Connection(match count {
            0 => None,
            1 => Some(PresentConnection::new(None, names.collect())),
            _ => {
                let user = names.next();
                Some(PresentConnection::new(user, names.collect()))
            }
        }),
        _ => PresenceReply::Names(names.collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transferred(question: &PresenceQuestion, reply: PresenceReply) -> (usize, PresenceReply) {
        let payloads = payloads("I", "S", reply);
        let mut answers = Answers::default();
        for payload in payloads.iter().rev() {
            assert_eq!(answers.len(), 0);
            let answer = PresenceAnswer::read(payload).unwrap();
            answers.take(answer.into());
        }
        assert!(answers.have("S"));
        let mut replies = answers.replies(question);
        assert_eq!(replies.len(), 1);
        (payloads.len(), replies.remove(0))
    }

    #[test]
    fn every_answer_comes_as_it_was_given() {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|it| (*it).into())
                .collect::<Vec<Arc<str>>>()
        };
        let connection = PresenceQuestion::Connection("c".into());
        let present = |user: Option<&str>, groups: &[&str]| {
            let user = user.map(Into::into);
            PresenceReply::Connection(Some(PresentConnection::new(user, names(groups))))
        };
        #[rustfmt::skip]
        let cases = [
            (PresenceQuestion::Count, PresenceReply::Count(0)),
            (PresenceQuestion::Count, PresenceReply::Count(70_000)),
            (PresenceQuestion::Connections, PresenceReply::Names(names(&[]))),
            (PresenceQuestion::Users, PresenceReply::Names(names(&["a", "", "b"]))),
            (connection.clone(), PresenceReply::Connection(None)),
            (connection.clone(), present(None, &[])),
            (connection.clone(), present(None, &["g"])),
            (connection.clone(), present(Some("u"), &[])),
            (connection, present(Some("u"), &["g", "h"])),
        ];
        for (question, reply) in cases {
            assert_eq!(transferred(&question, reply.clone()), (1, reply));
        }
    }

    #[test]
    fn what_is_much_comes_in_pieces() {
        let names: Vec<Arc<str>> = (0..10_000)
            .map(|number| format!("connection number {number}").into())
            .collect();
        let reply = PresenceReply::Names(names);
        let (pieces, transferred) = transferred(&PresenceQuestion::Connections, reply.clone());
        assert!((4..10).contains(&pieces), "{pieces}");
        assert_eq!(transferred, reply);
    }

    #[test]
    fn every_question_can_be_asked() {
        for asked in [
            PresenceQuestion::Count,
            PresenceQuestion::Connections,
            PresenceQuestion::Users,
            PresenceQuestion::Members("g".into()),
            PresenceQuestion::OfUser("u".into()),
            PresenceQuestion::Connection("c".into()),
        ] {
            let (kind, name) = wire(&asked).unwrap();
            assert_eq!(question(kind, name), Some(asked));
        }
    }
}

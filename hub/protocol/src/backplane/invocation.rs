//! Messages for clients, on their way to the servers that have them.

use super::PayloadError;
use super::reader::Reader;
use super::writer::{write_array, write_binary, write_map, write_text, write_texts};

/// The names of [`Notes`] in a payload: for a [`Trace`] those of its headers.
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
const SLOW_CLIENT: &str = "slowClient";

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
    /// What else a server of ours says of it.
    pub notes: Notes<'a>,
}

/// What servers of ours tell each other about a message. It follows the items that ASP.NET Core knows, which ignores it there.
/// Not checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes<'a> {
    /// What has caused it.
    pub trace: Option<Trace<'a>>,
    /// The name of what happens to it at slow clients, where that is not what their hub does.
    pub slow_client: Option<&'a str>,
}

/// The trace context of whoever sends, as the headers `traceparent` and `tracestate` have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace<'a> {
    /// `traceparent`.
    pub parent: &'a str,
    /// `tracestate`, if there is one.
    pub state: Option<&'a str>,
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
        let excluded = reader.texts("excluded connections", "an excluded connection")?;
        let messages = (0..reader.map("a map of messages")?)
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
        let known = if reply.is_some() { 4 } else { 2 };
        // What cannot be read is something that we do not know yet.
        let notes = (items > known).then(|| Notes::read(&mut reader)).flatten();
        Ok(Self {
            excluded,
            messages,
            reply,
            notes: notes.unwrap_or_default(),
        })
    }
}

impl<'a> Notes<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let (mut parent, mut state, mut slow_client) = (None, None, None);
        for _ in 0..reader.map("notes").ok()? {
            let name = reader.text("a name").ok()?;
            let value = reader.text("a value").ok()?;
            match name {
                TRACEPARENT => parent = Some(value),
                TRACESTATE => state = Some(value),
                SLOW_CLIENT => slow_client = Some(value),
                _ => {}
            }
        }
        let trace = parent.map(|parent| Trace { parent, state });
        Some(Self { trace, slow_client })
    }

    /// The names and values that there are.
    fn pairs(self) -> impl Iterator<Item = (&'static str, &'a str)> {
        let trace = self.trace;
        [
            (TRACEPARENT, trace.map(|it| it.parent)),
            (TRACESTATE, trace.and_then(|it| it.state)),
            (SLOW_CLIENT, self.slow_client),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// Writes a message for clients.
#[must_use]
pub fn write_invocation<'a>(
    excluded: &[Box<str>],
    messages: impl ExactSizeIterator<Item = (&'a str, &'a [u8])>,
    reply: Option<(&str, &str)>,
    notes: Notes<'_>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let items = if reply.is_some() { 4 } else { 2 };
    let noted = notes.pairs().count();
    write_array(&mut out, items + usize::from(noted > 0));
    write_texts(&mut out, excluded);
    write_map(&mut out, messages.len());
    for (protocol, message) in messages {
        write_text(&mut out, protocol);
        write_binary(&mut out, message);
    }
    if let Some((id, channel)) = reply {
        write_text(&mut out, id);
        write_text(&mut out, channel);
    }
    if noted > 0 {
        write_map(&mut out, noted);
        for (name, value) in notes.pairs() {
            write_text(&mut out, name);
            write_text(&mut out, value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::bytes;
    use super::*;

    fn invocation(
        excluded: &[&str],
        messages: &[(&str, &[u8])],
        reply: Option<(&str, &str)>,
    ) -> Vec<u8> {
        noted(excluded, messages, reply, Notes::default())
    }

    fn noted(
        excluded: &[&str],
        messages: &[(&str, &[u8])],
        reply: Option<(&str, &str)>,
        notes: Notes<'_>,
    ) -> Vec<u8> {
        let excluded: Vec<Box<str>> = excluded.iter().map(|it| (*it).into()).collect();
        write_invocation(&excluded, messages.iter().copied(), reply, notes)
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
        assert_eq!(read.notes, Notes::default());
    }

    #[test]
    fn notes_follow_what_aspnetcore_reads() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let trace = |state| Some(Trace { parent, state });
        for trace in [None, trace(None), trace(Some("a=b"))] {
            for slow_client in [None, Some("DropOldest")] {
                for reply in [None, Some(("I", "R"))] {
                    let notes = Notes { trace, slow_client };
                    let written = noted(&["C"], &[("json", JSON)], reply, notes);
                    let plain = invocation(&["C"], &[("json", JSON)], reply);
                    let more = u8::from(notes != Notes::default());
                    assert_eq!(written[0], plain[0] + more);
                    assert_eq!(written[1..plain.len()], plain[1..]);
                    let read = Invocation::read(&written).unwrap();
                    assert_eq!((read.reply, read.notes), (reply, notes));
                }
            }
        }
        // Items of some later version.
        for hex in ["93 90 80 c0", "93 90 80 2a", "93 90 80 81 a1 61 a1 62"] {
            let later = bytes(hex);
            let read = Invocation::read(&later).unwrap();
            assert_eq!(read.notes, Notes::default(), "{hex}");
        }
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
    }

    #[test]
    fn cut_short_nothing_panics() {
        let notes = Notes {
            trace: Some(Trace {
                parent: "p",
                state: Some("s"),
            }),
            slow_client: Some("c"),
        };
        let whole = noted(&["C"], &[("json", JSON)], Some(("I", "R")), notes);
        for end in 0..whole.len() {
            let _ = Invocation::read(&whole[..end]);
        }
    }
}

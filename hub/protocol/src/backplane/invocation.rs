//! Messages for clients, on their way to the servers that have them.

use super::PayloadError;
use super::reader::Reader;
use super::writer::{write_array, write_binary, write_map, write_text, write_texts};

/// The names that a [`Trace`] has in a payload, those of its headers.
const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

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
    /// What has caused it, where a server of ours says so.
    pub trace: Option<Trace<'a>>,
}

/// The trace context of whoever sends, as the headers `traceparent` and `tracestate` have it. Not checked.
///
/// It follows the items that ASP.NET Core knows, which ignores it there.
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
        // What is no trace is something that we do not know yet.
        let trace = (items > known).then(|| Trace::read(&mut reader)).flatten();
        Ok(Self {
            excluded,
            messages,
            reply,
            trace,
        })
    }
}

impl<'a> Trace<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let (mut parent, mut state) = (None, None);
        for _ in 0..reader.map("a trace context").ok()? {
            let name = reader.text("a name").ok()?;
            let value = reader.text("a value").ok()?;
            match name {
                TRACEPARENT => parent = Some(value),
                TRACESTATE => state = Some(value),
                _ => {}
            }
        }
        let parent = parent?;
        Some(Self { parent, state })
    }

    fn write(self, out: &mut Vec<u8>) {
        write_map(out, if self.state.is_some() { 2 } else { 1 });
        write_text(out, TRACEPARENT);
        write_text(out, self.parent);
        if let Some(state) = self.state {
            write_text(out, TRACESTATE);
            write_text(out, state);
        }
    }
}

/// Writes a message for clients.
#[must_use]
pub fn write_invocation<'a>(
    excluded: &[Box<str>],
    messages: impl ExactSizeIterator<Item = (&'a str, &'a [u8])>,
    reply: Option<(&str, &str)>,
    trace: Option<Trace<'_>>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    let items = if reply.is_some() { 4 } else { 2 };
    write_array(&mut out, items + usize::from(trace.is_some()));
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
    if let Some(trace) = trace {
        trace.write(&mut out);
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
        traced(excluded, messages, reply, None)
    }

    fn traced(
        excluded: &[&str],
        messages: &[(&str, &[u8])],
        reply: Option<(&str, &str)>,
        trace: Option<Trace<'_>>,
    ) -> Vec<u8> {
        let excluded: Vec<Box<str>> = excluded.iter().map(|it| (*it).into()).collect();
        write_invocation(&excluded, messages.iter().copied(), reply, trace)
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
        assert_eq!(read.trace, None);
    }

    #[test]
    fn a_trace_follows_what_aspnetcore_reads() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for state in [None, Some("a=b")] {
            for reply in [None, Some(("I", "R"))] {
                let trace = Some(Trace { parent, state });
                let written = traced(&["C"], &[("json", JSON)], reply, trace);
                let plain = invocation(&["C"], &[("json", JSON)], reply);
                assert_eq!(written[0], plain[0] + 1);
                assert_eq!(written[1..plain.len()], plain[1..]);
                let read = Invocation::read(&written).unwrap();
                assert_eq!((read.reply, read.trace), (reply, trace));
            }
        }
        // Items of some later version.
        for hex in ["93 90 80 c0", "93 90 80 2a", "93 90 80 81 a1 61 a1 62"] {
            assert_eq!(Invocation::read(&bytes(hex)).unwrap().trace, None, "{hex}");
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
        let trace = Trace {
            parent: "p",
            state: Some("s"),
        };
        let whole = traced(&["C"], &[("json", JSON)], Some(("I", "R")), Some(trace));
        for end in 0..whole.len() {
            let _ = Invocation::read(&whole[..end]);
        }
    }
}

use std::io::Write as _;

use serde::Serialize;

use super::format::{write_string, write_value};
use crate::{ArgumentSink, Arguments, InvocationKind, OutgoingCall, WriteError};

pub(crate) fn write_invocation<A: Arguments + ?Sized>(
    out: &mut Vec<u8>,
    call: &OutgoingCall<'_>,
    arguments: &A,
) -> Result<(), WriteError> {
    out.extend_from_slice(match call.kind {
        InvocationKind::Ordinary => b"{\"type\":1",
        InvocationKind::Stream => b"{\"type\":4",
    });
    for (index, (name, value)) in call.headers.iter().enumerate() {
        out.extend_from_slice(if index == 0 {
            b",\"headers\":{".as_slice()
        } else {
            b","
        });
        write_string(out, name);
        out.push(b':');
        write_string(out, value);
    }
    if !call.headers.is_empty() {
        out.push(b'}');
    }
    if let Some(id) = call.id {
        write_id(out, id);
    }
    out.extend_from_slice(b",\"target\":");
    write_string(out, call.target);
    out.extend_from_slice(b",\"arguments\":[");
    ArgumentSink::json(out).write_all(arguments)?;
    out.push(b']');
    if !call.stream_ids.is_empty() {
        out.extend_from_slice(b",\"streamIds\":");
        write_value(out, call.stream_ids)?;
    }
    out.push(b'}');
    Ok(())
}

pub(crate) fn write_stream_item<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    id: &str,
    item: &T,
) -> Result<(), WriteError> {
    out.extend_from_slice(b"{\"type\":2");
    write_id(out, id);
    out.extend_from_slice(b",\"item\":");
    write_value(out, item)?;
    out.push(b'}');
    Ok(())
}

pub(crate) fn write_completion_result<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    id: &str,
    result: &T,
) -> Result<(), WriteError> {
    out.extend_from_slice(b"{\"type\":3");
    write_id(out, id);
    out.extend_from_slice(b",\"result\":");
    write_value(out, result)?;
    out.push(b'}');
    Ok(())
}

pub(crate) fn write_completion_raw(out: &mut Vec<u8>, id: &str, result: &[u8]) {
    out.extend_from_slice(b"{\"type\":3");
    write_id(out, id);
    out.extend_from_slice(b",\"result\":");
    out.extend_from_slice(result);
    out.push(b'}');
}

pub(crate) fn write_completion_void(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(b"{\"type\":3");
    write_id(out, id);
    out.push(b'}');
}

pub(crate) fn write_completion_error(out: &mut Vec<u8>, id: &str, error: &str) {
    out.extend_from_slice(b"{\"type\":3");
    write_id(out, id);
    if !error.is_empty() {
        out.extend_from_slice(b",\"error\":");
        write_string(out, error);
    }
    out.push(b'}');
}

pub(crate) fn write_cancel_invocation(out: &mut Vec<u8>, id: &str) {
    out.extend_from_slice(b"{\"type\":5");
    write_id(out, id);
    out.push(b'}');
}

pub(crate) fn write_ping(out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":6}");
}

pub(crate) fn write_close(out: &mut Vec<u8>, error: Option<&str>, allow_reconnect: bool) {
    out.extend_from_slice(b"{\"type\":7");
    if let Some(error) = error {
        out.extend_from_slice(b",\"error\":");
        write_string(out, error);
    }
    if allow_reconnect {
        out.extend_from_slice(b",\"allowReconnect\":true");
    }
    out.push(b'}');
}

pub(crate) fn write_ack(out: &mut Vec<u8>, sequence_id: u64) {
    write_sequence_id(out, 8, sequence_id);
}

pub(crate) fn write_sequence(out: &mut Vec<u8>, sequence_id: u64) {
    write_sequence_id(out, 9, sequence_id);
}

fn write_sequence_id(out: &mut Vec<u8>, kind: u8, sequence_id: u64) {
    write!(out, "{{\"type\":{kind},\"sequenceId\":{sequence_id}}}")
        .expect("a vector takes everything");
}

/// An empty id is none.
fn write_id(out: &mut Vec<u8>, id: &str) {
    if !id.is_empty() {
        out.extend_from_slice(b",\"invocationId\":");
        write_string(out, id);
    }
}

#[cfg(test)]
mod tests {
    use crate::{HubProtocol, InvocationKind, OutgoingCall, WriteError};

    fn written(write: impl FnOnce(HubProtocol, &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(HubProtocol::Json, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// What ASP.NET Core writes, byte for byte.
    #[test]
    fn messages_of_all_types() {
        #[rustfmt::skip]
        let cases = [
            (written(|it, out| it.write_invocation(out, "Receive", &("é", 1.0)).unwrap()), r#"{"type":1,"target":"Receive","arguments":["é",1]}"#),
            (written(|it, out| it.write_invocation(out, "Receive", &()).unwrap()), r#"{"type":1,"target":"Receive","arguments":[]}"#),
            (written(|it, out| it.write_invocation_with_id(out, "s1", "Double", &(21,)).unwrap()), r#"{"type":1,"invocationId":"s1","target":"Double","arguments":[21]}"#),
            (written(|it, out| it.write_call(out, &OutgoingCall { target: "Up", stream_ids: &["1", "2"], ..OutgoingCall::default() }, &()).unwrap()), r#"{"type":1,"target":"Up","arguments":[],"streamIds":["1","2"]}"#),
            (written(|it, out| it.write_call(out, &OutgoingCall { kind: InvocationKind::Stream, id: Some("7"), target: "Count", ..OutgoingCall::default() }, &(10,)).unwrap()), r#"{"type":4,"invocationId":"7","target":"Count","arguments":[10]}"#),
            (written(|it, out| it.write_call(out, &OutgoingCall { id: Some("8"), target: "M", headers: &[("a", "1"), ("b", "\"")], ..OutgoingCall::default() }, &()).unwrap()), r#"{"type":1,"headers":{"a":"1","b":"\""},"invocationId":"8","target":"M","arguments":[]}"#),
            (written(|it, out| it.write_stream_item(out, "123", &None::<i32>).unwrap()), r#"{"type":2,"invocationId":"123","item":null}"#),
            (written(|it, out| it.write_completion_result(out, "a\"b", "é<>&'\"\\\n/").unwrap()), r#"{"type":3,"invocationId":"a\"b","result":"é<>&'\"\\\n/"}"#),
            (written(|it, out| it.write_completion_result(out, "1", &()).unwrap()), r#"{"type":3,"invocationId":"1","result":null}"#),
            (written(|it, out| it.write_completion_void(out, "123")), r#"{"type":3,"invocationId":"123"}"#),
            (written(|it, out| it.write_completion_error(out, "1", "An unexpected error occurred invoking 'Fail' on the server.")), r#"{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Fail' on the server."}"#),
            (written(|it, out| it.write_completion_error(out, "1", "")), r#"{"type":3,"invocationId":"1"}"#),
            (written(|it, out| it.write_cancel_invocation(out, "7")), r#"{"type":5,"invocationId":"7"}"#),
            (written(HubProtocol::write_ping), r#"{"type":6}"#),
            (written(|it, out| it.write_close(out, None, false)), r#"{"type":7}"#),
            (written(|it, out| it.write_close(out, None, true)), r#"{"type":7,"allowReconnect":true}"#),
            (written(|it, out| it.write_close(out, Some("e"), false)), r#"{"type":7,"error":"e"}"#),
            (written(|it, out| it.write_close(out, Some("e"), true)), r#"{"type":7,"error":"e","allowReconnect":true}"#),
            (written(|it, out| it.write_close(out, Some(""), false)), r#"{"type":7}"#),
            (written(|it, out| it.write_ack(out, 5)), r#"{"type":8,"sequenceId":5}"#),
            (written(|it, out| it.write_sequence(out, 1)), r#"{"type":9,"sequenceId":1}"#),
        ];
        for (written, expected) in cases {
            assert_eq!(written.strip_suffix('\u{1e}').unwrap(), expected);
        }
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        struct Fails;

        impl serde::Serialize for Fails {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("cannot be written"))
            }
        }

        for protocol in HubProtocol::BUILT_IN {
            let mut out = b"before".to_vec();
            let results = [
                protocol.write_invocation(&mut out, "M", &(1, Fails)),
                protocol.write_stream_item(&mut out, "1", &[Fails]),
                protocol.write_completion_result(&mut out, "1", &Fails),
            ];
            for result in results {
                assert!(
                    matches!(result, Err(WriteError::Value(it)) if it.to_string() == "cannot be written")
                );
            }
            assert_eq!(out, b"before");
        }
    }
}

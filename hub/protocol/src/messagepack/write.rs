use serde::Serialize;

use super::value::write_value;
use crate::{ArgumentSink, Arguments, InvocationKind, OutgoingCall, WriteError};

/// Why writing what is not a user's value cannot fail.
pub(crate) const INFALLIBLE: &str = "a vector takes everything";

pub(crate) fn write_invocation<A: Arguments + ?Sized>(
    out: &mut Vec<u8>,
    call: &OutgoingCall<'_>,
    arguments: &A,
) -> Result<(), WriteError> {
    write_head(
        out,
        6,
        match call.kind {
            InvocationKind::Ordinary => 1,
            InvocationKind::Stream => 4,
        },
    );
    write_map_length(out, call.headers.len())?;
    for (name, value) in call.headers {
        write_text(out, name);
        write_text(out, value);
    }
    write_optional(out, call.id);
    write_text(out, call.target);
    write_array_length(out, arguments.count())?;
    ArgumentSink::messagepack(out).write_all(arguments)?;
    write_array_length(out, call.stream_ids.len())?;
    for id in call.stream_ids {
        write_text(out, id);
    }
    Ok(())
}

pub(crate) fn write_stream_item<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    id: &str,
    item: &T,
) -> Result<(), WriteError> {
    write_head_with_id(out, 4, 2, id);
    write_value(out, item)
}

pub(crate) fn write_completion_result<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    id: &str,
    result: &T,
) -> Result<(), WriteError> {
    write_head_with_id(out, 5, 3, id);
    out.push(3);
    write_value(out, result)
}

pub(crate) fn write_completion_void(out: &mut Vec<u8>, id: &str) {
    write_head_with_id(out, 4, 3, id);
    out.push(2);
}

pub(crate) fn write_completion_raw(out: &mut Vec<u8>, id: &str, result: &[u8]) {
    write_head_with_id(out, 5, 3, id);
    out.push(3);
    if result.is_empty() {
        // The message that it comes from ended too early.
        rmp::encode::write_nil(out).expect(INFALLIBLE);
    }
    out.extend_from_slice(result);
}

pub(crate) fn write_completion_error(out: &mut Vec<u8>, id: &str, error: &str) {
    write_head_with_id(out, 5, 3, id);
    out.push(1);
    write_text(out, error);
}

pub(crate) fn write_cancel_invocation(out: &mut Vec<u8>, id: &str) {
    write_head_with_id(out, 3, 5, id);
}

pub(crate) fn write_ping(out: &mut Vec<u8>) {
    write_head(out, 1, 6);
}

pub(crate) fn write_close(out: &mut Vec<u8>, error: Option<&str>, allow_reconnect: bool) {
    write_head(out, 3, 7);
    write_optional(out, error);
    rmp::encode::write_bool(out, allow_reconnect).expect(INFALLIBLE);
}

pub(crate) fn write_ack(out: &mut Vec<u8>, sequence_id: u64) {
    write_head(out, 2, 8);
    rmp::encode::write_uint(out, sequence_id).expect(INFALLIBLE);
}

pub(crate) fn write_sequence(out: &mut Vec<u8>, sequence_id: u64) {
    write_head(out, 2, 9);
    rmp::encode::write_uint(out, sequence_id).expect(INFALLIBLE);
}

/// The beginning of all messages: an array of so many items, the first of which is the type.
fn write_head(out: &mut Vec<u8>, items: u8, kind: u8) {
    // Both are small enough for the formats that hold them in one byte.
    out.extend_from_slice(&[0x90 | items, kind]);
}

fn write_head_with_id(out: &mut Vec<u8>, items: u8, kind: u8, id: &str) {
    write_head(out, items, kind);
    write_headers(out);
    write_text(out, id);
}

/// An empty map: answers have no headers.
fn write_headers(out: &mut Vec<u8>) {
    out.push(0x80);
}

fn write_map_length(out: &mut Vec<u8>, length: usize) -> Result<(), WriteError> {
    let length = u32::try_from(length).map_err(|_| WriteError::TooLarge)?;
    rmp::encode::write_map_len(out, length).expect(INFALLIBLE);
    Ok(())
}

fn write_optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => write_text(out, text),
        None => rmp::encode::write_nil(out).expect(INFALLIBLE),
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    rmp::encode::write_str(out, text).expect(INFALLIBLE);
}

fn write_array_length(out: &mut Vec<u8>, length: usize) -> Result<(), WriteError> {
    let length = u32::try_from(length).map_err(|_| WriteError::TooLarge)?;
    rmp::encode::write_array_len(out, length).expect(INFALLIBLE);
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{HubProtocol, InvocationKind, OutgoingCall};

    fn hex(write: impl FnOnce(HubProtocol, &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(HubProtocol::MessagePack, &mut out);
        assert_eq!(usize::from(out[0]), out.len() - 1, "all of these are short");
        out[1..].iter().map(|it| format!("{it:02x}")).collect()
    }

    /// What ASP.NET Core writes, byte for byte.
    #[test]
    fn messages_of_all_types() {
        #[rustfmt::skip]
        let cases = [
            (hex(|it, out| it.write_invocation_with_id(out, "xyz", "method", &()).unwrap()), "96 01 80 a3 78797a a6 6d6574686f64 90 90"),
            (hex(|it, out| it.write_invocation(out, "method", &(42,)).unwrap()), "96 01 80 c0 a6 6d6574686f64 91 2a 90"),
            (hex(|it, out| it.write_call(out, &OutgoingCall { id: Some("1"), target: "m", stream_ids: &["2"], ..OutgoingCall::default() }, &("a", true, None::<i32>)).unwrap()), "96 01 80 a131 a16d 93 a161 c3 c0 91 a132"),
            (hex(|it, out| it.write_call(out, &OutgoingCall { kind: InvocationKind::Stream, id: Some("xyz"), target: "method", ..OutgoingCall::default() }, &()).unwrap()), "96 04 80 a3 78797a a6 6d6574686f64 90 90"),
            (hex(|it, out| it.write_call(out, &OutgoingCall { target: "m", headers: &[("a", "b")], ..OutgoingCall::default() }, &()).unwrap()), "96 01 81 a161 a162 c0 a16d 90 90"),
            (hex(|it, out| it.write_stream_item(out, "xyz", &42).unwrap()), "94 02 80 a3 78797a 2a"),
            (hex(|it, out| it.write_stream_item(out, "xyz", &42.0f32).unwrap()), "94 02 80 a3 78797a ca 42280000"),
            (hex(|it, out| it.write_completion_void(out, "xyz")), "94 03 80 a3 78797a 02"),
            (hex(|it, out| it.write_completion_result(out, "xyz", &42).unwrap()), "95 03 80 a3 78797a 03 2a"),
            (hex(|it, out| it.write_completion_result(out, "xyz", &()).unwrap()), "95 03 80 a3 78797a 03 c0"),
            (hex(|it, out| it.write_completion_error(out, "xyz", "Error not found!")), "95 03 80 a3 78797a 01 b0 4572726f72206e6f7420666f756e6421"),
            (hex(|it, out| it.write_completion_error(out, "xyz", "")), "95 03 80 a3 78797a 01 a0"),
            (hex(|it, out| it.write_cancel_invocation(out, "xyz")), "93 05 80 a3 78797a"),
            (hex(HubProtocol::write_ping), "91 06"),
            (hex(|it, out| it.write_close(out, None, false)), "93 07 c0 c2"),
            (hex(|it, out| it.write_close(out, Some(""), true)), "93 07 c0 c3"),
            (hex(|it, out| it.write_close(out, Some("Error!"), false)), "93 07 a6 4572726f7221 c2"),
            (hex(|it, out| it.write_ack(out, 5)), "92 08 05"),
            (hex(|it, out| it.write_sequence(out, 300)), "92 09 cd012c"),
        ];
        for (written, expected) in cases {
            assert_eq!(written, expected.replace(' ', ""));
        }
    }

    #[test]
    fn long_messages_have_longer_prefixes() {
        let mut out = Vec::new();
        HubProtocol::MessagePack
            .write_stream_item(&mut out, "1", &"x".repeat(200))
            .unwrap();
        HubProtocol::MessagePack.write_ping(&mut out);
        let frame = HubProtocol::MessagePack
            .next_frame(&out, None)
            .unwrap()
            .unwrap();
        assert_eq!(
            (&out[..2], frame.body.len(), frame.consumed),
            (&[0xcf, 0x01][..], 207, 209)
        );
        assert_eq!(out[209..], [2, 0x91, 6]);
    }
}

use serde::Serialize;

use super::value::write_value;
use crate::{ArgumentSink, Arguments, HubProtocol, InvocationKind, WriteError};

/// Why writing what is not a user's value cannot fail.
const INFALLIBLE: &str = "a vector takes everything";

pub(crate) fn write_invocation<A: Arguments + ?Sized>(
    out: &mut Vec<u8>,
    kind: InvocationKind,
    id: Option<&str>,
    target: &str,
    arguments: &A,
    stream_ids: &[&str],
) -> Result<(), WriteError> {
    write_head(
        out,
        6,
        match kind {
            InvocationKind::Ordinary => 1,
            InvocationKind::Stream => 4,
        },
    );
    write_headers(out);
    write_optional(out, id);
    write_text(out, target);
    write_array_length(out, arguments.count())?;
    ArgumentSink::new(HubProtocol::MessagePack, out).write_all(arguments)?;
    write_array_length(out, stream_ids.len())?;
    for id in stream_ids {
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

/// An empty map: we send no headers.
fn write_headers(out: &mut Vec<u8>) {
    out.push(0x80);
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

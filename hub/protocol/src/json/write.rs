use std::io::Write as _;

use serde::Serialize;

use super::format::{write_string, write_value};
use crate::{ArgumentSink, Arguments, HubProtocol, InvocationKind, WriteError};

pub(crate) fn write_invocation<A: Arguments + ?Sized>(
    out: &mut Vec<u8>,
    kind: InvocationKind,
    id: Option<&str>,
    target: &str,
    arguments: &A,
    stream_ids: &[&str],
) -> Result<(), WriteError> {
    out.extend_from_slice(match kind {
        InvocationKind::Ordinary => b"{\"type\":1",
        InvocationKind::Stream => b"{\"type\":4",
    });
    if let Some(id) = id {
        write_id(out, id);
    }
    out.extend_from_slice(b",\"target\":");
    write_string(out, target);
    out.extend_from_slice(b",\"arguments\":[");
    ArgumentSink::new(HubProtocol::Json, out).write_all(arguments)?;
    out.push(b']');
    if !stream_ids.is_empty() {
        out.extend_from_slice(b",\"streamIds\":");
        write_value(out, stream_ids)?;
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

//! The JSON encoding of hub messages, byte for byte as ASP.NET Core has it.

mod elements;
mod format;
mod object;
mod parse;
mod seeds;
mod values;
mod write;

pub(crate) use elements::Elements;
pub(crate) use format::{write_string, write_value};
pub(crate) use object::{ReadProperty, read_object};
pub(crate) use parse::parse;
pub(crate) use values::Values;
pub(crate) use write::{
    write_ack, write_cancel_invocation, write_close, write_completion_error, write_completion_raw,
    write_completion_result, write_completion_void, write_invocation, write_ping, write_sequence,
    write_stream_item,
};

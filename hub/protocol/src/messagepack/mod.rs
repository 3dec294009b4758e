//! The MessagePack encoding of hub messages: arrays of fixed positions.

mod parse;
mod reader;
mod split;
mod value;
mod write;

pub(crate) use parse::parse;
pub(crate) use split::split_value;
pub(crate) use value::{read_value, write_value};
pub(crate) use write::{
    INFALLIBLE, write_ack, write_cancel_invocation, write_close, write_completion_error,
    write_completion_raw, write_completion_result, write_completion_void, write_invocation,
    write_ping, write_sequence, write_stream_item,
};

//! One connection: its queue, its state, and the task that owns its transport.

mod calls;
mod close;
mod frame;
mod handshake;
mod messages;
mod queue;
mod rate;
mod session;
mod shared;
mod spare;

pub(crate) use calls::OpenCall;
pub(crate) use close::{Stop, finish};
pub use frame::Frame;
pub(crate) use handshake::Opening;
pub(crate) use queue::{BATCH_BYTES, Pushed, SendQueue, Tally};
pub(crate) use session::serve;
pub use shared::Connection;
pub(crate) use shared::End;
pub(crate) use spare::trim;

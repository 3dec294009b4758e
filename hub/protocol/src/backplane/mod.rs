//! What servers of one farm say to each other over Redis.
//!
//! The payloads of ASP.NET Core's Redis backplane byte for byte, so that servers of both kinds can share a farm: MessagePack
//! arrays whose readers take more items than they know. And those that only servers of ours exchange, on channels of their
//! own: who is [there](Announcement), and [who](PresenceQuestion) is connected [to whom](PresenceAnswer).
//!
//! Readers take whatever they are given, since anybody can publish to a Redis: they fail, or give what borrows from the input.

mod error;
mod invocation;
mod presence;
mod reader;
mod replies;
#[cfg(test)]
mod testing;
mod writer;

pub use error::PayloadError;
pub use invocation::{Invocation, Notes, Trace, write_invocation};
pub use presence::{
    Announcement, AnnouncementKind, PresenceAnswer, PresenceKind, PresenceQuestion,
};
pub use replies::{Acknowledgement, Completion, GroupCommand, Refusal, write_completion};

//! Who is connected to a hub, in which groups, and how they are reached.

mod memory;
mod outgoing;
mod sending;
mod target;

use std::fmt::Debug;
use std::sync::Arc;

pub(crate) use memory::MemoryLifetimeManager;
pub(crate) use outgoing::{Outgoing, OutgoingInvocation};
pub(crate) use sending::Sending;
pub(crate) use target::{Target, names};

use crate::connection::Connection;

/// The part of a hub that knows its connections, in this process or in a farm of servers.
///
/// The counterpart of .NET's `HubLifetimeManager<THub>`.
pub(crate) trait HubLifetimeManager: Debug + Send + Sync {
    /// Takes a connection in, after its handshake and before anything of the application hears of it.
    fn connected(&self, connection: &Arc<Connection>) -> Sending;

    /// Forgets a connection and all that it was in.
    fn disconnected(&self, connection: &Connection) -> Sending;

    /// Sends to all of `target`. The message is queued before this returns; what is still to be awaited is room.
    fn send(&self, target: &Target, message: &dyn Outgoing) -> Sending;

    /// Puts a connection into a group. Unknown connections are none, and being in twice is being in.
    fn add_to_group(&self, connection_id: &str, group: &str) -> Sending;

    /// Takes a connection out of a group.
    fn remove_from_group(&self, connection_id: &str, group: &str) -> Sending;

    /// The connections of this process.
    fn local(&self) -> Arc<[Arc<Connection>]>;
}

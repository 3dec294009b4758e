//! Who is connected to a hub, in which groups, and how they are reached.

mod memory;
mod outgoing;
mod presence;
mod results;
mod sending;
mod target;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use campanile_hub_protocol::CompletionOutcome;

pub(crate) use memory::MemoryLifetimeManager;
pub(crate) use outgoing::{Outgoing, OutgoingInvocation, Question};
pub(crate) use presence::PresenceEvents;
pub use presence::{HubPresence, PresenceEvent};
pub(crate) use results::{Answered, Asking, Expected, TakeAnswer};
pub(crate) use sending::Sending;
pub(crate) use target::{Target, names};

use crate::HubResult;
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

    /// Asks a connection; its answer goes to `answer`.
    fn ask(
        &self,
        connection_id: &str,
        question: &dyn Question,
        answer: Box<dyn TakeAnswer>,
    ) -> HubResult<Asking>;

    /// Takes what a connection answers under an id.
    fn answer(&self, connection: &Connection, id: &str, outcome: CompletionOutcome<'_>)
    -> Answered;

    /// How long an answer may take; none for ever.
    fn result_timeout(&self) -> Option<Duration>;

    /// Sets how long an answer may take.
    fn set_result_timeout(&self, timeout: Option<Duration>);

    /// The connections of this process.
    fn local(&self) -> Arc<[Arc<Connection>]>;

    /// Whether a connection is there.
    fn is_connected(&self, connection_id: &str) -> bool;

    /// The connections of this process that are in a group.
    fn members(&self, group: &str) -> Vec<Arc<str>>;

    /// The groups that a connection is in.
    fn groups_of(&self, connection_id: &str) -> Vec<String>;

    /// Who wants to know of changes.
    fn presence(&self) -> &PresenceEvents;
}

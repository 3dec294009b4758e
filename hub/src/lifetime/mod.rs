//! Who is connected to a hub, in which groups, and how they are reached: in one process, or in a farm of servers.
//!
//! Applications need nothing of this. A backplane, such as the crate `campanile-hub-redis`, implements
//! [`HubLifetimeManager`] around a [`MemoryLifetimeManager`] and registers a [`HubLifetimeManagerFactory`] in the container:
//! every hub then gets its manager from it.

mod asking;
mod everywhere;
mod factory;
mod memory;
mod outgoing;
mod presence;
mod received;
mod results;
mod sending;
mod target;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use campanile_hub_protocol::CompletionOutcome;

pub use asking::{
    AskingServers, PresenceQuestion, PresenceReply, PresentConnection, ServerReplies,
};
pub use everywhere::{FarmAnswer, FarmPresence};
pub use factory::HubLifetimeManagerFactory;
pub use memory::MemoryLifetimeManager;
pub use outgoing::{Outgoing, Question};
pub(crate) use outgoing::{OutgoingInvocation, topic};
pub(crate) use presence::PresenceEvents;
pub use presence::{HubPresence, PresenceEvent};
pub use received::{Delivered, Local, ReceivedError, ReceivedMessage};
pub(crate) use results::Expected;
pub use results::{Answered, Asking, TakeAnswer};
pub use sending::Sending;
pub use target::Target;
pub(crate) use target::names;

use crate::HubResult;
pub use crate::connection::{Connection, Frame};

/// The part of a hub that knows its connections, in this process or in a farm of servers.
///
/// The counterpart of .NET's `HubLifetimeManager<THub>`.
pub trait HubLifetimeManager: Debug + Send + Sync {
    /// Takes a connection in, after its handshake and before anything of the application hears of it. Where that fails the
    /// client is refused, and [`disconnected`](Self::disconnected) is called.
    fn connected(&self, connection: &Arc<Connection>) -> Sending;

    /// Forgets a connection and all that it was in.
    fn disconnected(&self, connection: &Connection) -> Sending;

    /// Sends to all of `target`. The message is queued before this returns; what is still to be awaited is room, or
    /// whoever passes it on.
    fn send(&self, target: &Target, message: &dyn Outgoing) -> Sending;

    /// Puts a connection into a group. Being in twice is being in.
    fn add_to_group(&self, connection_id: &str, group: &str) -> Sending;

    /// Takes a connection out of a group.
    fn remove_from_group(&self, connection_id: &str, group: &str) -> Sending;

    /// Asks a connection; its answer goes to `answer`.
    ///
    /// # Errors
    ///
    /// [`HubError::NoSuchClient`](crate::HubError::NoSuchClient) where that is known at once, and
    /// [`HubError::Serialization`](crate::HubError::Serialization).
    fn ask_client(
        &self,
        connection_id: &str,
        question: &dyn Question,
        answer: Box<dyn TakeAnswer>,
    ) -> HubResult<Asking>;

    /// Takes what a connection answers under an id.
    fn answer(&self, connection: &Connection, id: &str, outcome: CompletionOutcome<'_>)
    -> Answered;

    /// Asks every server of the farm, this one among them, about its connections. The answers of those that take longer than
    /// `within` are not waited for; the result says whose they are.
    ///
    /// Where nothing else is said, this server is all of them.
    fn ask_servers(&self, question: PresenceQuestion, within: Duration) -> AskingServers {
        let _ = within;
        let replies = ServerReplies::of_this_server(self.local().reply(&question));
        AskingServers::new(std::future::ready(Ok(replies)))
    }

    /// The part that knows the connections of this process.
    fn local(&self) -> &MemoryLifetimeManager;
}

//! Who is there.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use tokio::sync::broadcast;

use super::{FarmPresence, HubLifetimeManager};

/// How many events a subscriber may be behind.
const BACKLOG: usize = 1024;

/// Who is connected to the hub `H` on this server, in which groups, and as which user.
///
/// From [`HubContext::presence`](crate::HubContext::presence). Where there are several servers,
/// [`everywhere`](Self::everywhere) asks them all. Answers are exact at the moment of the call; a connection
/// is there from its handshake until `on_disconnected` has ended.
///
/// ```
/// # fn example<H: campanile_hub::Hub>(context: &campanile_hub::HubContext<H>) {
/// let presence = context.presence();
/// for id in presence.members("lobby") {
///     println!("{id} is in {:?}", presence.groups_of(&id));
/// }
/// # }
/// ```
pub struct HubPresence<H> {
    lifetime: Arc<dyn HubLifetimeManager>,
    hub: PhantomData<fn() -> H>,
}

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresenceEvent {
    /// A connection has shaken hands.
    Connected {
        /// Its id.
        connection_id: Arc<str>,
        /// Whose it is, where it is a user's.
        user: Option<Arc<str>>,
    },
    /// A connection is over, and in no group any more.
    Disconnected {
        /// Its id.
        connection_id: Arc<str>,
        /// Whose it was, where it was a user's. Others of that user's may be there still.
        user: Option<Arc<str>>,
    },
    /// A connection was put into a group that it was not in.
    Joined {
        /// Its id.
        connection_id: Arc<str>,
        /// The group's name.
        group: Arc<str>,
    },
    /// A connection was taken out of a group that it was in.
    Left {
        /// Its id.
        connection_id: Arc<str>,
        /// The group's name.
        group: Arc<str>,
    },
}

impl<H> HubPresence<H> {
    pub(crate) fn new(lifetime: Arc<dyn HubLifetimeManager>) -> Self {
        Self {
            lifetime,
            hub: PhantomData,
        }
    }

    /// The ids of all connections, in no order.
    #[must_use]
    pub fn connections(&self) -> Vec<Arc<str>> {
        let connections = self.lifetime.local().connections();
        connections.iter().map(|it| it.id.clone()).collect()
    }

    /// How many connections there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lifetime.local().connections().len()
    }

    /// Whether a connection is there.
    #[must_use]
    pub fn is_connected(&self, connection_id: &str) -> bool {
        self.lifetime.local().is_connected(connection_id)
    }

    /// The users that have a connection, each once and in no order.
    #[must_use]
    pub fn users(&self) -> Vec<Arc<str>> {
        self.lifetime.local().users()
    }

    /// Whose a connection is; none where it is no user's, or not there.
    #[must_use]
    pub fn user_of(&self, connection_id: &str) -> Option<Arc<str>> {
        self.lifetime.local().user_of(connection_id)
    }

    /// The ids of a user's connections, in no order; none where the user is not there.
    #[must_use]
    pub fn connections_of(&self, user: &str) -> Vec<Arc<str>> {
        self.lifetime.local().connections_of(user)
    }

    /// The groups that have members, in no order.
    #[must_use]
    pub fn groups(&self) -> Vec<Arc<str>> {
        self.lifetime.local().groups()
    }

    /// The ids of a group's members, in no order; none where there is no such group.
    #[must_use]
    pub fn members(&self, group: &str) -> Vec<Arc<str>> {
        self.lifetime.local().members(group)
    }

    /// The groups that a connection is in, in no order; none where there is no such connection.
    #[must_use]
    pub fn groups_of(&self, connection_id: &str) -> Vec<String> {
        self.lifetime.local().groups_of(connection_id)
    }

    /// The same of all servers of the farm, which are asked for it.
    #[must_use]
    pub fn everywhere(&self) -> FarmPresence<H> {
        FarmPresence::new(self.lifetime.clone())
    }

    /// What changes on this server from now on, in order.
    ///
    /// Nobody waits for a subscriber: one that is more than 1,024 events behind misses the oldest ones and is told so
    /// (`RecvError::Lagged`). It should then ask anew who is there.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<PresenceEvent> {
        self.lifetime.local().presence().subscribe()
    }
}

impl<H> Clone for HubPresence<H> {
    fn clone(&self) -> Self {
        Self::new(self.lifetime.clone())
    }
}

impl<H> fmt::Debug for HubPresence<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HubPresence")
            .field("count", &self.count())
            .finish_non_exhaustive()
    }
}

/// Tells subscribers; does nothing until there is one.
#[derive(Debug, Default)]
pub(crate) struct PresenceEvents(OnceLock<broadcast::Sender<PresenceEvent>>);

impl PresenceEvents {
    pub(crate) fn tell(&self, event: impl FnOnce() -> PresenceEvent) {
        if let Some(sender) = self.0.get() {
            // That nobody listens any more is no error.
            let _ = sender.send(event());
        }
    }

    fn subscribe(&self) -> broadcast::Receiver<PresenceEvent> {
        self.0
            .get_or_init(|| broadcast::Sender::new(BACKLOG))
            .subscribe()
    }
}

//! The lifetime manager of a single server.

mod queries;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use campanile_hub_protocol::{CompletionOutcome, HubProtocol};

use super::outgoing::{Frames, Outgoing, Question};
use super::results::{Answered, Asking, ClientResults, TakeAnswer};
use super::{HubLifetimeManager, PresenceEvent, PresenceEvents, Sending, Target};
use crate::connection::Connection;
use crate::{HubError, HubResult};

/// Connections in the order in which they came, as a send walks them: outside the lock.
pub(super) type Snapshot = Arc<[Arc<Connection>]>;

/// Keeps the connections of one hub in the memory of this process: all that a single server needs, and the local half of
/// what a farm of servers needs.
///
/// A lifetime manager of a farm passes on to it what concerns its own connections, and
/// [delivers](Self::deliver) to them what comes from elsewhere. The counterpart of .NET's `DefaultHubLifetimeManager<THub>`.
#[doc(alias = "DefaultHubLifetimeManager")]
#[derive(Debug)]
pub struct MemoryLifetimeManager {
    /// What its connections may speak.
    protocols: Vec<HubProtocol>,
    state: Mutex<State>,
    pub(super) results: Arc<ClientResults>,
    /// Told under the lock of `state`, so that the order is that of the changes.
    events: PresenceEvents,
}

#[derive(Debug, Default)]
struct State {
    connections: Members,
    groups: HashMap<Box<str>, Members>,
    users: HashMap<Box<str>, Members>,
    /// Which groups each connection is in, so that leaving costs what was joined.
    memberships: HashMap<Arc<str>, HashSet<Box<str>>>,
}

/// A set of connections, and what is walked of it until it changes.
#[derive(Debug, Default)]
struct Members {
    by_id: HashMap<Arc<str>, Arc<Connection>>,
    snapshot: Option<Snapshot>,
}

impl Members {
    fn insert(&mut self, connection: &Arc<Connection>) {
        self.by_id.insert(connection.id.clone(), connection.clone());
        self.snapshot = None;
    }

    fn remove(&mut self, id: &str) {
        if self.by_id.remove(id).is_some() {
            self.snapshot = None;
        }
    }

    fn ids(&self) -> Vec<Arc<str>> {
        self.by_id.keys().cloned().collect()
    }

    fn snapshot(&mut self) -> Snapshot {
        self.snapshot
            .get_or_insert_with(|| self.by_id.values().cloned().collect())
            .clone()
    }
}

impl Default for MemoryLifetimeManager {
    /// A manager of connections that speak the built-in protocols.
    fn default() -> Self {
        Self::new(HubProtocol::BUILT_IN.to_vec())
    }
}

impl MemoryLifetimeManager {
    /// A manager of connections that speak these protocols.
    #[must_use]
    pub fn new(protocols: Vec<HubProtocol>) -> Self {
        Self {
            protocols,
            state: Mutex::default(),
            results: Arc::default(),
            events: PresenceEvents::default(),
        }
    }

    /// The hub protocols that connections may speak: those that a message for other servers has to be written in.
    #[must_use]
    pub fn protocols(&self) -> &[HubProtocol] {
        &self.protocols
    }

    /// The one of them with this name, ignoring case.
    #[must_use]
    pub fn protocol(&self, name: &str) -> Option<HubProtocol> {
        let mut protocols = self.protocols.iter().copied();
        protocols.find(|it| it.name().eq_ignore_ascii_case(name))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn group(&self, name: &str) -> Option<Snapshot> {
        self.lock().groups.get_mut(name).map(Members::snapshot)
    }

    pub(super) fn user(&self, user: &str) -> Option<Snapshot> {
        self.lock().users.get_mut(user).map(Members::snapshot)
    }

    pub(super) fn find(&self, connection_id: &str) -> Option<Arc<Connection>> {
        self.lock().find(connection_id)
    }

    /// The hub protocol that a connection of this process speaks.
    #[must_use]
    pub fn protocol_of(&self, connection_id: &str) -> Option<HubProtocol> {
        self.find(connection_id).map(|it| it.protocol)
    }

    /// How long a connection may take to answer; none for ever. At which of the hub's paths a connection of another server is,
    /// is not known here: it may take as long as that one of them says which is the most patient.
    pub(crate) fn result_timeout(&self, connection_id: &str) -> Option<Duration> {
        match self.find(connection_id) {
            Some(connection) => connection.client_result_timeout,
            None => self.results.longest_timeout(),
        }
    }

    /// Says how long an answer may take at one of the hub's paths.
    pub(crate) fn add_result_timeout(&self, timeout: Option<Duration>) {
        self.results.add_timeout(timeout);
    }

    /// Who wants to know of changes.
    pub(crate) fn presence(&self) -> &PresenceEvents {
        &self.events
    }
}

impl HubLifetimeManager for MemoryLifetimeManager {
    fn connected(&self, connection: &Arc<Connection>) -> Sending {
        let mut state = self.lock();
        state.connections.insert(connection);
        if let Some(user) = &connection.user {
            state
                .users
                .entry(user.clone())
                .or_default()
                .insert(connection);
        }
        self.events.tell(|| PresenceEvent::Connected {
            connection_id: connection.id.clone(),
            user: connection.user.as_deref().map(Into::into),
        });
        drop(state);
        Sending::ready(Ok(()))
    }

    fn disconnected(&self, connection: &Connection) -> Sending {
        let mut state = self.lock();
        state.connections.remove(&connection.id);
        if let Some(user) = &connection.user {
            take_out(&mut state.users, user, &connection.id);
        }
        for group in state.memberships.remove(&connection.id).unwrap_or_default() {
            state.leave(&connection.id, &group);
        }
        self.events.tell(|| PresenceEvent::Disconnected {
            connection_id: connection.id.clone(),
            user: connection.user.as_deref().map(Into::into),
        });
        drop(state);
        Sending::ready(Ok(()))
    }

    fn send(&self, target: &Target, message: &dyn Outgoing) -> Sending {
        let mut delivery = Delivery {
            frames: Frames::new(message),
            slow: Vec::new(),
        };
        let result = match target {
            Target::All => delivery.reach_all(&self.connections(), &[]),
            Target::AllExcept(excluded) => delivery.reach_all(&self.connections(), excluded),
            Target::Connection(id) => delivery.reach(self.lock().find(id)),
            Target::Connections(ids) => {
                let found: Vec<_> = {
                    let state = self.lock();
                    let unique: HashSet<&str> = ids.iter().map(AsRef::as_ref).collect();
                    unique.into_iter().filter_map(|id| state.find(id)).collect()
                };
                delivery.reach(found)
            }
            Target::Group(name) => delivery.reach_group(self.group(name), &[]),
            Target::GroupExcept(name, excluded) => delivery.reach_group(self.group(name), excluded),
            Target::Groups(names) if names.iter().any(|name| name.is_empty()) => {
                Err(HubError::message("cannot send to an empty group name"))
            }
            Target::Groups(names) => names
                .iter()
                .try_for_each(|name| delivery.reach_group(self.group(name), &[])),
            Target::User(user) => delivery.reach_group(self.user(user), &[]),
            Target::Users(users) => {
                let unique: HashSet<&str> = users.iter().map(AsRef::as_ref).collect();
                unique
                    .into_iter()
                    .try_for_each(|user| delivery.reach_group(self.user(user), &[]))
            }
        };
        match (result, delivery.slow) {
            (Err(error), _) => Sending::ready(Err(error)),
            (Ok(()), slow) if slow.is_empty() => Sending::ready(Ok(())),
            (Ok(()), slow) => Sending::waiting(async move {
                for connection in slow {
                    connection.queue.room().await;
                }
                Ok(())
            }),
        }
    }

    fn add_to_group(&self, connection_id: &str, group: &str) -> Sending {
        let mut state = self.lock();
        if let Some(connection) = state.find(connection_id) {
            let groups = state.memberships.entry(connection.id.clone()).or_default();
            let limit = connection.maximum_groups;
            if groups.len() >= limit && !groups.contains(group) {
                return Sending::ready(Err(HubError::TooManyGroups { limit }));
            }
            let joined = groups.insert(group.into());
            state
                .groups
                .entry(group.into())
                .or_default()
                .insert(&connection);
            if joined {
                self.events.tell(|| PresenceEvent::Joined {
                    connection_id: connection.id.clone(),
                    group: group.into(),
                });
            }
        }
        drop(state);
        Sending::ready(Ok(()))
    }

    fn remove_from_group(&self, connection_id: &str, group: &str) -> Sending {
        let mut state = self.lock();
        let groups = state.memberships.get_mut(connection_id);
        if groups.is_some_and(|groups| groups.remove(group)) {
            state.leave(connection_id, group);
            self.events.tell(|| PresenceEvent::Left {
                connection_id: connection_id.into(),
                group: group.into(),
            });
        }
        drop(state);
        Sending::ready(Ok(()))
    }

    fn ask_client(
        &self,
        connection_id: &str,
        question: &dyn Question,
        answer: Box<dyn TakeAnswer>,
    ) -> HubResult<Asking> {
        let connection = self.lock().find(connection_id);
        let connection = connection.ok_or_else(|| HubError::NoSuchClient {
            connection_id: connection_id.to_owned(),
        })?;
        self.results.ask(connection, question, answer)
    }

    fn answer(
        &self,
        connection: &Connection,
        id: &str,
        outcome: CompletionOutcome<'_>,
    ) -> Answered {
        self.results.answer(connection, id, outcome)
    }

    fn local(&self) -> &MemoryLifetimeManager {
        self
    }
}

impl State {
    fn find(&self, id: &str) -> Option<Arc<Connection>> {
        self.connections.by_id.get(id).cloned()
    }

    fn leave(&mut self, id: &str, group: &str) {
        take_out(&mut self.groups, group, id);
    }
}

/// Takes a connection out of a named set, which ends with its last member.
fn take_out(sets: &mut HashMap<Box<str>, Members>, name: &str, id: &str) {
    if let Some(members) = sets.get_mut(name) {
        members.remove(id);
        if members.by_id.is_empty() {
            sets.remove(name);
        }
    }
}

/// One message on its way to many.
struct Delivery<'a> {
    frames: Frames<'a>,
    /// Those whose queue is full: the sender waits for them.
    slow: Vec<Arc<Connection>>,
}

impl Delivery<'_> {
    fn reach(&mut self, connections: impl IntoIterator<Item = Arc<Connection>>) -> HubResult<()> {
        connections
            .into_iter()
            .try_for_each(|connection| self.queue(&connection))
    }

    fn reach_all(
        &mut self,
        connections: &[Arc<Connection>],
        excluded: &[Box<str>],
    ) -> HubResult<()> {
        connections
            .iter()
            .filter(|connection| !excluded.iter().any(|id| **id == *connection.id))
            .try_for_each(|connection| self.queue(connection))
    }

    fn reach_group(&mut self, members: Option<Snapshot>, excluded: &[Box<str>]) -> HubResult<()> {
        members.map_or(Ok(()), |members| self.reach_all(&members, excluded))
    }

    fn queue(&mut self, connection: &Arc<Connection>) -> HubResult<()> {
        let frame = self.frames.of(connection.protocol)?;
        if connection.send(frame) {
            self.slow.push(connection.clone());
        }
        Ok(())
    }
}

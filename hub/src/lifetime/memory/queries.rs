//! Who is connected to this server.

use std::sync::Arc;

use super::super::{PresenceQuestion, PresenceReply, PresentConnection};
use super::{Members, MemoryLifetimeManager};
use crate::connection::Connection;

impl MemoryLifetimeManager {
    /// The connections of this process.
    #[must_use]
    pub fn connections(&self) -> Arc<[Arc<Connection>]> {
        self.lock().connections.snapshot()
    }

    /// Whether a connection is one of this process's.
    #[must_use]
    pub fn is_connected(&self, connection_id: &str) -> bool {
        self.lock().connections.by_id.contains_key(connection_id)
    }

    /// Whether a connection of this process is in a group.
    #[must_use]
    pub fn has_members(&self, group: &str) -> bool {
        self.lock().groups.contains_key(group)
    }

    /// Whether a connection of this process is a user's.
    #[must_use]
    pub fn has_user(&self, user: &str) -> bool {
        self.lock().users.contains_key(user)
    }

    /// The connections of this process that are in a group.
    #[must_use]
    pub fn members(&self, group: &str) -> Vec<Arc<str>> {
        let state = self.lock();
        let members = state.groups.get(group);
        members.map_or_else(Vec::new, Members::ids)
    }

    /// The connections of this process that are a user's.
    #[must_use]
    pub fn connections_of(&self, user: &str) -> Vec<Arc<str>> {
        let state = self.lock();
        let connections = state.users.get(user);
        connections.map_or_else(Vec::new, Members::ids)
    }

    /// The users that have connections to this process.
    #[must_use]
    pub fn users(&self) -> Vec<Arc<str>> {
        let state = self.lock();
        state.users.keys().map(|user| (**user).into()).collect()
    }

    /// What is known of a connection of this process.
    #[must_use]
    pub fn present(&self, connection_id: &str) -> Option<PresentConnection> {
        let state = self.lock();
        let user = state.find(connection_id)?.user.as_deref().map(Into::into);
        let groups = state.memberships.get(connection_id);
        let groups = groups.into_iter().flatten();
        let groups = groups.map(|group| (**group).into()).collect();
        Some(PresentConnection { user, groups })
    }

    /// Whose a connection of this process is.
    #[must_use]
    pub fn user_of(&self, connection_id: &str) -> Option<Arc<str>> {
        self.find(connection_id)?.user.as_deref().map(Into::into)
    }

    /// The groups that connections of this process are in.
    #[must_use]
    pub fn groups(&self) -> Vec<Arc<str>> {
        self.lock().groups.keys().map(|it| (**it).into()).collect()
    }

    /// The groups that a connection is in.
    #[must_use]
    pub fn groups_of(&self, connection_id: &str) -> Vec<String> {
        let state = self.lock();
        let groups = state.memberships.get(connection_id);
        groups.map_or_else(Vec::new, |it| it.iter().map(ToString::to_string).collect())
    }

    /// What this server answers.
    #[must_use]
    pub fn reply(&self, question: &PresenceQuestion) -> PresenceReply {
        match question {
            PresenceQuestion::Count => PresenceReply::Count(self.connections().len()),
            PresenceQuestion::Connections => {
                let connections = self.connections();
                PresenceReply::Names(connections.iter().map(|it| it.id.clone()).collect())
            }
            PresenceQuestion::Users => PresenceReply::Names(self.users()),
            PresenceQuestion::Members(group) => PresenceReply::Names(self.members(group)),
            PresenceQuestion::OfUser(user) => PresenceReply::Names(self.connections_of(user)),
            PresenceQuestion::Connection(id) => PresenceReply::Connection(self.present(id)),
        }
    }
}

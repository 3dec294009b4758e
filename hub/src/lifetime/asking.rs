//! Questions about connections that all servers of a farm are asked.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::HubResult;

/// What a server can be asked about its connections to one hub.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresenceQuestion {
    /// How many there are. Answered by [`PresenceReply::Count`].
    Count,
    /// Their ids. Answered by [`PresenceReply::Names`], as the next three are.
    Connections,
    /// Which users have any.
    Users,
    /// The ids of those in a group.
    Members(Box<str>),
    /// The ids of those of a user.
    OfUser(Box<str>),
    /// What is known of one. Answered by [`PresenceReply::Connection`].
    Connection(Box<str>),
}

/// What one server answers to a [`PresenceQuestion`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PresenceReply {
    /// How many.
    Count(usize),
    /// Ids or users, each once, in no order.
    Names(Vec<Arc<str>>),
    /// What is known of the connection; none where it is elsewhere, or nowhere.
    Connection(Option<PresentConnection>),
}

/// What is known of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresentConnection {
    /// Its user, if it has one.
    pub user: Option<Arc<str>>,
    /// The groups that it is in, in no order.
    pub groups: Vec<Arc<str>>,
}

impl PresentConnection {
    /// A connection of a user, or of nobody in particular, in these groups.
    #[must_use]
    pub fn new(user: Option<Arc<str>>, groups: Vec<Arc<str>>) -> Self {
        Self { user, groups }
    }
}

/// What the servers of a farm have answered until the time was over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerReplies {
    /// One of each server that has answered, this one among them.
    pub replies: Vec<PresenceReply>,
    /// The names of the servers that have not.
    pub silent: Vec<Arc<str>>,
    /// How many more have not, whose names are not known: they have been there for a moment only.
    pub unnamed: usize,
}

impl ServerReplies {
    /// What this server says, while no other has said anything.
    #[must_use]
    pub fn of_this_server(reply: PresenceReply) -> Self {
        Self {
            replies: vec![reply],
            ..Self::default()
        }
    }
}

/// The future of [`HubLifetimeManager::ask_servers`](super::HubLifetimeManager::ask_servers).
///
/// # Cancel safety
///
/// Dropped, it forgets the question; late answers are ignored.
#[must_use = "nobody is asked until it is awaited"]
pub struct AskingServers(Pin<Box<dyn Future<Output = HubResult<ServerReplies>> + Send>>);

impl AskingServers {
    /// Asks by `future`.
    pub fn new(future: impl Future<Output = HubResult<ServerReplies>> + Send + 'static) -> Self {
        Self(Box::pin(future))
    }
}

impl Future for AskingServers {
    type Output = HubResult<ServerReplies>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl fmt::Debug for AskingServers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AskingServers")
            .finish_non_exhaustive()
    }
}

//! Who is there, on all servers.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::{HubLifetimeManager, PresenceQuestion, PresenceReply, PresentConnection};
use crate::HubResult;

/// How long the other servers have to answer.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Who is connected to the hub `H` on all servers of the farm, in which groups, and as which user. Without a backplane, the
/// farm is this server.
///
/// From [`HubPresence::everywhere`](super::HubPresence::everywhere). Every question goes to the servers at the moment of the
/// call, and each answer is exact at the moment in which it is given; together they are of no single moment. A server that
/// does not answer [in time](Self::within) is named in the [answer](FarmAnswer), and what it has is missing there.
/// ASP.NET Core's servers have no way to answer: they are not asked, and not named.
///
/// ```
/// # async fn example<H: campanile_hub::Hub>(context: campanile_hub::HubContext<H>) -> campanile_hub::HubResult<()> {
/// let members = context.presence().everywhere().members("lobby").await?;
/// if !members.is_complete() {
///     tracing::warn!(servers = ?members.silent, "these have not said who is in the lobby");
/// }
/// println!("{} are in the lobby", members.value.len());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Each method fails with [`HubError::Backplane`](crate::HubError::Backplane) where the other servers cannot be asked at all.
///
/// # Cancel safety
///
/// Each future can be dropped at any time: late answers are ignored.
pub struct FarmPresence<H> {
    lifetime: Arc<dyn HubLifetimeManager>,
    within: Duration,
    hub: PhantomData<fn() -> H>,
}

/// What the servers of a farm have answered, and who has not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "servers that did not answer would go unnoticed"]
pub struct FarmAnswer<T> {
    /// The answers of all that have answered, as one.
    pub value: T,
    /// The names of the servers that have not answered in time: they are too slow, cut off or dead.
    pub silent: Vec<Arc<str>>,
    /// How many more have not, whose names are not known: they have been there for a moment only.
    pub unnamed: usize,
}

impl<T> FarmAnswer<T> {
    /// Whether all servers have answered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.silent.is_empty() && self.unnamed == 0
    }

    fn map<U>(self, change: impl FnOnce(T) -> U) -> FarmAnswer<U> {
        FarmAnswer {
            value: change(self.value),
            silent: self.silent,
            unnamed: self.unnamed,
        }
    }
}

impl<H> FarmPresence<H> {
    pub(super) fn new(lifetime: Arc<dyn HubLifetimeManager>) -> Self {
        Self {
            lifetime,
            within: TIME_LIMIT,
            hub: PhantomData,
        }
    }

    /// The same, with another time for the servers to answer. 2 s by default. An answer is there as soon as all have answered.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// How many connections there are.
    #[allow(clippy::missing_errors_doc, reason = "the type says it for all")]
    pub async fn count(&self) -> HubResult<FarmAnswer<usize>> {
        let replies = self.ask(PresenceQuestion::Count).await?;
        Ok(replies.map(|replies| total(&replies)))
    }

    /// The ids of all connections, in no order.
    #[allow(clippy::missing_errors_doc, reason = "the type says it for all")]
    pub async fn connections(&self) -> HubResult<FarmAnswer<Vec<Arc<str>>>> {
        self.names(PresenceQuestion::Connections).await
    }

    /// The users that have connections, each once, in no order.
    #[allow(clippy::missing_errors_doc, reason = "the type says it for all")]
    pub async fn users(&self) -> HubResult<FarmAnswer<Vec<Arc<str>>>> {
        self.names(PresenceQuestion::Users).await
    }

    /// The ids of a group's members, in no order; none where there is no such group.
    #[allow(clippy::missing_errors_doc, reason = "the type says it for all")]
    pub async fn members(&self, group: &str) -> HubResult<FarmAnswer<Vec<Arc<str>>>> {
        self.names(PresenceQuestion::Members(group.into())).await
    }

    /// The ids of a user's connections, in no order.
    #[allow(clippy::missing_errors_doc, reason = "the type says it for all")]
    pub async fn connections_of(&self, user: &str) -> HubResult<FarmAnswer<Vec<Arc<str>>>> {
        self.names(PresenceQuestion::OfUser(user.into())).await
    }

    /// The user and the groups of a connection; none where no server that has answered has it.
    #[allow(clippy::missing_errors_doc, reason = "the type says it for all")]
    pub async fn connection(
        &self,
        connection_id: &str,
    ) -> HubResult<FarmAnswer<Option<PresentConnection>>> {
        let question = PresenceQuestion::Connection(connection_id.into());
        let replies = self.ask(question).await?;
        Ok(replies.map(|replies| {
            replies.into_iter().find_map(|reply| match reply {
                PresenceReply::Connection(connection) => connection,
                _ => None,
            })
        }))
    }

    /// Whether a server has a connection.
    #[allow(clippy::missing_errors_doc, reason = "the type says it for all")]
    pub async fn is_connected(&self, connection_id: &str) -> HubResult<FarmAnswer<bool>> {
        let found = self.connection(connection_id).await?;
        Ok(found.map(|it| it.is_some()))
    }

    async fn names(&self, question: PresenceQuestion) -> HubResult<FarmAnswer<Vec<Arc<str>>>> {
        let replies = self.ask(question).await?;
        Ok(replies.map(|replies| {
            let mut seen = HashSet::new();
            let names = replies.into_iter().flat_map(|reply| match reply {
                PresenceReply::Names(names) => names,
                _ => Vec::new(),
            });
            names.filter(|name| seen.insert(name.clone())).collect()
        }))
    }

    async fn ask(&self, question: PresenceQuestion) -> HubResult<FarmAnswer<Vec<PresenceReply>>> {
        let replies = self.lifetime.ask_servers(question, self.within).await?;
        Ok(FarmAnswer {
            value: replies.replies,
            silent: replies.silent,
            unnamed: replies.unnamed,
        })
    }
}

/// All counts together. What servers answer may be anything: what is too much is as much as there can be.
fn total(replies: &[PresenceReply]) -> usize {
    let counts = replies.iter().map(|reply| match reply {
        PresenceReply::Count(count) => *count,
        _ => 0,
    });
    counts.fold(0, usize::saturating_add)
}

impl<H> Clone for FarmPresence<H> {
    fn clone(&self) -> Self {
        Self {
            lifetime: self.lifetime.clone(),
            within: self.within,
            hub: PhantomData,
        }
    }
}

impl<H> fmt::Debug for FarmPresence<H> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FarmPresence")
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_that_cannot_be_do_no_harm() {
        let counts = [1, usize::MAX, usize::MAX].map(PresenceReply::Count);
        assert_eq!(total(&counts), usize::MAX);
        assert_eq!(total(&[2, 3].map(PresenceReply::Count)), 5);
    }
}

//! The lifetime manager of a hub in a farm.

mod answering;
mod answers;
mod asking;
mod hearing;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use answers::Waiting;
pub(crate) use answers::random;
use campanile_hub::lifetime::{
    Answered, Asking, AskingServers, Connection, Frame, HubLifetimeManager, MemoryLifetimeManager,
    Outgoing, PresenceQuestion, Question, Sending, TakeAnswer, Target,
};
use campanile_hub::{HubError, HubResult, SlowClientPolicy};
use campanile_hub_protocol::backplane::{GroupCommand, Notes, Trace, write_invocation};
use campanile_hub_protocol::{CompletionOutcome, HubProtocol};
use campanile_trace_context::TraceContext;

use futures_util::FutureExt;

use crate::WhenUnreachable;
use crate::farm::Farm;
use crate::link::{Hear, Link};

/// How often it is looked whether the server that is waited for is still there.
const LOOK: Duration = Duration::from_secs(1);

/// One hub on this server, among the others of the farm.
#[derive(Clone)]
pub(crate) struct RedisLifetimeManager {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// What the link has of it.
    me: Weak<Self>,
    farm: Arc<Farm>,
    link: Arc<Link>,
    local: MemoryLifetimeManager,
    /// What every channel of the hub begins with.
    prefix: String,
    waiting: Waiting,
    /// Held while membership and what is subscribed change, so that they change together.
    changing: Mutex<()>,
}

impl RedisLifetimeManager {
    pub(crate) fn new(farm: Arc<Farm>, prefix: String, local: MemoryLifetimeManager) -> Self {
        let waiting = Waiting::new(farm.link.instruments.waiting.clone());
        let inner = Arc::new_cyclic(|me| Inner {
            me: me.clone(),
            link: farm.link.clone(),
            farm,
            local,
            prefix,
            waiting,
            changing: Mutex::default(),
        });
        let manager = Self { inner };
        let own = [
            manager.inner.channel("all"),
            manager.inner.channel("internal:groups"),
            manager
                .inner
                .channel(&format!("internal:ack:{}", manager.inner.farm.server)),
            manager.inner.return_channel(),
            manager.inner.questions_channel(),
            manager.inner.answers_channel(&manager.inner.farm.server),
        ];
        for channel in &own {
            // Nobody waits: it is heard as soon as the link is up.
            drop(manager.inner.link.subscribe(channel, manager.ear()));
        }
        manager
    }

    fn ear(&self) -> Weak<dyn Hear> {
        self.inner.me.clone()
    }

    /// Publishes to one channel after the other; done when Redis has all of them.
    fn publish(&self, channels: impl IntoIterator<Item = String>, payload: &[u8]) -> Sending {
        let publishing: Vec<_> = channels
            .into_iter()
            .map(|channel| self.inner.link.publish(&channel, payload))
            .collect();
        Sending::waiting(async move {
            let mut result = Ok(());
            for published in publishing {
                result = result.and(published.await.map(drop));
            }
            result
        })
    }

    /// A group command for a connection that is not here.
    fn command(&self, connection_id: &str, group: &str, add: bool) -> Sending {
        let (id, acknowledged) = self.inner.waiting.command();
        let payload = GroupCommand {
            id,
            server: &self.inner.farm.server,
            add,
            group,
            connection: connection_id,
        }
        .write();
        let published = self
            .inner
            .link
            .publish(&self.inner.channel("internal:groups"), &payload);
        let inner = self.inner.clone();
        let owner = inner.channel(&format!("connection:{connection_id}"));
        Sending::waiting(async move {
            published.await?;
            let timeout = inner.link.options.acknowledgement_timeout;
            let gone = inner.gone(&owner);
            tokio::select! {
                biased;
                Some(outcome) = acknowledged => outcome,
                // A connection that is nowhere is in no group, as on a single server.
                () = gone => Ok(()),
                () = tokio::time::sleep(timeout) => Err(HubError::BackplaneTimeout { timeout }),
            }
        })
    }

    fn serves_locally(&self) -> bool {
        self.inner.link.options.when_unreachable == WhenUnreachable::ServeLocally
            && !self.inner.link.is_up()
    }

    /// Waits for a subscription, or for nothing where there is local service.
    fn subscribed(
        &self,
        subscribing: impl Future<Output = HubResult<()>> + Send + 'static,
    ) -> impl Future<Output = HubResult<()>> + Send + 'static {
        let local = self.serves_locally();
        let may_be_local =
            self.inner.link.options.when_unreachable == WhenUnreachable::ServeLocally;
        async move {
            if local {
                return Ok(());
            }
            match subscribing.await {
                Err(_) if may_be_local => Ok(()),
                result => result,
            }
        }
    }
}

impl Inner {
    fn channel(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    fn return_channel(&self) -> String {
        self.channel(&format!("internal:return:{}", self.farm.server))
    }

    /// Where servers of ours ask each other about their connections.
    fn questions_channel(&self) -> String {
        self.channel("campanile:questions")
    }

    /// Where one of them gets the answers.
    fn answers_channel(&self, server: &str) -> String {
        self.channel(&format!("campanile:answers:{server}"))
    }

    fn changing(&self) -> std::sync::MutexGuard<'_, ()> {
        // It guards nothing of its own.
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when nobody hears a channel any more; never where that cannot be known. Looks twice: a server that has just lost its
    /// connection to Redis comes back to its channels at once.
    async fn gone(&self, channel: &str) {
        let mut missed = false;
        loop {
            let subscribers = self.link.subscribers(channel).await;
            if subscribers == Some(0) && missed {
                return;
            }
            missed = subscribers == Some(0);
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether nobody has heard what was published, as far as that can be known.
    async fn is_unheard(&self, receivers: u64, channel: &str) -> bool {
        // A node of a cluster knows of its own subscribers only.
        receivers == 0
            && (!self.link.is_cluster() || self.link.subscribers(channel).await == Some(0))
    }

    /// Forgets a group that has no member here any more.
    fn let_go(&self, group: &str) {
        if !self.local.has_members(group) {
            self.link
                .unsubscribe(&self.channel(&format!("group:{group}")));
        }
    }
}

/// A message in all these protocols, as it goes to others, with the trace that it is a part of and a policy of its own.
fn finished(
    protocols: &[HubProtocol],
    excluded: &[Box<str>],
    reply: Option<(&str, &str)>,
    frame: impl Fn(HubProtocol) -> HubResult<Frame>,
) -> HubResult<Vec<u8>> {
    let frames: Vec<(HubProtocol, Frame)> = protocols
        .iter()
        .map(|protocol| Ok((*protocol, frame(*protocol)?)))
        .collect::<HubResult<_>>()?;
    let messages = frames
        .iter()
        .map(|(protocol, frame)| (protocol.name(), frame.payload()));
    let context = TraceContext::current();
    let parent = context.as_ref().map(TraceContext::traceparent);
    let trace = parent.as_deref().map(|parent| Trace {
        parent,
        state: context.as_ref().and_then(TraceContext::tracestate),
    });
    let policy = frames.first().and_then(|(_, frame)| frame.own_policy());
    let notes = Notes {
        trace,
        slow_client: policy.map(SlowClientPolicy::name),
    };
    Ok(write_invocation(excluded, messages, reply, notes))
}

impl HubLifetimeManager for RedisLifetimeManager {
    fn connected(&self, connection: &Arc<Connection>) -> Sending {
        let inner = &self.inner;
        if !inner.link.is_up() && !self.serves_locally() {
            return Sending::ready(Err(inner.link.unreachable()));
        }
        let changing = inner.changing();
        // In memory it is done at once.
        drop(inner.local.connected(connection));
        let own = inner.channel(&format!("connection:{}", connection.id()));
        let own = inner.link.subscribe(&own, self.ear());
        let user = connection.user_identifier().map(|user| {
            let channel = inner.channel(&format!("user:{user}"));
            inner.link.subscribe(&channel, self.ear())
        });
        drop(changing);
        Sending::waiting(self.subscribed(async move {
            own.await?;
            match user {
                Some(user) => user.await,
                None => Ok(()),
            }
        }))
    }

    fn disconnected(&self, connection: &Connection) -> Sending {
        let inner = &self.inner;
        let _changing = inner.changing();
        let groups = inner.local.groups_of(connection.id());
        drop(inner.local.disconnected(connection));
        inner
            .link
            .unsubscribe(&inner.channel(&format!("connection:{}", connection.id())));
        for group in &groups {
            inner.let_go(group);
        }
        if let Some(user) = connection.user_identifier()
            && !inner.local.has_user(user)
        {
            inner
                .link
                .unsubscribe(&inner.channel(&format!("user:{user}")));
        }
        Sending::ready(Ok(()))
    }

    fn send(&self, target: &Target, message: &dyn Outgoing) -> Sending {
        let inner = &self.inner;
        let is_ours = matches!(target, Target::Connection(id) if inner.local.is_connected(id));
        if is_ours || self.serves_locally() {
            return inner.local.send(target, message);
        }
        let excluded: &[Box<str>] = match target {
            Target::AllExcept(excluded) | Target::GroupExcept(_, excluded) => excluded,
            _ => &[],
        };
        let payload = match finished(inner.local.protocols(), excluded, None, |protocol| {
            message.frame(protocol)
        }) {
            Ok(payload) => payload,
            Err(error) => return Sending::ready(Err(error)),
        };
        let one = |kind: &str, name: &str| inner.channel(&format!("{kind}:{name}"));
        let many = |kind: &str, names: &[Box<str>]| -> Vec<String> {
            let names = names.iter().filter(|name| !name.is_empty());
            names.map(|name| one(kind, name)).collect()
        };
        let channels = match target {
            Target::All | Target::AllExcept(_) => vec![inner.channel("all")],
            Target::Connection(id) => vec![one("connection", id)],
            Target::Connections(ids) => many("connection", ids),
            Target::Group(group) | Target::GroupExcept(group, _) => vec![one("group", group)],
            Target::Groups(groups) => many("group", groups),
            Target::User(user) => vec![one("user", user)],
            Target::Users(users) => many("user", users),
            other => {
                let text = format!("there is no way to send to {other:?}");
                return Sending::ready(Err(HubError::Backplane(text.into())));
            }
        };
        self.publish(channels, &payload)
    }

    fn add_to_group(&self, connection_id: &str, group: &str) -> Sending {
        let inner = &self.inner;
        let changing = inner.changing();
        if !inner.local.is_connected(connection_id) {
            drop(changing);
            return self.command(connection_id, group, true);
        }
        if !inner.link.is_up() && !self.serves_locally() {
            return Sending::ready(Err(inner.link.unreachable()));
        }
        // In memory it is done at once.
        if let Some(Err(error)) = inner
            .local
            .add_to_group(connection_id, group)
            .now_or_never()
        {
            return Sending::ready(Err(error));
        }
        let channel = inner.channel(&format!("group:{group}"));
        let subscribing = inner.link.subscribe(&channel, self.ear());
        drop(changing);
        let subscribed = self.subscribed(subscribing);
        let (inner, connection_id, group) =
            (inner.clone(), connection_id.to_owned(), group.to_owned());
        Sending::waiting(async move {
            let result = subscribed.await;
            if result.is_err() {
                // Whoever is told that it failed is not in the group.
                let _changing = inner.changing();
                drop(inner.local.remove_from_group(&connection_id, &group));
                inner.let_go(&group);
            }
            result
        })
    }

    fn remove_from_group(&self, connection_id: &str, group: &str) -> Sending {
        let inner = &self.inner;
        let changing = inner.changing();
        if !inner.local.is_connected(connection_id) {
            drop(changing);
            return self.command(connection_id, group, false);
        }
        drop(inner.local.remove_from_group(connection_id, group));
        inner.let_go(group);
        Sending::ready(Ok(()))
    }

    fn ask_client(
        &self,
        connection_id: &str,
        question: &dyn Question,
        answer: Box<dyn TakeAnswer>,
    ) -> HubResult<Asking> {
        let inner = &self.inner;
        if inner.local.is_connected(connection_id) || self.serves_locally() {
            return inner.local.ask_client(connection_id, question, answer);
        }
        let asked = inner.waiting.ask(answer);
        let reply = inner.return_channel();
        let payload = finished(
            inner.local.protocols(),
            &[],
            Some((asked.id(), &reply)),
            |protocol| question.frame(protocol, asked.id()),
        )?;
        let owner = inner.channel(&format!("connection:{connection_id}"));
        let published = inner.link.publish(&owner, &payload);
        let (inner, connection_id) = (inner.clone(), connection_id.to_owned());
        Ok(Box::pin(async move {
            let _asked = asked;
            match published.await {
                Err(error) => return error,
                Ok(receivers) if inner.is_unheard(receivers, &owner).await => {
                    return HubError::NoSuchClient { connection_id };
                }
                Ok(_) => {}
            }
            inner.gone(&owner).await;
            HubError::ClientDisconnected { connection_id }
        }))
    }

    fn answer(
        &self,
        connection: &Connection,
        id: &str,
        outcome: CompletionOutcome<'_>,
    ) -> Answered {
        self.inner.local.answer(connection, id, outcome)
    }

    fn ask_servers(&self, question: PresenceQuestion, within: Duration) -> AskingServers {
        AskingServers::new(self.clone().ask_everywhere(question, within))
    }

    fn local(&self) -> &MemoryLifetimeManager {
        &self.inner.local
    }
}

impl fmt::Debug for RedisLifetimeManager {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisLifetimeManager")
            .field("prefix", &self.inner.prefix)
            .field("server", &self.inner.farm.server)
            .finish_non_exhaustive()
    }
}

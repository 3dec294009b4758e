//! What is done with what comes from Redis.

use std::sync::{Arc, Mutex, PoisonError};

use campanile_hub::lifetime::{HubLifetimeManager, Local, ReceivedMessage, TakeAnswer};
use campanile_hub::{HubError, SlowClientPolicy};
use campanile_hub_protocol::backplane::{
    Acknowledgement, Completion, GroupCommand, Invocation, Refusal, write_completion,
};
use campanile_hub_protocol::{CompletionOutcome, HubProtocol, IncomingMessage};
use campanile_trace_context::Traced;
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::{Inner, RedisLifetimeManager};
use crate::link::Hear;
use crate::spans;

pub(super) type Refused = Box<dyn std::error::Error + Send + Sync>;

impl Hear for Inner {
    fn hear(&self, channel: &str, payload: &[u8]) {
        if let Some(inner) = self.me.upgrade() {
            RedisLifetimeManager { inner }.hear(channel, payload);
        }
    }
}

impl RedisLifetimeManager {
    fn hear(&self, channel: &str, payload: &[u8]) {
        let inner = &self.inner;
        let name = channel
            .strip_prefix(&*inner.prefix)
            .and_then(|rest| rest.strip_prefix(':'))
            .unwrap_or_default();
        let heard = match name.split_once(':') {
            None if name == "all" => self.deliver(Local::All, channel, payload),
            Some(("group", group)) => self.deliver(Local::Group(group), channel, payload),
            Some(("user", user)) => self.deliver(Local::User(user), channel, payload),
            Some(("connection", id)) => self.deliver(Local::Connection(id), channel, payload),
            Some(("internal", "groups")) => self.obey(payload),
            Some(("internal", rest)) if rest.starts_with("ack:") => self.acknowledge(payload),
            Some(("internal", rest)) if rest.starts_with("return:") => self.take_answer(payload),
            Some(("campanile", "questions")) => self.answer_server(payload),
            Some(("campanile", rest)) if rest.starts_with("answers:") => self.hear_answer(payload),
            _ => Ok(()),
        };
        if let Err(error) = heard {
            inner.link.reject(channel, payload, &error);
        }
    }

    fn deliver(&self, to: Local<'_>, channel: &str, payload: &[u8]) -> Result<(), Refused> {
        let invocation = Invocation::read(payload)?;
        let mut message = ReceivedMessage::new();
        for (name, bytes) in &invocation.messages {
            // Others may speak what we do not.
            if let Some(protocol) = self.inner.local.protocol(name) {
                message.insert(protocol, bytes)?;
            }
        }
        if message.is_empty() {
            return Err("the message is in none of our protocols".into());
        }
        let excluded: &[&str] = match to {
            Local::All | Local::Group(_) => &invocation.excluded,
            Local::User(_) | Local::Connection(_) => &[],
        };
        let policy = invocation.notes.slow_client;
        message.slow_client(policy.and_then(SlowClientPolicy::from_name));
        let cause = invocation.notes.trace.and_then(spans::cause);
        let span = spans::delivery(cause.as_ref(), &self.inner.prefix, channel);
        match (to, invocation.reply) {
            (Local::Connection(connection), Some((id, channel))) => {
                if let Some(asking) = self.ask(connection, id, channel, &message) {
                    tokio::spawn(asking.traced(span, cause));
                }
            }
            _ => {
                let delivering = async { self.inner.local.deliver(to, excluded, &message) };
                // Nothing in there waits.
                let delivered = delivering.traced(span, cause).now_or_never();
                let delivered = delivered.unwrap_or_default();
                if delivered.unwritten > 0 {
                    tracing::warn!(
                        connections = delivered.unwritten,
                        "a message of another server came without the protocol of some clients: enable it there"
                    );
                }
            }
        }
        Ok(())
    }

    /// Asks a client of ours what another server wants to know. The future passes the answer on.
    fn ask(
        &self,
        connection_id: &str,
        id: &str,
        channel: &str,
        message: &ReceivedMessage,
    ) -> Option<impl Future<Output = ()> + Send + use<>> {
        let local = &self.inner.local;
        let Some(protocol) = local.protocol_of(connection_id) else {
            // It has just gone.
            self.pass_on(HubProtocol::Json, id, channel, &disconnected());
            return None;
        };
        let (sender, answered) = oneshot::channel();
        let pending = Arc::new(Mutex::new(Some(Answer {
            manager: self.clone(),
            protocol,
            id: id.into(),
            channel: channel.into(),
            _answered: sender,
        })));
        let answer = Box::new(PassOn(pending.clone()));
        let asking = local.ask_for(connection_id, id, message, answer);
        Some(async move {
            if let Some(asking) = asking {
                tokio::select! {
                    _ = answered => {}
                    _ = asking => {}
                }
            }
            pass_on(&pending, &disconnected());
        })
    }

    fn pass_on(
        &self,
        protocol: HubProtocol,
        id: &str,
        channel: &str,
        outcome: &CompletionOutcome<'_>,
    ) {
        let mut completion = Vec::new();
        protocol.write_completion(&mut completion, id, outcome);
        let payload = write_completion(protocol.name(), &completion);
        let published = self.inner.link.publish(channel, &payload);
        tokio::spawn(async move {
            if let Err(error) = published.await {
                tracing::warn!(%error, "a client's answer could not be passed on");
            }
        });
    }

    fn obey(&self, payload: &[u8]) -> Result<(), Refused> {
        let command = GroupCommand::read(payload)?;
        let inner = &self.inner;
        if !inner.local.is_connected(command.connection) {
            return Ok(());
        }
        let doing = if command.add {
            self.add_to_group(command.connection, command.group)
        } else {
            self.remove_from_group(command.connection, command.group)
        };
        let acknowledge = inner.channel(&format!("internal:ack:{}", command.server));
        let ours = inner.farm.knows(command.server);
        let (id, inner) = (command.id, inner.clone());
        tokio::spawn(async move {
            let done = doing.await;
            let text = done.as_ref().err().map(ToString::to_string);
            if let Some(error) = &text {
                tracing::warn!(%error, "a connection could not change its group for another server");
                // To others every acknowledgement is one of success: they wait for as long as they do.
                if !ours {
                    return;
                }
            }
            let refusal = text.as_deref().map(|text| Refusal {
                text,
                limit: match &done {
                    Err(HubError::TooManyGroups { limit }) => Some(*limit),
                    _ => None,
                },
            });
            let told = Acknowledgement { id, refusal }.write();
            if let Err(error) = inner.link.publish(&acknowledge, &told).await {
                tracing::warn!(%error, "another server is not told what became of its group command");
            }
        });
        Ok(())
    }

    fn acknowledge(&self, payload: &[u8]) -> Result<(), Refused> {
        let Acknowledgement { id, refusal } = Acknowledgement::read(payload)?;
        let outcome = match refusal {
            None => Ok(()),
            Some(Refusal {
                limit: Some(limit), ..
            }) => Err(HubError::TooManyGroups { limit }),
            Some(Refusal { text, .. }) => {
                let text = format!("the server of the connection has not done it: {text}");
                Err(HubError::Other(text.into()))
            }
        };
        if !self.inner.waiting.acknowledge(id, outcome) {
            tracing::debug!(id, "an acknowledgement that nobody waits for");
        }
        Ok(())
    }

    /// Takes the answer of a client of another server.
    fn take_answer(&self, payload: &[u8]) -> Result<(), Refused> {
        let completion = Completion::read(payload)?;
        let protocol = (self.inner.local)
            .protocol(completion.protocol)
            .ok_or_else(|| format!("unknown hub protocol '{}'", completion.protocol))?;
        let frame = protocol
            .next_frame(completion.message, None)?
            .ok_or("the completion is incomplete")?;
        let IncomingMessage::Completion(completion) = protocol.parse(frame.body)? else {
            return Err("the message is no completion".into());
        };
        match self.inner.waiting.answered(&completion.invocation_id) {
            Some(answer) => answer.take(completion.outcome),
            None => tracing::debug!(id = %completion.invocation_id, "an answer to no question"),
        }
        Ok(())
    }
}

fn disconnected() -> CompletionOutcome<'static> {
    CompletionOutcome::Error("Connection disconnected.".into())
}

struct Answer {
    manager: RedisLifetimeManager,
    protocol: HubProtocol,
    id: Box<str>,
    channel: Box<str>,
    /// Dropped with it.
    _answered: oneshot::Sender<()>,
}

/// Sends the answer of a client to the server that has asked, once.
struct PassOn(Arc<Mutex<Option<Answer>>>);

impl TakeAnswer for PassOn {
    fn take(self: Box<Self>, outcome: CompletionOutcome<'_>) {
        pass_on(&self.0, &outcome);
    }
}

fn pass_on(pending: &Mutex<Option<Answer>>, outcome: &CompletionOutcome<'_>) {
    let answer = pending
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(answer) = answer {
        let Answer {
            manager,
            protocol,
            id,
            channel,
            ..
        } = &answer;
        manager.pass_on(*protocol, id, channel, outcome);
    }
}

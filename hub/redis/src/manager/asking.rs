//! Asking the other servers about their connections.

use std::sync::Arc;
use std::time::Duration;

use campanile_hub::lifetime::{PresenceQuestion, ServerReplies};
use campanile_hub::{HubError, HubResult};
use campanile_hub_protocol::backplane::{PresenceAnswer, PresenceQuestion as Asked};

use super::answering::{Answers, payloads, question, wire};
use super::hearing::Refused;
use super::{Inner, RedisLifetimeManager};

impl RedisLifetimeManager {
    /// Asks all servers of ours that have this hub, and gathers what they answer in time.
    pub(super) async fn ask_everywhere(
        self,
        question: PresenceQuestion,
        within: Duration,
    ) -> HubResult<ServerReplies> {
        let inner = &*self.inner;
        let mut result = ServerReplies::of_this_server(inner.local.reply(&question));
        if !inner.link.is_up() {
            if !self.serves_locally() {
                return Err(inner.link.unreachable());
            }
            result.silent = inner.farm.serving(&inner.prefix);
            return Ok(result);
        }
        let mut answers = Answers::default();
        let mut hearers = None;
        let gathering = self.gather(&question, &mut answers, &mut hearers);
        match tokio::time::timeout(within, gathering).await {
            Ok(gathered) => gathered?,
            Err(_) => {
                let others = inner.farm.serving(&inner.prefix).into_iter();
                result.silent = others.filter(|server| !answers.have(server)).collect();
                result.unnamed = hearers
                    .unwrap_or(0)
                    .saturating_sub(1 + answers.len() + result.silent.len());
            }
        }
        result.replies.extend(answers.replies(&question));
        Ok(result)
    }

    /// Ends when all have answered that are known, and all that have heard the question.
    async fn gather(
        &self,
        question: &PresenceQuestion,
        answers: &mut Answers,
        hearers: &mut Option<usize>,
    ) -> HubResult<()> {
        let inner = &*self.inner;
        let Some((kind, name)) = wire(question) else {
            let text = format!("there is no way to ask other servers for {question:?}");
            return Err(HubError::Backplane(text.into()));
        };
        let server = &*inner.farm.server;
        let channel = inner.questions_channel();
        // What is answered is heard, and the question too: this server is one of those that are counted.
        let mine = inner.answers_channel(server);
        inner.link.subscribe(&mine, self.ear()).await?;
        inner.link.subscribe(&channel, self.ear()).await?;
        let (asked, mut pieces) = inner.waiting.ask_servers();
        let payload = Asked {
            id: asked.id(),
            server,
            kind,
            name,
        }
        .write();
        let published = inner.link.publish(&channel, &payload);
        let mut changes = inner.farm.changes();
        published.await?;
        loop {
            // Not the number that PUBLISH gives: that has those in it who hear everything.
            let counted = inner.link.subscribers(&channel).await;
            *hearers = counted.map(|it| usize::try_from(it).unwrap_or(usize::MAX));
            loop {
                let others = inner.farm.serving(&inner.prefix);
                let all_known = others.iter().all(|server| answers.have(server));
                if all_known && hearers.is_none_or(|hearers| answers.len() + 1 >= hearers) {
                    return Ok(());
                }
                tokio::select! {
                    // The sender is kept for as long as `asked` is.
                    Some(piece) = pieces.recv() => answers.take(piece),
                    // The farm lives as long as this. Whoever has gone is not counted any more.
                    _ = changes.changed() => break,
                }
            }
        }
    }

    /// Answers what another server wants to know.
    pub(super) fn answer_server(&self, payload: &[u8]) -> Result<(), Refused> {
        let asked = Asked::read(payload)?;
        let inner = &self.inner;
        if asked.server == &*inner.farm.server {
            return Ok(());
        }
        let question = question(asked.kind, asked.name).ok_or("nobody can answer the question")?;
        let channel = inner.answers_channel(asked.server);
        let id = asked.id.to_owned();
        let inner = inner.clone();
        // Where there are many connections it takes a while, and messages must not wait for it.
        tokio::spawn(async move { inner.tell(&channel, &id, &question).await });
        Ok(())
    }

    /// Takes what another server has answered.
    pub(super) fn hear_answer(&self, payload: &[u8]) -> Result<(), Refused> {
        let answer = PresenceAnswer::read(payload)?;
        let id = answer.id;
        if !self.inner.waiting.server_answered(id, answer.into()) {
            tracing::debug!(id, "an answer that nobody waits for any more");
        }
        Ok(())
    }
}

impl Inner {
    async fn tell(self: Arc<Self>, channel: &str, id: &str, question: &PresenceQuestion) {
        let reply = self.local.reply(question);
        for payload in payloads(id, &self.farm.server, reply) {
            if let Err(error) = self.link.publish(channel, &payload).await {
                tracing::debug!(%error, "another server's question could not be answered");
                return;
            }
        }
    }
}

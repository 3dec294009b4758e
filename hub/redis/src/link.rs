//! The one link of a process to Redis: it is kept up by a task of its own.

mod channels;
mod nodes;
mod rejections;
mod requests;
mod task;

use std::fmt::Display;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use campanile_hub::{HubError, HubResult};
use channels::Channels;
use nodes::Nodes;
use redis::Cmd;
use rejections::Rejections;
use requests::Request;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::RedisOptions;
use crate::instruments::Instruments;

/// Takes what is heard on a channel.
pub(crate) trait Hear: Send + Sync {
    fn hear(&self, channel: &str, payload: &[u8]);
}

/// How the link stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has not been up yet.
    Connecting,
    Up,
    /// Why it is not up.
    Down(String),
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) options: RedisOptions,
    pub(crate) instruments: Instruments,
    standing: watch::Sender<Standing>,
    is_cluster: AtomicBool,
    node: Mutex<String>,
    nodes: Nodes,
    requests: mpsc::UnboundedSender<Request>,
    /// Taken by the task.
    to_send: Mutex<Option<mpsc::UnboundedReceiver<Request>>>,
    /// Bytes in `requests`.
    queued: AtomicUsize,
    channels: Mutex<Channels>,
    channels_changed: Notify,
    ending: Notify,
    rejections: Rejections,
}

impl Link {
    pub(crate) fn new(options: RedisOptions, instruments: Instruments) -> Arc<Self> {
        let (requests, to_send) = mpsc::unbounded_channel();
        Arc::new(Self {
            options,
            instruments,
            standing: watch::Sender::new(Standing::Connecting),
            is_cluster: AtomicBool::new(false),
            node: Mutex::default(),
            nodes: Nodes::default(),
            requests,
            to_send: Mutex::new(Some(to_send)),
            queued: AtomicUsize::new(0),
            channels: Mutex::default(),
            channels_changed: Notify::new(),
            ending: Notify::new(),
            rejections: Rejections::default(),
        })
    }

    /// Starts the task, once: whether this has done so.
    pub(crate) fn start(self: &Arc<Self>) -> bool {
        let taken = self
            .to_send
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match taken {
            Some(requests) => {
                tokio::spawn(task::run(self.clone(), requests));
                true
            }
            None => false,
        }
    }

    /// Something came that is no message of a server: it is counted, and told at most once a second.
    pub(crate) fn reject(&self, channel: &str, payload: &[u8], error: &dyn Display) {
        self.instruments.rejected.add(1);
        if let Some(before) = self.rejections.tell(Instant::now()) {
            tracing::warn!(
                channel,
                bytes = payload.len(),
                %error,
                untold = before,
                "something on Redis is no message of a server"
            );
        }
    }

    /// Ends the task. What is queued is sent first, as far as Redis takes it.
    pub(crate) fn end(&self) {
        self.ending.notify_one();
    }

    pub(crate) fn is_up(&self) -> bool {
        *self.standing.borrow() == Standing::Up
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.is_cluster.load(Ordering::Relaxed)
    }

    pub(crate) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Why nothing can be sent.
    pub(crate) fn unreachable(&self) -> HubError {
        let why = match &*self.standing.borrow() {
            Standing::Connecting | Standing::Up => "there is no connection to Redis yet".to_owned(),
            Standing::Down(why) => format!("there is no connection to Redis: {why}"),
        };
        HubError::Backplane(why.into())
    }

    /// Publishes, in the order of the calls; the future gives how many have it from this Redis.
    pub(crate) fn publish(
        &self,
        channel: &str,
        payload: &[u8],
    ) -> impl Future<Output = HubResult<u64>> + Send + use<> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg(payload);
        self.instruments.published.add(1);
        self.instruments.published_bytes.add(payload.len() as u64);
        let reply = self.request(command, channel.len() + payload.len());
        async move { Ok(redis::from_redis_value(reply.await?).unwrap_or_default()) }
    }

    /// How many subscribers a channel has in all of Redis; none where that cannot be known.
    pub(crate) async fn subscribers(&self, channel: &str) -> Option<u64> {
        if self.is_cluster() {
            return self.nodes.subscribers(self, channel).await;
        }
        let mut command = redis::cmd("PUBSUB");
        command.arg("NUMSUB").arg(channel);
        let reply = self.request(command, channel.len()).await.ok()?;
        let (_, count): (String, u64) = redis::from_redis_value(reply).ok()?;
        Some(count)
    }

    /// The host of the Redis that there is, or was last, a connection to.
    fn node(&self) -> String {
        let node = self.node.lock().unwrap_or_else(PoisonError::into_inner);
        node.clone()
    }

    /// What is known of the Redis that there is a connection to now.
    fn connected_to(&self, host: &str, is_cluster: bool) {
        self.is_cluster.store(is_cluster, Ordering::Relaxed);
        host.clone_into(&mut self.node.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn request(
        &self,
        command: Cmd,
        bytes: usize,
    ) -> impl Future<Output = HubResult<redis::Value>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        let limit = if self.is_up() {
            self.options.queued_bytes
        } else {
            self.options.queued_while_unreachable
        };
        let before = self.queued.fetch_add(bytes, Ordering::Relaxed);
        let refused = if before.saturating_add(bytes) <= limit {
            let request = Request {
                command,
                bytes,
                reply,
            };
            self.requests
                .send(request)
                .err()
                .map(|_| HubError::Backplane("the server stops".into()))
        } else if self.is_up() {
            Some(HubError::Backplane(
                format!("{before} bytes are waiting for Redis already").into(),
            ))
        } else {
            Some(self.unreachable())
        };
        if refused.is_some() {
            self.queued.fetch_sub(bytes, Ordering::Relaxed);
            self.instruments.failed.add(1);
        }
        async move {
            match refused {
                Some(error) => Err(error),
                None => answer
                    .await
                    .unwrap_or_else(|_| Err(HubError::Backplane("the server stops".into()))),
            }
        }
    }

    /// Hears a channel from now on, through every reconnect. The future ends when Redis has confirmed it.
    pub(crate) fn subscribe(
        &self,
        channel: &str,
        ear: Weak<dyn Hear>,
    ) -> impl Future<Output = HubResult<()>> + Send + use<> {
        let confirmed = self.change_channels(|it| it.want(channel, ear));
        self.channels_changed.notify_one();
        async move {
            match confirmed {
                None => Ok(()),
                Some(confirmed) => confirmed.await.unwrap_or_else(|_| {
                    Err(HubError::Backplane("the subscription was given up".into()))
                }),
            }
        }
    }

    /// Hears a channel no longer.
    pub(crate) fn unsubscribe(&self, channel: &str) {
        if self.change_channels(|it| it.forget(channel)) {
            self.channels_changed.notify_one();
        }
    }

    /// Changes what is wanted, and counts it.
    fn change_channels<T>(&self, change: impl FnOnce(&mut Channels) -> T) -> T {
        let mut channels = self.channels();
        let before = channels.wanted();
        let result = change(&mut channels);
        let after = channels.wanted();
        // There are never so many that they do not fit.
        let change = after.cast_signed() - before.cast_signed();
        self.instruments.channels.add(change as i64);
        result
    }

    fn channels(&self) -> MutexGuard<'_, Channels> {
        // Nothing in there panics half-way through a change.
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Which channels are wanted, and which are heard.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Weak};

use campanile_hub::{HubError, HubResult};
use tokio::sync::oneshot;

use super::Hear;

type Confirmation = oneshot::Sender<HubResult<()>>;

#[derive(Debug, Default)]
pub(super) struct Channels {
    wanted: HashMap<Arc<str>, Wanted>,
    /// What Redis has confirmed on the connection that there is.
    heard: HashSet<Arc<str>>,
    /// Which have changed since they were last compared with what is heard.
    changed: HashSet<Arc<str>>,
}

struct Wanted {
    ear: Weak<dyn Hear>,
    waiting: Vec<Confirmation>,
}

/// What is to be said to Redis.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) subscribe: Vec<Arc<str>>,
    pub(super) unsubscribe: Vec<Arc<str>>,
}

impl Channels {
    /// Wants a channel; the confirmation to wait for, unless it is heard already.
    pub(super) fn want(
        &mut self,
        channel: &str,
        ear: Weak<dyn Hear>,
    ) -> Option<oneshot::Receiver<HubResult<()>>> {
        let name: Arc<str> = match self.wanted.get_key_value(channel) {
            Some((name, _)) => name.clone(),
            None => channel.into(),
        };
        let waiting = Vec::new();
        let wanted = self
            .wanted
            .entry(name.clone())
            .or_insert(Wanted { ear, waiting });
        // What is heard and has changed may be about to be given up.
        if self.heard.contains(&name) && !self.changed.contains(&name) {
            return None;
        }
        let (confirmation, confirmed) = oneshot::channel();
        wanted.waiting.push(confirmation);
        self.changed.insert(name);
        Some(confirmed)
    }

    /// Whether there is something to be said to Redis.
    pub(super) fn forget(&mut self, channel: &str) -> bool {
        match self.wanted.remove_entry(channel) {
            Some((name, _)) => self.changed.insert(name),
            None => false,
        }
    }

    /// How many channels are wanted.
    pub(super) fn wanted(&self) -> usize {
        self.wanted.len()
    }

    pub(super) fn ear(&self, channel: &str) -> Option<Arc<dyn Hear>> {
        self.wanted.get(channel)?.ear.upgrade()
    }

    /// Everything has to be said anew.
    pub(super) fn reconnect(&mut self) {
        self.heard.clear();
        self.changed = self.wanted.keys().cloned().collect();
    }

    /// Nobody waits for a connection that is lost.
    pub(super) fn give_up(&mut self, why: &str) {
        for wanted in self.wanted.values_mut() {
            for waiting in wanted.waiting.drain(..) {
                let _ = waiting.send(Err(HubError::Backplane(why.to_owned().into())));
            }
        }
    }

    pub(super) fn take_changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        for name in std::mem::take(&mut self.changed) {
            match (self.wanted.contains_key(&name), self.heard.contains(&name)) {
                (true, false) => changes.subscribe.push(name),
                (false, true) => {
                    self.heard.remove(&name);
                    changes.unsubscribe.push(name);
                }
                (true, true) => self.confirm(&name),
                (false, false) => {}
            }
        }
        changes
    }

    /// Redis has said that it is heard. Nobody else changes `heard`, so that it is so.
    pub(super) fn confirmed(&mut self, name: &Arc<str>) {
        self.heard.insert(name.clone());
        if self.wanted.contains_key(name) {
            self.confirm(name);
        }
    }

    fn confirm(&mut self, name: &str) {
        if let Some(wanted) = self.wanted.get_mut(name) {
            for waiting in wanted.waiting.drain(..) {
                let _ = waiting.send(Ok(()));
            }
        }
    }
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.subscribe.is_empty() && self.unsubscribe.is_empty()
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Wanted")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Deaf;

    impl Hear for Deaf {
        fn hear(&self, _: &str, _: &[u8]) {}
    }

    fn ear() -> Weak<dyn Hear> {
        Weak::<Deaf>::new()
    }

    #[test]
    fn a_channel_is_confirmed_once_redis_says_so() {
        let mut channels = Channels::default();
        let mut first = channels.want("a", ear()).unwrap();
        let changes = channels.take_changes();
        assert_eq!(changes.subscribe, [Arc::<str>::from("a")]);
        assert!(first.try_recv().is_err());
        channels.confirmed(&changes.subscribe[0]);
        assert!(first.try_recv().unwrap().is_ok());
        assert!(channels.want("a", ear()).is_none(), "it is heard already");
        assert!(channels.take_changes().is_empty());
    }

    #[test]
    fn given_up_and_wanted_again_it_stays() {
        let mut channels = Channels::default();
        let _ = channels.want("a", ear());
        let changes = channels.take_changes();
        channels.confirmed(&changes.subscribe[0]);
        assert!(channels.forget("a"));
        let mut again = channels.want("a", ear()).unwrap();
        assert!(channels.take_changes().is_empty());
        assert!(again.try_recv().unwrap().is_ok());
        channels.forget("a");
        assert_eq!(channels.take_changes().unsubscribe, [Arc::<str>::from("a")]);
    }

    #[test]
    fn a_new_connection_hears_all_that_is_wanted() {
        let mut channels = Channels::default();
        let mut waiting = channels.want("a", ear()).unwrap();
        let _ = channels.want("b", ear());
        channels.forget("b");
        channels.give_up("gone");
        assert!(waiting.try_recv().unwrap().is_err());
        channels.reconnect();
        assert_eq!(channels.take_changes().subscribe, [Arc::<str>::from("a")]);
    }

    #[test]
    fn what_is_given_up_while_it_is_being_subscribed_is_unsubscribed_after() {
        let mut channels = Channels::default();
        let _ = channels.want("a", ear());
        let changes = channels.take_changes();
        channels.forget("a");
        channels.confirmed(&changes.subscribe[0]);
        assert_eq!(channels.take_changes().unsubscribe, [Arc::<str>::from("a")]);
    }
}

//! This process among the servers of its farm.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use campanile_hub_protocol::backplane::{Announcement, AnnouncementKind};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::hub_name::HubType;
use crate::link::{Hear, Link, Standing};
use crate::roster::{ANNOUNCE, Roster};
use crate::{HubNameTaken, RedisOptions};

/// How long a server that goes waits for its last words to be heard.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What all hubs of this process share.
pub(crate) struct Farm {
    pub(crate) link: Arc<Link>,
    /// The name of this process in the farm.
    pub(crate) server: Arc<str>,
    /// The hubs of ours, by what their channels begin with.
    hubs: Mutex<BTreeMap<String, HubType>>,
    roster: Mutex<Roster>,
    /// There is something to be announced.
    news: Arc<Notify>,
    /// Another server has announced itself, or its end.
    changed: watch::Sender<()>,
}

impl Farm {
    pub(crate) fn new(link: Arc<Link>, server: Arc<str>) -> Arc<Self> {
        Arc::new_cyclic(|me: &Weak<Self>| {
            let ear: Weak<dyn Hear> = me.clone();
            // Nobody waits: it is heard as soon as the link is up.
            drop(link.subscribe(&channel(&link.options), ear));
            Self {
                link,
                server,
                hubs: Mutex::default(),
                roster: Mutex::default(),
                news: Arc::default(),
                changed: watch::Sender::default(),
            }
        })
    }

    /// Begins to connect and to announce this server, once.
    pub(crate) fn start(self: &Arc<Self>) {
        if self.link.start() {
            tokio::spawn(announce(Arc::downgrade(self)));
        }
    }

    /// Says goodbye, and ends the link.
    pub(crate) async fn leave(&self) {
        if self.link.is_up() {
            let said = self.publish(AnnouncementKind::Bye);
            // Whoever has not heard it finds out by itself.
            let _ = tokio::time::timeout(LAST_WORDS, said).await;
        }
        self.link.end();
    }

    /// Gives a hub of ours what its channels begin with.
    pub(crate) fn add_hub(&self, hub: HubType) -> Result<String, HubNameTaken> {
        let prefix = self.link.options.name_of(hub.name);
        let mut hubs = lock(&self.hubs);
        match hubs.get(&prefix) {
            Some(other) if *other != hub => {
                return Err(HubNameTaken::new(prefix, *other, hub));
            }
            Some(_) => {}
            None => {
                hubs.insert(prefix.clone(), hub);
                self.news.notify_one();
            }
        }
        Ok(prefix)
    }

    /// The other servers that have a hub.
    pub(crate) fn serving(&self, prefix: &str) -> Vec<Arc<str>> {
        lock(&self.roster).serving(prefix, Instant::now())
    }

    /// Whether it is a server of ours, and known to be there.
    pub(crate) fn knows(&self, server: &str) -> bool {
        server == &*self.server || lock(&self.roster).has(server, Instant::now())
    }

    /// Tells of every announcement of another server from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    fn publish(&self, kind: AnnouncementKind) -> impl Future<Output = ()> + Send + use<> {
        let payload = {
            let hubs = lock(&self.hubs);
            let announcement = Announcement {
                kind,
                server: &self.server,
                hubs: hubs.keys().map(String::as_str).collect(),
            };
            announcement.write()
        };
        let published = self.link.publish(&channel(&self.link.options), &payload);
        async move {
            if let Err(error) = published.await {
                tracing::debug!(%error, "the other servers do not know that this one is there");
            }
        }
    }
}

/// Where servers of ours announce themselves.
fn channel(options: &RedisOptions) -> String {
    format!("{}campanile:servers", options.channel_prefix)
}

/// Says that this server is there, for as long as it is.
async fn announce(farm: Weak<Farm>) {
    let Some((mut standing, news)) = farm
        .upgrade()
        .map(|it| (it.link.standing(), it.news.clone()))
    else {
        return;
    };
    let mut kind = AnnouncementKind::Hello;
    // The link ends with the farm.
    while standing.wait_for(|it| *it == Standing::Up).await.is_ok() {
        let Some(farm) = farm.upgrade() else {
            return;
        };
        if kind == AnnouncementKind::Hello {
            lock(&farm.roster).reconnected(Instant::now());
        }
        farm.publish(kind).await;
        drop(farm);
        kind = tokio::select! {
            () = tokio::time::sleep(ANNOUNCE) => AnnouncementKind::Here,
            () = news.notified() => AnnouncementKind::Here,
            _ = standing.wait_for(|it| *it != Standing::Up) => AnnouncementKind::Hello,
        };
    }
}

impl Hear for Farm {
    fn hear(&self, channel: &str, payload: &[u8]) {
        let announcement = match Announcement::read(payload) {
            Ok(announcement) => announcement,
            Err(error) => return self.link.reject(channel, payload, &error),
        };
        if announcement.server == &*self.server {
            return;
        }
        if !lock(&self.roster).heard(&announcement, Instant::now()) {
            let error = "more servers or hubs are announced than a farm can have";
            return self.link.reject(channel, payload, &error);
        }
        self.changed.send_replace(());
        if announcement.kind == AnnouncementKind::Hello {
            self.news.notify_one();
        }
    }
}

impl fmt::Debug for Farm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Farm")
            .field("server", &self.server)
            .field("link", &self.link)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

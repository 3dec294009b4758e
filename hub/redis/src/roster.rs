//! Which servers of ours are in the farm. Time is passed in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use campanile_hub_protocol::backplane::{Announcement, AnnouncementKind};
use tokio::time::Instant;

/// How often a server says that it is there.
pub(crate) const ANNOUNCE: Duration = Duration::from_secs(5);

/// How long a server is believed to be there that says nothing.
const EXPIRY: Duration = Duration::from_secs(15);

/// The most servers that are kept in mind: what anybody publishes must not cost memory without end.
const SERVERS: usize = 1000;

/// The most hubs of one server.
const HUBS: usize = 1000;

/// The other servers, as they have announced themselves.
#[derive(Debug, Default)]
pub(crate) struct Roster(HashMap<Arc<str>, Known>);

#[derive(Debug)]
struct Known {
    heard: Instant,
    hubs: HashSet<Box<str>>,
}

impl Roster {
    /// Takes note of an announcement; false where there are more than a farm can have.
    pub(crate) fn heard(&mut self, announcement: &Announcement<'_>, now: Instant) -> bool {
        self.forget_silent(now);
        let server = announcement.server;
        if announcement.kind == AnnouncementKind::Bye {
            self.0.remove(server);
            return true;
        }
        let is_new = !self.0.contains_key(server);
        if announcement.hubs.len() > HUBS || is_new && self.0.len() >= SERVERS {
            return false;
        }
        let hubs = announcement.hubs.iter().map(|hub| (*hub).into()).collect();
        self.0.insert(server.into(), Known { heard: now, hubs });
        true
    }

    /// Nobody could be heard for a while: whoever was there may be there still.
    pub(crate) fn reconnected(&mut self, now: Instant) {
        for known in self.0.values_mut() {
            known.heard = now;
        }
    }

    /// The servers that have a hub.
    pub(crate) fn serving(&mut self, hub: &str, now: Instant) -> Vec<Arc<str>> {
        self.forget_silent(now);
        let serving = self.0.iter().filter(|(_, it)| it.hubs.contains(hub));
        serving.map(|(server, _)| server.clone()).collect()
    }

    /// Whether a server is there.
    pub(crate) fn has(&mut self, server: &str, now: Instant) -> bool {
        self.forget_silent(now);
        self.0.contains_key(server)
    }

    fn forget_silent(&mut self, now: Instant) {
        self.0
            .retain(|_, known| now.duration_since(known.heard) < EXPIRY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announced<'a>(
        kind: AnnouncementKind,
        server: &'a str,
        hubs: &[&'a str],
    ) -> Announcement<'a> {
        Announcement {
            kind,
            server,
            hubs: hubs.to_vec(),
        }
    }

    #[test]
    fn servers_are_known_until_they_go_or_say_nothing_any_more() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut roster = Roster::default();
        for server in ["a", "b"] {
            assert!(roster.heard(&announced(AnnouncementKind::Hello, server, &["H"]), at(0)));
        }
        assert!(roster.heard(&announced(AnnouncementKind::Here, "c", &["I"]), at(0)));
        assert_eq!(roster.serving("I", at(0)), [Arc::<str>::from("c")]);
        assert_eq!(roster.serving("H", at(0)).len(), 2);
        assert!(roster.heard(&announced(AnnouncementKind::Bye, "b", &[]), at(1)));
        assert_eq!(roster.serving("H", at(14)), [Arc::<str>::from("a")]);
        assert!(roster.has("a", at(14)) && !roster.has("b", at(14)));
        assert!(roster.serving("H", at(15)).is_empty());
        assert!(!roster.has("a", at(15)));
    }

    #[test]
    fn a_server_that_could_not_be_heard_is_not_forgotten_for_that() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut roster = Roster::default();
        roster.heard(&announced(AnnouncementKind::Here, "a", &["H"]), at(0));
        roster.reconnected(at(60));
        assert_eq!(roster.serving("H", at(70)), [Arc::<str>::from("a")]);
        assert!(roster.serving("H", at(75)).is_empty());
    }

    #[test]
    fn there_is_an_end_to_servers() {
        let now = Instant::now();
        let mut roster = Roster::default();
        for number in 0..SERVERS {
            let server = number.to_string();
            assert!(roster.heard(&announced(AnnouncementKind::Here, &server, &[]), now));
        }
        assert!(!roster.heard(&announced(AnnouncementKind::Here, "x", &[]), now));
        assert!(roster.heard(&announced(AnnouncementKind::Here, "7", &["H"]), now));
        let many = vec!["H"; HUBS + 1];
        assert!(!roster.heard(&announced(AnnouncementKind::Here, "7", &many), now));
    }
}

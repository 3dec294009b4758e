//! Whose a connection is.

use std::sync::{Arc, Mutex, PoisonError};

use campanile_web::{AuthenticationTicket, Principal};
use http::Extensions;
use tokio::time::Instant;

/// Who has opened a connection, and for how long that holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owner {
    pub(crate) principal: Principal,
    /// Not there where it holds for ever.
    pub(crate) expiry: Option<Arc<Expiry>>,
}

/// Until when the sender of a connection's requests is known: every poll may bring a new ticket.
#[derive(Debug)]
pub(crate) struct Expiry(Mutex<Option<Instant>>);

impl Owner {
    /// The sender of the request that opens the connection.
    pub(crate) fn of(request: &Extensions) -> Self {
        let expires = request
            .get::<AuthenticationTicket>()
            .and_then(AuthenticationTicket::expires);
        Self {
            principal: request.get::<Principal>().cloned().unwrap_or_default(),
            expiry: expires.map(|expires| Arc::new(Expiry(Mutex::new(Some(expires))))),
        }
    }

    /// Whether a request may be one of the connection: of a connection that is a user's, only that user's.
    ///
    /// ASP.NET Core lets others in and writes a warning; who has found out a connection's token could then read what is
    /// meant for somebody else.
    pub(crate) fn admits(&self, request: &Extensions) -> bool {
        let Some(owner) = self.principal.user_identifier() else {
            return true;
        };
        let sender = request.get::<Principal>();
        sender.and_then(Principal::user_identifier) == Some(owner)
    }

    /// Takes the time of a newer ticket. An older one that comes late takes nothing back.
    pub(crate) fn refresh(&self, request: &Extensions) {
        if let Some(expiry) = &self.expiry
            && let Some(ticket) = request.get::<AuthenticationTicket>()
        {
            let mut known = expiry.lock();
            *known = match (*known, ticket.expires()) {
                (Some(known), Some(new)) => Some(known.max(new)),
                _ => None,
            };
        }
    }
}

impl Expiry {
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.lock().is_some_and(|expires| expires <= now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        // Nothing in here panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn request(user: &'static str, seconds: Option<u64>) -> Extensions {
        let mut ticket = AuthenticationTicket::new(Principal::new([("sub", user)]));
        if let Some(seconds) = seconds {
            ticket = ticket.expiring_in(Duration::from_secs(seconds));
        }
        let mut extensions = Extensions::new();
        extensions.insert(ticket.principal().clone());
        extensions.insert(ticket);
        extensions
    }

    #[test]
    fn a_connection_is_its_users_and_without_a_user_everybodys() {
        let ann = Owner::of(&request("ann", None));
        assert!(ann.admits(&request("ann", Some(1))));
        assert!(!ann.admits(&request("bob", None)));
        assert!(!ann.admits(&Extensions::new()));
        let nobody = Owner::of(&Extensions::new());
        assert!(nobody.admits(&Extensions::new()) && nobody.admits(&request("bob", None)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_newer_ticket_lasts_longer_and_an_older_one_changes_nothing() {
        let owner = Owner::of(&request("ann", Some(5)));
        let after = |seconds| Instant::now() + Duration::from_secs(seconds);
        let is_over = |seconds| owner.expiry.as_ref().unwrap().is_over(after(seconds));
        assert!(!is_over(4) && is_over(5));
        owner.refresh(&request("ann", Some(10)));
        owner.refresh(&request("ann", Some(7)));
        owner.refresh(&Extensions::new());
        assert!(!is_over(9) && is_over(10));
        owner.refresh(&request("ann", None));
        assert!(!is_over(1_000_000));
        owner.refresh(&request("ann", Some(7)));
        assert!(!is_over(1_000_000));
    }
}

//! How many connections there are, against their limits and for the metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::instruments::{EndpointInstruments, Instruments};
use crate::kestrel::Limits;

/// The connections of a server.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// Those that were not upgraded.
    open: AtomicU64,
    upgraded: AtomicU64,
    pub(crate) instruments: Instruments,
}

/// One connection, from being accepted to the end of its socket.
#[derive(Debug)]
pub(crate) struct Account {
    accounts: Arc<Accounts>,
    endpoint: Arc<EndpointInstruments>,
    is_upgraded: AtomicBool,
    since: Instant,
}

/// A place among the upgraded connections, taken before it is known whether there will be an upgrade.
#[derive(Debug)]
pub(crate) struct Place(Option<Arc<Accounts>>);

impl Accounts {
    pub(crate) fn new(instruments: Instruments) -> Self {
        Self {
            instruments,
            ..Self::default()
        }
    }

    /// One more connection; `None`, where there are as many as there may be.
    pub(crate) fn open(
        self: &Arc<Self>,
        endpoint: &Arc<EndpointInstruments>,
        limits: &Limits,
    ) -> Option<Account> {
        let most = limits.max_concurrent_connections;
        if self.open.fetch_add(1, Ordering::Relaxed) >= most.map_or(u64::MAX, u64::from) {
            self.open.fetch_sub(1, Ordering::Relaxed);
            endpoint.rejected.add(1);
            return None;
        }
        endpoint.active.add(1);
        Some(Account {
            accounts: Arc::clone(self),
            endpoint: Arc::clone(endpoint),
            is_upgraded: AtomicBool::new(false),
            since: Instant::now(),
        })
    }

    /// One more upgraded connection; `None`, where there are as many as there may be.
    pub(crate) fn upgrade(self: &Arc<Self>, limits: &Limits) -> Option<Place> {
        let most = limits.max_concurrent_upgraded_connections;
        if self.upgraded.fetch_add(1, Ordering::Relaxed) >= most.unwrap_or(u64::MAX) {
            self.upgraded.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Place(Some(Arc::clone(self))))
    }

    #[cfg(test)]
    pub(crate) fn open_for_test(self) -> Account {
        let endpoint = Arc::new(
            self.instruments
                .endpoint(&crate::address::Address::default_address()),
        );
        Arc::new(self).open(&endpoint, &Limits::default()).unwrap()
    }
}

impl Account {
    pub(crate) fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// The connection counts as upgraded from now on.
    pub(crate) fn is_upgraded(&self, mut place: Place) {
        // The place goes over to the connection.
        place.0 = None;
        self.is_upgraded.store(true, Ordering::Relaxed);
        self.accounts.open.fetch_sub(1, Ordering::Relaxed);
        self.endpoint.upgraded.add(1);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if self.is_upgraded.load(Ordering::Relaxed) {
            self.accounts.upgraded.fetch_sub(1, Ordering::Relaxed);
            self.endpoint.upgraded.add(-1);
        } else {
            self.accounts.open.fetch_sub(1, Ordering::Relaxed);
        }
        self.endpoint.active.add(-1);
        self.endpoint.ended(self.since.elapsed());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(accounts) = &self.0 {
            accounts.upgraded.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU64;

    #[test]
    fn limits_hold_and_places_are_given_back() {
        let accounts = Arc::new(Accounts::default());
        let endpoint = Arc::new(
            accounts
                .instruments
                .endpoint(&crate::address::Address::default_address()),
        );
        let mut limits = Limits::default();
        limits.max_concurrent_connections = NonZeroU64::new(1);
        limits.max_concurrent_upgraded_connections = Some(1);
        let first = accounts.open(&endpoint, &limits).unwrap();
        assert!(accounts.open(&endpoint, &limits).is_none());
        let place = accounts.upgrade(&limits).unwrap();
        assert!(accounts.upgrade(&limits).is_none());
        drop(place);
        let place = accounts.upgrade(&limits).unwrap();
        first.is_upgraded(place);
        let second = accounts.open(&endpoint, &limits).unwrap();
        assert!(accounts.upgrade(&limits).is_none());
        drop(first);
        assert!(accounts.upgrade(&limits).is_some());
        assert!(accounts.open(&endpoint, &limits).is_none());
        drop(second);
        assert!(accounts.open(&endpoint, &limits).is_some());
    }
}

//! The endpoints of a server, and its stop.

use std::sync::Arc;

use arc_swap::ArcSwap;
use campanile_host::BoxError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::accept::{Acceptor, accept_all};
use crate::accounts::Accounts;
use crate::address::Address;
use crate::bind::bind;
use crate::diagnostics::Diagnostics;
use crate::kestrel::Limits;
use crate::limits::{ABORT_TIMEOUT, REMOVED_TIMEOUT};
use crate::listener::Bound;
use crate::service::WebService;
use crate::terms::Terms;
use crate::tracker::ConnectionTracker;
use crate::wanted::Wanted;

/// A server that is accepting connections.
pub(crate) struct Server {
    app: WebService,
    accounts: Arc<Accounts>,
    diagnostics: Arc<Diagnostics>,
    endpoints: Vec<Endpoint>,
}

/// One endpoint. Its connections have a tracker of their own, so that it can go while the others stay.
struct Endpoint {
    wanted: Wanted,
    /// As it is told, with the real port.
    address: Address,
    terms: Arc<ArcSwap<Terms>>,
    tracker: ConnectionTracker,
    accepting: CancellationToken,
    loops: Vec<JoinHandle<()>>,
}

/// What a new configuration changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The addresses that are listened on now and were not before.
    pub(crate) opened: Vec<String>,
    /// Those that were and are not any more.
    pub(crate) closed: Vec<String>,
}

/// An endpoint that is to be, before anything is done that could not be undone.
enum Prepared {
    Kept(usize, Arc<Terms>),
    New(Bound, Terms),
}

impl Server {
    /// A server that does not listen yet.
    pub(crate) fn new(app: WebService, accounts: Accounts) -> Self {
        let accounts = Arc::new(accounts);
        Self {
            app,
            diagnostics: Arc::new(Diagnostics::new(Arc::clone(&accounts))),
            accounts,
            endpoints: Vec::new(),
        }
    }

    /// Listens on all that is wanted and on nothing else. What was listened on before stays, with its connections; new ones
    /// get the new settings. Where anything fails, everything is as it was.
    pub(crate) fn apply(
        &mut self,
        wanted: Vec<Wanted>,
        limits: &Arc<Limits>,
    ) -> Result<Changes, BoxError> {
        let mut prepared: Vec<Prepared> = Vec::with_capacity(wanted.len());
        let mut kept = vec![false; self.endpoints.len()];
        for it in &wanted {
            let same = |(at, old): &(usize, &Endpoint)| !kept[*at] && old.wanted.is_same_place(it);
            let old = self.endpoints.iter().enumerate().find(same);
            let before = old.map(|(_, old)| old.terms.load());
            let terms = Terms::new(it, limits, before.as_deref().map(|it| &**it))?;
            prepared.push(match old {
                Some((at, _)) => {
                    kept[at] = true;
                    Prepared::Kept(at, Arc::new(terms))
                }
                None => Prepared::New(bind(it)?, terms),
            });
        }
        let mut changes = Changes::default();
        let mut before: Vec<Option<Endpoint>> = std::mem::take(&mut self.endpoints)
            .into_iter()
            .map(Some)
            .collect();
        for (wanted, prepared) in wanted.into_iter().zip(prepared) {
            let endpoint = match prepared {
                Prepared::Kept(at, terms) => {
                    // Each was found once.
                    let Some(mut endpoint) = before[at].take() else {
                        continue;
                    };
                    endpoint.terms.store(terms);
                    let told = endpoint.address.to_string();
                    endpoint.address.scheme = wanted.address.scheme;
                    endpoint.wanted = wanted;
                    if endpoint.address.to_string() != told {
                        changes.closed.push(told);
                        changes.opened.push(endpoint.address.to_string());
                    }
                    endpoint
                }
                Prepared::New(bound, terms) => {
                    changes.opened.push(bound.address.to_string());
                    self.open(wanted, bound, terms)
                }
            };
            self.endpoints.push(endpoint);
        }
        for endpoint in before.into_iter().flatten() {
            changes.closed.push(endpoint.address.to_string());
            tokio::spawn(endpoint.remove());
        }
        Ok(changes)
    }

    fn open(&self, wanted: Wanted, bound: Bound, terms: Terms) -> Endpoint {
        let tracker = ConnectionTracker::new();
        let accepting = CancellationToken::new();
        let terms = Arc::new(ArcSwap::from_pointee(terms));
        let Bound { address, listeners } = bound;
        let acceptor = Arc::new(Acceptor {
            app: self.app.clone(),
            instruments: Arc::new(self.accounts.instruments.endpoint(&address)),
            accounts: Arc::clone(&self.accounts),
            diagnostics: Arc::clone(&self.diagnostics),
            terms: Arc::clone(&terms),
            tracker: tracker.clone(),
        });
        let loops = listeners
            .into_iter()
            .map(|listener| {
                let (acceptor, accepting) = (Arc::clone(&acceptor), accepting.clone());
                tokio::spawn(async move {
                    let accept = accept_all(listener, &acceptor);
                    accepting.run_until_cancelled(accept).await;
                })
            })
            .collect();
        Endpoint {
            wanted,
            address,
            terms,
            tracker,
            accepting,
            loops,
        }
    }

    /// The addresses that are listened on, in the order of the configuration.
    pub(crate) fn addresses(&self) -> Vec<String> {
        self.endpoints
            .iter()
            .map(|it| it.address.to_string())
            .collect()
    }

    /// The names of the sockets from systemd that are in use.
    pub(crate) fn passed(&self) -> impl Iterator<Item = &String> {
        self.endpoints.iter().flat_map(|it| &it.wanted.passed)
    }

    /// The files of all certificates.
    #[cfg(feature = "tls")]
    pub(crate) fn certificates(&self) -> Vec<crate::certificate_files::CertificateFiles> {
        let files = self.endpoints.iter().map(|it| &it.wanted.certificate);
        files.flatten().cloned().collect()
    }

    /// Stops accepting, tells the connections, waits for them until the token fires, and cuts off what is left.
    pub(crate) async fn stop(mut self, patience: &CancellationToken) {
        let mut endpoints = std::mem::take(&mut self.endpoints);
        for endpoint in &mut endpoints {
            endpoint.close().await;
        }
        for endpoint in &endpoints {
            endpoint.tracker.stop();
        }
        let mut left = 0;
        for endpoint in &endpoints {
            left += endpoint.drain(patience).await;
        }
        for endpoint in &endpoints {
            endpoint.tracker.abort();
        }
        match left {
            0 => return,
            1 => tracing::warn!("one connection did not end in time and is aborted"),
            count => tracing::warn!("{count} connections did not end in time and are aborted"),
        }
        let enough = CancellationToken::new();
        let ended = async {
            for endpoint in &endpoints {
                endpoint.drain(&enough).await;
            }
        };
        let _ = tokio::time::timeout(ABORT_TIMEOUT, ended).await;
    }
}

impl Endpoint {
    /// Lets go of the sockets that are listened on.
    async fn close(&mut self) {
        self.accepting.cancel();
        for ended in std::mem::take(&mut self.loops) {
            // A loop does not panic, and nobody aborts it; its listener is gone either way.
            let _ = ended.await;
        }
    }

    /// Waits for the connections until the token fires; how many there are then.
    async fn drain(&self, patience: &CancellationToken) -> usize {
        let left = self.tracker.drained(patience).await;
        // An upgraded connection has a socket and mostly a guard too.
        left.connections.max(left.guards)
    }

    /// Ends an endpoint while the server goes on.
    async fn remove(mut self) {
        self.close().await;
        self.tracker.stop();
        let patience = CancellationToken::new();
        let ended = tokio::time::timeout(REMOVED_TIMEOUT, self.drain(&patience)).await;
        if ended.is_err() {
            let address = &self.address;
            tracing::warn!(
                "connections of {address}, which is not listened on any more, did not end in time and are aborted"
            );
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.accepting.cancel();
        self.tracker.stop();
        self.tracker.abort();
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("addresses", &self.addresses())
            .finish_non_exhaustive()
    }
}

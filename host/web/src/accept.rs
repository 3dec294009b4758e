//! Accepting connections.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::accounts::Accounts;
use crate::activity::Activity;
use crate::connection::Connection;
use crate::diagnostics::Diagnostics;
use crate::dispatch::Dispatch;
use crate::instruments::EndpointInstruments;
use crate::listener::Listener;
use crate::remote_address::RemoteAddress;
use crate::service::WebService;
use crate::stream::Socket;
use crate::terms::Terms;
use crate::tracker::ConnectionTracker;

/// What the connections of an endpoint have in common.
pub(crate) struct Acceptor {
    pub(crate) app: WebService,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) instruments: Arc<EndpointInstruments>,
    pub(crate) diagnostics: Arc<Diagnostics>,
    pub(crate) terms: Arc<ArcSwap<Terms>>,
    pub(crate) tracker: ConnectionTracker,
}

impl Acceptor {
    /// Has a connection served, by a task of its own.
    fn accept(&self, socket: Socket, remote: RemoteAddress) {
        let terms = self.terms.load();
        let Some(account) = self.accounts.open(&self.instruments, &terms.limits) else {
            tracing::warn!(
                target: "Microsoft.AspNetCore.Server.Kestrel",
                event_id = 24,
                "a connection of {remote} is refused, because Kestrel:Limits:MaxConcurrentConnections are open already"
            );
            return;
        };
        let dispatch = Dispatch {
            app: self.app.clone(),
            remote,
            tracker: self.tracker.clone(),
            activity: Activity::new(self.tracker.socket(), account),
            limits: Arc::clone(&terms.limits),
            diagnostics: Arc::clone(&self.diagnostics),
            is_https: false,
        };
        #[cfg(feature = "tls")]
        if let Some(tls) = &terms.tls {
            let handshake = crate::handshake::Handshake {
                acceptor: tls.acceptor.clone(),
                instruments: Arc::clone(&self.instruments),
                is_http2: terms.only_http2(),
            };
            tokio::spawn(handshake.serve(socket, dispatch));
            return;
        }
        serve(socket, dispatch, terms.only_http2());
    }
}

/// Has a connection served whose protocol is settled.
pub(crate) fn serve(socket: Socket, dispatch: Dispatch, is_http2: bool) {
    #[cfg(feature = "http2")]
    if is_http2 {
        tokio::spawn(crate::http2::serve(socket, dispatch));
        return;
    }
    // Nobody can ask for it.
    let _ = is_http2;
    tokio::spawn(Connection::new(socket, dispatch));
}

/// Accepts until it is dropped.
pub(crate) async fn accept_all(listener: Listener, acceptor: &Acceptor) {
    let mut backoff = Backoff::default();
    loop {
        match listener.accept().await {
            Ok((socket, remote)) => {
                backoff.succeeded();
                acceptor.accept(socket, remote);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => backoff.failed(&error).await,
        }
    }
}

/// The client was gone before it was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Waits longer each time accepting fails, as it does without free file descriptors, and says so once a minute.
#[derive(Debug, Default)]
struct Backoff {
    failures: u32,
    said: Option<Instant>,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_secs(1);
    const SILENCE: Duration = Duration::from_secs(60);

    fn succeeded(&mut self) {
        self.failures = 0;
    }

    async fn failed(&mut self, error: &io::Error) {
        if self.said.is_none_or(|it| it.elapsed() >= Self::SILENCE) {
            tracing::error!(%error, "connections cannot be accepted; trying again");
            self.said = Some(Instant::now());
        }
        let wait = Self::FIRST.saturating_mul(1 << self.failures.min(8));
        self.failures = self.failures.saturating_add(1);
        tokio::time::sleep(wait.min(Self::LONGEST)).await;
    }
}

//! The time between a handshake and the end of its connection.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::ClientError;
use crate::connect::{Established, WayBack};
use crate::dispatch::{Job, panic_text};
use crate::handlers::Handlers;
use crate::options::Options;
use crate::session::{Incoming, Said, Session};
use crate::transport::{Arrival, Link};

/// How often messages of a stateful connection are acknowledged.
const ACKNOWLEDGE: Duration = Duration::from_secs(1);

/// .NET's client looks once a second.
const MOST_SLACK: Duration = Duration::from_secs(1);

/// Why a connection has ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The user stopped it.
    Stopped,
    /// The server ended it.
    ByServer {
        error: Option<ClientError>,
        reconnect: bool,
    },
    /// It is lost.
    Lost(ClientError),
}

impl Ended {
    pub(crate) fn error(&self) -> Option<&ClientError> {
        match self {
            Self::Stopped => None,
            Self::ByServer { error, .. } => error.as_ref(),
            Self::Lost(error) => Some(error),
        }
    }
}

/// Reads and writes until the connection ends, and closes its transport.
pub(crate) async fn serve(
    established: Established,
    options: &Options,
    handlers: &Handlers,
    jobs: &mpsc::UnboundedSender<Job>,
    stop: &CancellationToken,
) -> Ended {
    let Established {
        session,
        mut link,
        rest,
        way_back,
    } = established;
    let mut incoming = Incoming::new(session.clone(), rest);
    let mut clock = Clock::new(options, session.stateful, &link);
    if !link.keeps_alive() {
        // It tells the server that pings will come.
        session.ping();
    }
    let ended = loop {
        let ended = exchange(
            &mut link,
            &session,
            &mut incoming,
            &mut clock,
            handlers,
            jobs,
            stop,
        )
        .await;
        let (error, way_back) = match (ended, &way_back) {
            (Exchanged::Ended(ended), _) => break ended,
            (Exchanged::Gone(error), None) => break Ended::Lost(error),
            (Exchanged::Gone(error), Some(way_back)) => (error, way_back),
        };
        tracing::debug!(%error, "the WebSocket is gone; coming back to the same connection");
        match come_back(way_back, &session, options, stop).await {
            Ok(new) => link = new,
            Err(ended) => {
                session.close(&failure(&ended));
                return ended;
            }
        }
        incoming.resume();
        clock.last_arrival = Instant::now();
    };
    if matches!(ended, Ended::Stopped) {
        let mut message = Vec::new();
        session.protocol.write_close(&mut message, None, false);
        session.outbox.push(message, false);
    }
    session.close(&failure(&ended));
    link.close(&session.outbox, matches!(ended, Ended::Stopped))
        .await;
    ended
}

/// What calls in flight are told.
fn failure(ended: &Ended) -> ClientError {
    match ended {
        Ended::Stopped => ClientError::Cancelled,
        ended => ClientError::ConnectionLost(ended.error().cloned().map(Into::into)),
    }
}

async fn come_back(
    way_back: &WayBack,
    session: &Session,
    options: &Options,
    stop: &CancellationToken,
) -> Result<Link, Ended> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Ended::Stopped),
        link = way_back.take(session) => link.map_err(Ended::Lost),
        () = tokio::time::sleep(options.server_timeout) => {
            Err(Ended::Lost(ClientError::Timeout("coming back to the connection")))
        }
    }
}

enum Exchanged {
    Ended(Ended),
    /// The transport is gone, and the server may still know the connection.
    Gone(ClientError),
}

async fn exchange(
    link: &mut Link,
    session: &Session,
    incoming: &mut Incoming,
    clock: &mut Clock,
    handlers: &Handlers,
    jobs: &mpsc::UnboundedSender<Job>,
    stop: &CancellationToken,
) -> Exchanged {
    let mut stopped = std::pin::pin!(stop.cancelled());
    // What came behind the handshake.
    let mut arrived = Some(bytes::Bytes::new());
    loop {
        if let Some(bytes) = arrived.take() {
            // What messages are read into is the application's: if it panics, nobody is to wait for a connection without a task.
            let read = AssertUnwindSafe(|| incoming.read(&bytes, handlers, jobs));
            let read = catch_unwind(read)
                .unwrap_or_else(|panic| Err(ClientError::Panic(panic_text(&*panic))));
            match read {
                Ok(None) => {}
                Ok(Some(Said::Close {
                    error,
                    allow_reconnect,
                })) => {
                    return Exchanged::Ended(Ended::ByServer {
                        error: error.map(ClientError::ClosedByServer),
                        reconnect: allow_reconnect,
                    });
                }
                Err(error) => return Exchanged::Ended(Ended::Lost(error)),
            }
        }
        tokio::select! {
            biased;
            () = &mut stopped => return Exchanged::Ended(Ended::Stopped),
            arrival = link.exchange(&session.outbox) => match arrival {
                Arrival::Bytes(bytes) => {
                    clock.last_arrival = Instant::now();
                    arrived = Some(bytes);
                }
                Arrival::End => {
                    return Exchanged::Ended(Ended::ByServer { error: None, reconnect: true });
                }
                Arrival::Lost { error, final_: false } => return Exchanged::Gone(error),
                Arrival::Lost { error, final_: true } => {
                    return Exchanged::Ended(Ended::Lost(error));
                }
            },
            due = clock.next() => match due {
                Due::Ping => session.ping(),
                Due::Acknowledgement => {
                    if let Some(number) = incoming.received.to_acknowledge() {
                        session.acknowledge(number);
                    }
                }
                Due::Silence(timeout) => {
                    return Exchanged::Ended(Ended::Lost(ClientError::ServerSilent(timeout)));
                }
            },
        }
    }
}

/// What is to be done when.
struct Clock {
    last_arrival: Instant,
    keep_alive: Option<Duration>,
    timeout: Duration,
    /// How much later silence is noticed, so that a sign of life that comes just in time is not too late.
    slack: Duration,
    ping_at: Instant,
    acknowledge_at: Option<Instant>,
    /// One sleep for all of it; it is not set anew for every message.
    sleep: std::pin::Pin<Box<tokio::time::Sleep>>,
}

enum Due {
    Ping,
    Acknowledgement,
    Silence(Duration),
}

impl Clock {
    fn new(options: &Options, stateful: bool, link: &Link) -> Self {
        let now = Instant::now();
        Self {
            last_arrival: now,
            keep_alive: (!link.keeps_alive()).then_some(options.keep_alive),
            timeout: options.server_timeout,
            slack: (options.server_timeout / 4).min(MOST_SLACK),
            ping_at: now + options.keep_alive,
            acknowledge_at: stateful.then(|| now + ACKNOWLEDGE),
            sleep: Box::pin(tokio::time::sleep_until(now)),
        }
    }

    /// Cancel safety: what is due stays due until it has been given.
    async fn next(&mut self) -> Due {
        loop {
            let Some(keep_alive) = self.keep_alive else {
                return pending().await;
            };
            let now = Instant::now();
            let silent_at = self.last_arrival + self.timeout + self.slack;
            if now >= silent_at {
                return Due::Silence(self.timeout);
            }
            if now >= self.ping_at {
                self.ping_at = now + keep_alive;
                return Due::Ping;
            }
            if let Some(at) = &mut self.acknowledge_at
                && now >= *at
            {
                *at = now + ACKNOWLEDGE;
                return Due::Acknowledgement;
            }
            let at = self
                .acknowledge_at
                .into_iter()
                .fold(silent_at.min(self.ping_at), Instant::min);
            // Silence is put off by every message: an earlier look does no harm, and costs less than resetting.
            if self.sleep.deadline() > at || self.sleep.is_elapsed() {
                self.sleep.as_mut().reset(at);
            }
            self.sleep.as_mut().await;
        }
    }
}

//! The time between a handshake and the end of its connection.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::ClientError;
use crate::clock::{Clock, Due};
use crate::connect::{Established, WayBack};
use crate::dispatch::{Job, panic_text};
use crate::handlers::Handlers;
use crate::options::Options;
use crate::session::{Incoming, Said, Session};
use crate::transport::{Arrival, Link};

/// As many WebSocket messages, or answers to polls, are read in one turn of the connection's task.
const AT_ONCE: usize = 1024;

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
    let mut clock = Clock::new(options, session.stateful, link.keeps_alive());
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
        clock.arrival();
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
    let mut stopped = pin!(stop.cancelled());
    // What came behind the handshake.
    if let Some(over) = read(&[], incoming, handlers, jobs) {
        return over;
    }
    session.calls.hand_over();
    loop {
        let next = poll_fn(|cx| {
            if stopped.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(Exchanged::Ended(Ended::Stopped)));
            }
            match poll_arrivals(cx, link, session, incoming, handlers, jobs) {
                Arrived::Over(over) => Poll::Ready(Err(over)),
                Arrived::Nothing => clock.poll_next(cx).map(Ok),
                Arrived::Something => {
                    clock.arrival();
                    clock.poll_next(cx).map(Ok)
                }
            }
        });
        match next.await {
            Err(over) => return over,
            Ok(Due::Ping) => session.ping(),
            Ok(Due::Acknowledgement) => {
                if let Some(number) = incoming.received.to_acknowledge() {
                    session.acknowledge(number);
                }
            }
            Ok(Due::Silence(timeout)) => {
                return Exchanged::Ended(Ended::Lost(ClientError::ServerSilent(timeout)));
            }
        }
    }
}

enum Arrived {
    Nothing,
    Something,
    Over(Exchanged),
}

/// Writes, and reads as long as there is something, up to a limit; what has come for streams is then handed over at once.
fn poll_arrivals(
    cx: &mut Context<'_>,
    link: &mut Link,
    session: &Session,
    incoming: &mut Incoming,
    handlers: &Handlers,
    jobs: &mpsc::UnboundedSender<Job>,
) -> Arrived {
    let mut arrived = Arrived::Nothing;
    let mut next = link.poll_exchange(cx, &session.outbox);
    for number in 1.. {
        let Poll::Ready(arrival) = next else {
            break;
        };
        arrived = Arrived::Something;
        let over = match arrival {
            Arrival::Bytes(bytes) => read(&bytes, incoming, handlers, jobs),
            Arrival::End => Some(Exchanged::Ended(Ended::ByServer {
                error: None,
                reconnect: true,
            })),
            Arrival::Lost {
                error,
                final_: false,
            } => Some(Exchanged::Gone(error)),
            Arrival::Lost {
                error,
                final_: true,
            } => Some(Exchanged::Ended(Ended::Lost(error))),
        };
        if let Some(over) = over {
            arrived = Arrived::Over(over);
            break;
        }
        if number == AT_ONCE {
            // Others have their turn, and then there is more to read.
            cx.waker().wake_by_ref();
            break;
        }
        next = link.poll_more(cx, &session.outbox);
    }
    session.calls.hand_over();
    arrived
}

/// Reads messages; gives how the connection ends, if it does.
fn read(
    bytes: &[u8],
    incoming: &mut Incoming,
    handlers: &Handlers,
    jobs: &mpsc::UnboundedSender<Job>,
) -> Option<Exchanged> {
    // What messages are read into is the application's: if it panics, nobody is to wait for a connection without a task.
    let read = AssertUnwindSafe(|| incoming.read(bytes, handlers, jobs));
    let read =
        catch_unwind(read).unwrap_or_else(|panic| Err(ClientError::Panic(panic_text(&*panic))));
    match read {
        Ok(None) => None,
        Ok(Some(Said::Close {
            error,
            allow_reconnect,
        })) => Some(Exchanged::Ended(Ended::ByServer {
            error: error.map(ClientError::ClosedByServer),
            reconnect: allow_reconnect,
        })),
        Err(error) => Some(Exchanged::Ended(Ended::Lost(error))),
    }
}

//! One connection of HTTP/1, from being accepted to its end or its upgrade.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::server::conn::http1::{Builder, UpgradeableConnection};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::activity::{Activity, Moment};
use crate::dispatch::Dispatch;
use crate::kestrel::Limits;
use crate::limits::{NEVER, STOPPING_TIMEOUT};
use crate::stream::{Socket, Stream};
use crate::tracker::{ConnectionTracker, Phase};

/// The largest head that hyper's buffer takes unless it is told otherwise.
const HYPER_BUFFER: usize = 8192 + 4096 * 100;

/// The number of headers that hyper takes unless it is told otherwise, which costs it an allocation for each request.
const HYPER_HEADERS: usize = 100;

pin_project_lite::pin_project! {
    /// The task of a connection. It ends with an upgrade: the socket is then in the hands of who upgraded it.
    pub(crate) struct Connection {
        #[pin]
        http: UpgradeableConnection<TokioIo<Stream>, Dispatch>,
        // Fires at the next phase of a stop.
        #[pin]
        signal: WaitForCancellationFutureOwned,
        // `None` until the signal was polled for the first time.
        phase: Option<Phase>,
        #[pin]
        timeout: Sleep,
        seen: Seen,
        activity: Arc<Activity>,
        tracker: ConnectionTracker,
        limits: Arc<Limits>,
    }
}

/// What the timeout is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// Nothing happens.
    Moment(Moment),
    /// The client takes nothing of so many bytes.
    Blocked(usize),
    /// A request is being answered, which may take its time.
    Request,
}

impl Connection {
    pub(crate) fn new(socket: Socket, dispatch: Dispatch) -> Self {
        let Dispatch {
            activity,
            tracker,
            limits,
            ..
        } = &dispatch;
        let (activity, tracker) = (Arc::clone(activity), tracker.clone());
        let limits = Arc::clone(limits);
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let line = size(limits.max_request_line_size.bytes());
        let io = TokioIo::new(Stream::http1(socket, Arc::clone(&activity), line));
        let head = line.saturating_add(size(limits.max_request_headers_total_size.bytes()));
        let headers = size(limits.max_request_header_count.get().into());
        let mut http = Builder::new();
        // Its timer would run on idle connections too: the timeouts are ours.
        http.header_read_timeout(None).max_header_size(head);
        if head > HYPER_BUFFER {
            http.max_buf_size(head);
        }
        if headers != HYPER_HEADERS {
            http.max_headers(headers);
        }
        Self {
            http: http.serve_connection(io, dispatch).with_upgrades(),
            signal: tracker.stopping().cancelled_owned(),
            phase: None,
            timeout: sleep(limits.keep_alive_timeout.unwrap_or(NEVER)),
            seen: Seen::Moment(activity.now()),
            activity,
            tracker,
            limits,
        }
    }
}

impl Future for Connection {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            if let Poll::Ready(ended) = this.http.as_mut().poll(cx) {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended with an error");
                }
                return Poll::Ready(());
            }
            // Polling a signal takes a lock that all connections share, so that it is polled once, for the waker, which stays
            // the same for the life of a task; from then on the phase tells.
            if *this.phase != Some(this.tracker.phase()) && this.signal.as_mut().poll(cx).is_ready()
            {
                if *this.phase == Some(Phase::Stopping) {
                    return Poll::Ready(());
                }
                *this.phase = Some(Phase::Stopping);
                this.signal.set(this.tracker.aborted().cancelled_owned());
                // Registers the waker for the last phase, or finds that it has come.
                if this.signal.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                this.http.as_mut().graceful_shutdown();
                this.timeout
                    .as_mut()
                    .reset(Instant::now() + STOPPING_TIMEOUT);
                *this.seen = Seen::Moment(this.activity.now());
                continue;
            }
            this.phase.get_or_insert(Phase::Serving);
            let now = this.activity.now();
            let rate = this.limits.min_response_data_rate;
            let seen = match this.activity.blocked() {
                size @ 1.. if rate.bytes_per_second > 0 => Seen::Blocked(size),
                _ if now.in_request() => Seen::Request,
                _ => Seen::Moment(now),
            };
            if seen == Seen::Request {
                *this.seen = seen;
                return Poll::Pending;
            }
            if seen != *this.seen {
                *this.seen = seen;
                let patience = match (seen, *this.phase) {
                    (Seen::Blocked(size), _) => rate.time_for(size as u64),
                    (_, Some(Phase::Stopping)) => STOPPING_TIMEOUT,
                    _ if now.in_head() => this.limits.request_headers_timeout.unwrap_or(NEVER),
                    _ => this.limits.keep_alive_timeout.unwrap_or(NEVER),
                };
                this.timeout.as_mut().reset(Instant::now() + patience);
            }
            if this.timeout.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            tracing::debug!(?seen, in_head = now.in_head(), "a connection timed out");
            if now.in_head() && seen == Seen::Moment(now) {
                this.activity.time_out();
                // Reads no more, and says so.
                let _ = this.http.as_mut().poll(cx);
            }
            return Poll::Ready(());
        }
    }
}

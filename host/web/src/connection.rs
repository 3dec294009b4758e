//! One connection, from being accepted to its end or its upgrade.

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
use crate::limits::{HEAD_TIMEOUT, KEEP_ALIVE_TIMEOUT, MAX_HEAD_SIZE, STOPPING_TIMEOUT};
use crate::remote_address::RemoteAddress;
use crate::service::WebService;
use crate::stream::{Socket, Stream};
use crate::tracker::{ConnectionTracker, Phase};

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
        seen: Moment,
        activity: Arc<Activity>,
        tracker: ConnectionTracker,
    }
}

impl Connection {
    pub(crate) fn new(
        socket: Socket,
        remote: RemoteAddress,
        app: WebService,
        tracker: ConnectionTracker,
    ) -> Self {
        let activity = Activity::new(tracker.socket());
        let dispatch = Dispatch {
            app,
            remote,
            tracker: tracker.clone(),
            activity: Arc::clone(&activity),
        };
        let io = TokioIo::new(Stream::new(socket, Arc::clone(&activity)));
        let mut http = Builder::new();
        // Its timer would run on idle connections too: the timeouts are ours.
        http.header_read_timeout(None)
            .max_header_size(MAX_HEAD_SIZE);
        Self {
            http: http.serve_connection(io, dispatch).with_upgrades(),
            signal: tracker.stopping().cancelled_owned(),
            phase: None,
            timeout: sleep(KEEP_ALIVE_TIMEOUT),
            seen: activity.now(),
            activity,
            tracker,
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
                *this.seen = this.activity.now();
                continue;
            }
            this.phase.get_or_insert(Phase::Serving);
            let now = this.activity.now();
            if now.in_request() {
                return Poll::Pending;
            }
            if now != *this.seen {
                *this.seen = now;
                let patience = match *this.phase {
                    Some(Phase::Stopping) => STOPPING_TIMEOUT,
                    _ if now.in_head() => HEAD_TIMEOUT,
                    _ => KEEP_ALIVE_TIMEOUT,
                };
                this.timeout.as_mut().reset(Instant::now() + patience);
            }
            if this.timeout.as_mut().poll(cx).is_ready() {
                tracing::debug!(in_head = now.in_head(), "a connection timed out");
                return Poll::Ready(());
            }
            return Poll::Pending;
        }
    }
}

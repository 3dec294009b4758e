//! One connection, from being accepted to its end or its upgrade.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use campanile_host::BoxError;
use http::StatusCode;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1::{Builder, UpgradeableConnection};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::activity::{Activity, InFlight, Moment};
use crate::body::Body;
use crate::limits::{HEAD_TIMEOUT, KEEP_ALIVE_TIMEOUT, MAX_HEAD_SIZE, STOPPING_TIMEOUT};
use crate::response::status_only;
use crate::service::{ResponseFuture, WebService};
use crate::stream::{Socket, Stream};
use crate::tracker::{ConnectionTracker, Phase};

/// Where a request comes from. In every request's extensions.
#[doc(alias = "RemoteIpAddress")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RemoteAddress(Option<SocketAddr>);

impl RemoteAddress {
    /// Of a TCP connection. An IPv4 client of a socket of both families has its IPv4 address.
    #[must_use]
    pub fn tcp(address: SocketAddr) -> Self {
        Self(Some(SocketAddr::new(
            address.ip().to_canonical(),
            address.port(),
        )))
    }

    /// Of a connection through a Unix socket.
    #[must_use]
    pub const fn unix() -> Self {
        Self(None)
    }

    /// The address and port; none behind a Unix socket.
    #[must_use]
    pub const fn socket_address(&self) -> Option<SocketAddr> {
        self.0
    }

    /// The IP address; none behind a Unix socket.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.map(|it| it.ip())
    }
}

impl fmt::Display for RemoteAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("unix"),
        }
    }
}

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

/// What hyper calls for each request of a connection.
struct Dispatch {
    app: WebService,
    remote: RemoteAddress,
    tracker: ConnectionTracker,
    activity: Arc<Activity>,
}

impl hyper::service::Service<http::Request<Incoming>> for Dispatch {
    type Response = http::Response<Served>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: http::Request<Incoming>) -> Answer {
        let in_flight = self.activity.request();
        let mut request = request.map(Body::incoming);
        let extensions = request.extensions_mut();
        extensions.insert(self.remote);
        extensions.insert(self.tracker.clone());
        // A handler may panic before it gives its future.
        let future = catching(|| self.app.dispatch(request));
        Answer {
            future,
            in_flight: Some(in_flight),
        }
    }
}

/// A response to come. A panic on the way is a 500 for this request and nothing else.
struct Answer {
    future: Option<ResponseFuture>,
    in_flight: Option<InFlight>,
}

impl Future for Answer {
    type Output = Result<http::Response<Served>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = match &mut self.future {
            Some(future) => catching(|| future.as_mut().poll(cx)),
            None => None,
        };
        let response = match polled {
            Some(Poll::Pending) => return Poll::Pending,
            Some(Poll::Ready(response)) => response,
            None => status_only(StatusCode::INTERNAL_SERVER_ERROR),
        };
        let in_flight = self.in_flight.take();
        Poll::Ready(Ok(response.map(|body| Served {
            body,
            _in_flight: in_flight,
        })))
    }
}

/// `None`, and a line in the log, where it panics.
fn catching<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run))
        .inspect_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            tracing::error!("a handler panicked: {}", text.unwrap_or("no message"));
        })
        .ok()
}

/// The body of a response; its request is in flight as long as it is there.
struct Served {
    body: Body,
    _in_flight: Option<InFlight>,
}

impl HttpBody for Served {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

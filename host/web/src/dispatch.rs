//! What becomes of a request between hyper and the routes.

use std::convert::Infallible;
use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use campanile_host::BoxError;
use http::header::{ALLOW, CONNECTION, UPGRADE};
use http::{HeaderValue, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::accounts::Place;
use crate::activity::{Activity, InFlight};
use crate::body::Body;
use crate::diagnostics::{Diagnostics, Record};
use crate::head::check_head;
use crate::kestrel::Limits;
use crate::remote_address::RemoteAddress;
use crate::response::status_only;
use crate::service::{ResponseFuture, WebService};
use crate::tracker::ConnectionTracker;

/// What hyper calls for each request of a connection.
pub(crate) struct Dispatch {
    pub(crate) app: WebService,
    pub(crate) remote: RemoteAddress,
    pub(crate) tracker: ConnectionTracker,
    pub(crate) activity: Arc<Activity>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) diagnostics: Arc<Diagnostics>,
    pub(crate) is_https: bool,
}

impl hyper::service::Service<http::Request<Incoming>> for Dispatch {
    type Response = http::Response<Served>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: http::Request<Incoming>) -> Answer {
        let in_flight = match request.version() {
            #[cfg(feature = "http2")]
            http::Version::HTTP_2 => self.activity.stream(),
            _ => self.activity.request(),
        };
        let record = self.diagnostics.begin(&request, self.is_https);
        let (place, refused) = match self.admit(&request) {
            Ok(place) => (place, None),
            Err(status) => (None, Some(status)),
        };
        let mut request = request.map(|body| Body::incoming(body, &self.limits));
        let future = match refused {
            Some(status) => Some(refusal(status)),
            None => {
                let extensions = request.extensions_mut();
                extensions.insert(self.remote);
                extensions.insert(self.tracker.clone());
                extensions.insert(record.route());
                // A handler may panic before it gives its future.
                catching(|| self.app.dispatch(request))
            }
        };
        Answer {
            future,
            in_flight: Some(in_flight),
            record: Some(record),
            place,
        }
    }
}

impl Dispatch {
    /// Whether the request is one to be answered at all. One that may upgrade its connection gets a place for that.
    fn admit(&self, request: &http::Request<Incoming>) -> Result<Option<Place>, StatusCode> {
        check_head(request, &self.limits)?;
        if request.version() == http::Version::HTTP_2 || !request.headers().contains_key(UPGRADE) {
            return Ok(None);
        }
        let accounts = self.activity.account().accounts();
        match accounts.upgrade(&self.limits) {
            Some(place) => Ok(Some(place)),
            None => {
                tracing::warn!(
                    target: "Microsoft.AspNetCore.Server.Kestrel",
                    "a connection is not upgraded, because Kestrel:Limits:MaxConcurrentUpgradedConnections are already"
                );
                Err(StatusCode::SERVICE_UNAVAILABLE)
            }
        }
    }
}

fn refusal(status: StatusCode) -> ResponseFuture {
    let mut response = status_only(status);
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    if status == StatusCode::METHOD_NOT_ALLOWED {
        // A target without a path is that of a tunnel.
        let tunnels = HeaderValue::from_static("CONNECT");
        response.headers_mut().insert(ALLOW, tunnels);
    }
    Box::pin(ready(response))
}

/// A response to come. A panic on the way is a 500 for this request and nothing else.
pub(crate) struct Answer {
    future: Option<ResponseFuture>,
    in_flight: Option<InFlight>,
    record: Option<Record>,
    /// For an upgrade.
    place: Option<Place>,
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
        let activity = in_flight.as_ref().map(InFlight::activity);
        if response.status() == StatusCode::SWITCHING_PROTOCOLS
            && let (Some(activity), Some(place)) = (activity, self.place.take())
        {
            activity.account().is_upgraded(place);
        }
        let mut record = self.record.take();
        if let Some(record) = &mut record {
            record.answered(&response);
            #[cfg(feature = "http2")]
            if let Some(activity) = activity
                && record.is_tunnel()
            {
                activity.tunnelled();
            }
        }
        Poll::Ready(Ok(response.map(|body| Served {
            body,
            _in_flight: in_flight,
            _record: record,
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
pub(crate) struct Served {
    body: Body,
    _in_flight: Option<InFlight>,
    _record: Option<Record>,
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

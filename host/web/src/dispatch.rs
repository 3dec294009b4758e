//! What becomes of a request between hyper and the routes.

use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use campanile_host::BoxError;
use http::StatusCode;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

use crate::activity::{Activity, InFlight};
use crate::body::Body;
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
pub(crate) struct Answer {
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
pub(crate) struct Served {
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

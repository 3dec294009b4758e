//! Services of any type behind one.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use campanile_host::BoxError;
use http_body::Body as HttpBody;
use tower_service::Service;

use crate::body::{Body, Request, Response};
use crate::response::{IntoResponse, unhandled};
use crate::router::Router;

/// The answer of a [`WebService`], to come.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A `tower` service of any type, behind one: what the routes lead to, and what a [`layer`](crate::WebHostBuilderExt::layer)
/// wraps. It is always ready and never fails: what the service inside it fails with is logged and answered with 500.
#[derive(Clone)]
pub struct WebService(Arc<dyn Erased>);

/// What a [`WebService`] is inside.
pub(crate) trait Erased: Send + Sync {
    fn call(&self, request: Request) -> ResponseFuture;
}

impl WebService {
    /// Erases a service. Each request gets a clone of it, which is waited for until it is ready.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let any: &dyn std::any::Any = &service;
        match any.downcast_ref::<Self>() {
            Some(own) => own.clone(),
            None => Self(Arc::new(Tower(service))),
        }
    }

    /// A service that answers every request by calling a function.
    pub fn from_handler<H, F>(handler: H) -> Self
    where
        H: Fn(Request) -> F + Send + Sync + 'static,
        F: Future<Output: IntoResponse> + Send + 'static,
    {
        Self(Arc::new(Handler(handler)))
    }

    pub(crate) fn router(router: Arc<Router>) -> Self {
        Self(router)
    }

    pub(crate) fn erased(service: impl Erased + 'static) -> Self {
        Self(Arc::new(service))
    }

    pub(crate) fn dispatch(&self, request: Request) -> ResponseFuture {
        self.0.call(request)
    }
}

/// Generic over the request's body, since some layers wrap it.
impl<B> Service<http::Request<B>> for WebService
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = WebServiceFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> WebServiceFuture {
        WebServiceFuture(self.dispatch(request.map(Body::new)))
    }
}

impl fmt::Debug for WebService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebService").finish_non_exhaustive()
    }
}

/// The future of a [`WebService`] as a `tower` service.
pub struct WebServiceFuture(ResponseFuture);

impl Future for WebServiceFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for WebServiceFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebServiceFuture").finish_non_exhaustive()
    }
}

impl Erased for Router {
    fn call(&self, request: Request) -> ResponseFuture {
        self.dispatch(request)
    }
}

struct Tower<S>(S);

impl<S, B> Erased for Tower<S>
where
    S: Service<Request, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn call(&self, request: Request) -> ResponseFuture {
        let mut service = self.0.clone();
        Box::pin(async move {
            if let Err(error) = std::future::poll_fn(|cx| service.poll_ready(cx)).await {
                return unhandled(&error.into());
            }
            match service.call(request).await {
                Ok(response) => response.map(Body::new),
                Err(error) => unhandled(&error.into()),
            }
        })
    }
}

struct Handler<H>(H);

impl<H, F> Erased for Handler<H>
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output: IntoResponse> + Send + 'static,
{
    fn call(&self, request: Request) -> ResponseFuture {
        let answer = (self.0)(request);
        Box::pin(async move { answer.await.into_response() })
    }
}

//! A hub as a `tower::Service`.

use bytes::Bytes;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use campanile_host::hosting::ApplicationLifetime;
use campanile_host::metrics::Metrics;
use campanile_host::services::{ServiceError, ServiceProvider};
use campanile_host::{BoxError, CancellationToken};
use campanile_web::{AuthorizationPolicies, Body, Response};
use http::Request;
use http::request::Parts;
use http_body::Body as HttpBody;
use tower_service::Service;

use super::{Answer, Endpoint};
use crate::dispatch::HubRuntime;
use crate::heartbeat::Heartbeat;
use crate::raw::RawEndpoint;
use crate::serving::Served;
use crate::{ConnectionHandler, Hub, HubContext, HubOptions};

/// Serves a hub at the path where it is mounted, and below it `negotiate`.
///
/// [`add_hub`](crate::HubHostBuilderExt::add_hub) mounts one on the host's own server. Being a plain
/// [`Service`] of any body, it also mounts in other hyper servers that allow upgrades.
#[derive(Clone, Debug)]
pub struct HubService {
    endpoint: Arc<Endpoint>,
}

impl HubService {
    /// A service for the hub `H` of a container to which the hub was added.
    ///
    /// When the application begins to stop, every client is sent a Close that allows reconnecting.
    ///
    /// # Errors
    ///
    /// Where the container lacks what the hub was to bring, and where a policy or a hub protocol is named that nobody added.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn new<H: Hub>(
        services: &ServiceProvider,
        mut options: HubOptions,
    ) -> Result<Self, ServiceError> {
        let policies = resolve(services, &mut options, H::NAME)?;
        let context = services.required::<HubContext<H>>()?;
        let heartbeat = services.required::<Heartbeat>()?;
        let lifetime = services.get::<ApplicationLifetime>()?;
        let filters = options.filters.inside_of(&services.all()?);
        let metrics = metrics(services)?;
        let runtime = HubRuntime::<H>::new(
            &context,
            services.clone(),
            services.get()?,
            &policies,
            filters,
            &metrics,
            options,
        )?;
        Ok(Self::start(
            Served::Hub(Arc::new(runtime)),
            services,
            &heartbeat,
            lifetime.map(|lifetime| lifetime.stopping()),
            &metrics,
        ))
    }

    /// A service for connections of bytes, without a hub.
    ///
    /// # Errors
    ///
    /// Where the container lacks what the first hub or handler was to bring.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn raw(
        services: &ServiceProvider,
        handler: impl ConnectionHandler,
        mut options: HubOptions,
    ) -> Result<Self, ServiceError> {
        resolve(services, &mut options, "of raw connections")?;
        let heartbeat = services.required::<Heartbeat>()?;
        let lifetime = services.get::<ApplicationLifetime>()?;
        Ok(Self::start(
            Served::Raw(Arc::new(RawEndpoint::new(handler, options))),
            services,
            &heartbeat,
            lifetime.map(|lifetime| lifetime.stopping()),
            &*metrics(services)?,
        ))
    }

    fn start(
        served: Served,
        services: &ServiceProvider,
        heartbeat: &Arc<Heartbeat>,
        stopping: Option<CancellationToken>,
        metrics: &Metrics,
    ) -> Self {
        let endpoint = Arc::new(Endpoint::new(served, services, metrics));
        heartbeat.watch(&endpoint);
        if let Some(stopping) = stopping {
            let endpoint = Arc::downgrade(&endpoint);
            tokio::spawn(async move {
                stopping.cancelled().await;
                if let Some(endpoint) = endpoint.upgrade() {
                    endpoint.stop().await;
                }
            });
        }
        Self { endpoint }
    }
}

/// Where to count: for nobody where there is no host.
fn metrics(services: &ServiceProvider) -> Result<Arc<Metrics>, ServiceError> {
    Ok(services.get::<Metrics>()?.unwrap_or_default())
}

/// Looks up the policy that is named; gives all that there are.
fn resolve(
    services: &ServiceProvider,
    options: &mut HubOptions,
    hub: &str,
) -> Result<Arc<AuthorizationPolicies>, ServiceError> {
    let policies = services.get::<AuthorizationPolicies>()?.unwrap_or_default();
    if let Some(policy) = &mut options.authorization {
        *policy = policies
            .resolve::<Parts>(policy)
            .map_err(|error| ServiceError::failed(format!("the hub {hub}: {error}")))?;
    }
    Ok(policies)
}

impl<B> Service<Request<B>> for HubService
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = HubFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> HubFuture {
        HubFuture(self.endpoint.answer(request.map(Body::new)))
    }
}

/// The answer of a [`HubService`], on its way.
pub struct HubFuture(Answer);

impl Future for HubFuture {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Answer::Now(response) => Poll::Ready(Ok(std::mem::take(response))),
            Answer::Later(response) => response.as_mut().poll(context).map(Ok),
        }
    }
}

impl fmt::Debug for HubFuture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HubFuture").finish_non_exhaustive()
    }
}

//! A hub as a `tower::Service`.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use campanile_host::hosting::ApplicationLifetime;
use campanile_host::services::{ServiceError, ServiceProvider};
use campanile_web::Response;
use http::Request;
use tower_service::Service;

use super::Endpoint;
use crate::dispatch::HubRuntime;
use crate::heartbeat::Heartbeat;
use crate::{Hub, HubContext, HubOptions};

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
    /// Where the container lacks what the hub was to bring.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn new<H: Hub>(
        services: &ServiceProvider,
        options: HubOptions,
    ) -> Result<Self, ServiceError> {
        let context = services.required::<HubContext<H>>()?;
        let heartbeat = services.required::<Heartbeat>()?;
        let lifetime = services.get::<ApplicationLifetime>()?;
        let runtime = HubRuntime::<H>::new(&context, services.clone(), options);
        let endpoint = Arc::new(Endpoint::new(Arc::new(runtime)));
        heartbeat.watch(&endpoint);
        if let Some(lifetime) = lifetime {
            let (stopping, endpoint) = (lifetime.stopping(), Arc::downgrade(&endpoint));
            tokio::spawn(async move {
                stopping.cancelled().await;
                if let Some(endpoint) = endpoint.upgrade() {
                    endpoint.stop().await;
                }
            });
        }
        Ok(Self { endpoint })
    }
}

impl<B> Service<Request<B>> for HubService {
    type Response = Response;
    type Error = Infallible;
    type Future = Ready<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.endpoint.answer(request)))
    }
}

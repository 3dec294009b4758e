//! What a host builder collects for its server.

use std::future::ready;
use std::sync::Arc;

use campanile_host::BoxError;
use campanile_host::configuration::Configuration;
use campanile_host::services::ServiceProvider;
use http::Method;
use http::request::Parts;
use tower_layer::Layer;

use crate::auth::{
    AuthenticationLayer, AuthorizationPolicies, ErasedAuthenticator, Policy, protected,
};
use crate::health::check_names;
use crate::host_filter::HostFilter;
use crate::response::status_only;
use crate::router::{RouteError, Router};
use crate::service::WebService;

/// Routes and layers, as they were mapped.
#[derive(Default)]
pub(crate) struct WebHost {
    /// Whether the server registers itself when the host is built.
    pub(crate) registered: bool,
    pub(crate) routes: Vec<Route>,
    pub(crate) fallback: Option<WebService>,
    pub(crate) layers: Vec<Layering>,
    pub(crate) schemes: Vec<Arc<dyn ErasedAuthenticator>>,
}

/// Wraps one service around another.
pub(crate) type Layering = Box<dyn FnOnce(WebService) -> WebService + Send>;

/// Makes a service from the container.
pub(crate) type Factory = Box<dyn FnOnce(&ServiceProvider) -> Result<WebService, BoxError> + Send>;

pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) matches: Matches,
    pub(crate) source: Source,
    /// Whom the route is for.
    pub(crate) policy: Option<Policy>,
    /// Whether it is one with the route before it.
    pub(crate) joined: bool,
}

/// Which requests a route matches.
pub(crate) enum Matches {
    Method(Method),
    Path,
    PathAndBelow,
}

/// Where the service of a route comes from.
pub(crate) enum Source {
    Ready(WebService),
    Container(Factory),
}

impl WebHost {
    pub(crate) fn is_empty(&self) -> bool {
        self.routes.is_empty() && self.fallback.is_none()
    }

    /// Says whom the last route is for, and those that are one with it; `false` where there is none.
    pub(crate) fn protect_last(&mut self, policy: &Policy) -> bool {
        for route in self.routes.iter_mut().rev() {
            route.policy = Some(match route.policy.take() {
                Some(other) => other.combine(policy),
                None => policy.clone(),
            });
            if !route.joined {
                return true;
            }
        }
        false
    }

    /// Whether the routes go together, before anything is made.
    pub(crate) fn check(&self) -> Result<(), RouteError> {
        let nothing = WebService::from_handler(|_| ready(status_only(http::StatusCode::NOT_FOUND)));
        let mut router = Router::default();
        for route in &self.routes {
            route
                .matches
                .map(&mut router, &route.path, nothing.clone())?;
        }
        Ok(())
    }

    /// The service that answers all requests.
    pub(crate) fn build(self, services: &ServiceProvider) -> Result<WebService, BoxError> {
        check_names(services)?;
        let policies = services.get::<AuthorizationPolicies>()?.unwrap_or_default();
        let mut router = Router::default();
        for Route {
            path,
            matches,
            source,
            policy,
            ..
        } in self.routes
        {
            let service = match source {
                Source::Ready(service) => service,
                Source::Container(factory) => factory(services)?,
            };
            let service = match policy {
                Some(policy) => protected(service, policies.resolve::<Parts>(&policy)?, services),
                None => service,
            };
            matches.map(&mut router, &path, service)?;
        }
        if let Some(fallback) = self.fallback {
            router.fallback(fallback);
        }
        let mut app = WebService::router(Arc::new(router));
        if !self.schemes.is_empty() {
            app = WebService::new(AuthenticationLayer::of(self.schemes).layer(app));
        }
        // The first layer is the outermost, so it is put around last.
        let layers = self.layers.into_iter().rev();
        let app = layers.fold(app, |inner, layer| layer(inner));
        match services.get::<Configuration>()? {
            Some(configuration) => Ok(HostFilter::around(app, &configuration)?),
            None => Ok(app),
        }
    }
}

impl Matches {
    fn map(&self, router: &mut Router, path: &str, service: WebService) -> Result<(), RouteError> {
        match self {
            Self::Method(method) => router.map_method(path, method.clone(), service),
            Self::Path => router.map(path, service),
            Self::PathAndBelow => router.map_prefix(path, service),
        }
    }
}

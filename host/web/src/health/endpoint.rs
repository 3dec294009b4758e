//! Which checks an endpoint asks.

use std::sync::Arc;

use campanile_host::services::ServiceProvider;
use campanile_host::{ApplicationLifetime, BoxError, CancellationToken};
use http::header::ACCEPT;

use super::answer;
use super::registration::Registration;
use crate::body::{Request, Response};
use crate::service::WebService;

/// What an endpoint of health checks asks, and how it answers. The worst status counts: `Healthy` and `Degraded` with 200,
/// `Unhealthy` with 503. Never cached.
///
/// The answer is the status alone, as text, unless the request says `Accept: application/json` or the endpoint always answers in
/// JSON: then it has every check with its description and data.
#[doc(alias = "HealthCheckOptions")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthEndpoint {
    /// `None` asks all.
    tags: Option<Vec<String>>,
    minds_stop: bool,
    json: bool,
}

impl HealthEndpoint {
    /// Asks all checks. `Unhealthy` from the moment on at which the application is asked to stop, so that nobody is sent here
    /// any more.
    #[must_use]
    pub fn all() -> Self {
        Self {
            tags: None,
            minds_stop: true,
            json: false,
        }
    }

    /// Asks the checks with any of these tags, ignoring case; `Healthy`, where there are none. Otherwise as [`all`](Self::all).
    #[must_use]
    pub fn tagged<T: Into<String>>(tags: impl IntoIterator<Item = T>) -> Self {
        Self {
            tags: Some(tags.into_iter().map(Into::into).collect()),
            ..Self::all()
        }
    }

    /// Whether the process should live: asks the checks with the tag `live`. A stop does not matter, so that nobody kills what
    /// is ending in good order.
    #[must_use]
    pub fn live() -> Self {
        Self {
            minds_stop: false,
            ..Self::tagged(["live"])
        }
    }

    /// Whether requests should be sent here: asks the checks with the tag `ready`. `Unhealthy` as soon as the application is
    /// asked to stop.
    #[must_use]
    pub fn ready() -> Self {
        Self::tagged(["ready"])
    }

    /// Always answers in JSON.
    #[must_use]
    pub fn in_json(mut self) -> Self {
        self.json = true;
        self
    }
}

impl Default for HealthEndpoint {
    fn default() -> Self {
        Self::all()
    }
}

/// What an endpoint needs for its answers.
struct Endpoint {
    services: ServiceProvider,
    stopping: CancellationToken,
    checks: Vec<Arc<Registration>>,
    settings: HealthEndpoint,
}

/// Answers with the checks of an endpoint.
pub(crate) fn health_checks(
    services: &ServiceProvider,
    settings: HealthEndpoint,
) -> Result<WebService, BoxError> {
    let lifetime: ApplicationLifetime = services.inject()?;
    let mut checks = services.all::<Registration>()?;
    if let Some(tags) = &settings.tags {
        checks.retain(|it| it.has_any(tags));
    }
    let endpoint = Arc::new(Endpoint {
        services: services.clone(),
        stopping: lifetime.stopping(),
        checks,
        settings,
    });
    Ok(WebService::from_handler(move |request: Request| {
        let endpoint = Arc::clone(&endpoint);
        let in_json = wants_json(&request);
        async move { endpoint.answer(in_json).await }
    }))
}

impl Endpoint {
    async fn answer(&self, in_json: bool) -> Response {
        let since = tokio::time::Instant::now();
        let is_stopping = self.settings.minds_stop && self.stopping.is_cancelled();
        let checking = self.checks.iter().cloned();
        let checking = checking.map(|it| it.check(self.services.clone()));
        let entries = if is_stopping {
            Vec::new()
        } else {
            futures_util::future::join_all(checking).await
        };
        let in_json = in_json || self.settings.json;
        answer::answer(&entries, is_stopping, since.elapsed(), in_json)
    }
}

fn wants_json(request: &Request) -> bool {
    let accepted = request.headers().get_all(ACCEPT).iter();
    accepted
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','))
        .filter_map(|it| it.split(';').next())
        .any(|it| it.trim().eq_ignore_ascii_case("application/json"))
}

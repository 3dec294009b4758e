//! A hub, or a raw connection handler, at its path.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use campanile_host::metrics::Metrics;
use campanile_host::services::ServiceProvider;
use campanile_web::{Body, Response};
use http::header::ACCEPT;
use http::{Method, Request, StatusCode};

use super::pending::Tokens;
use super::responses;
use crate::HubOptions;
use crate::connection::End;
use crate::lifetime::HubLifetimeManager;
use crate::metrics::{ConnectionMetrics, HubMetrics};
use crate::serving::Served;
use crate::transport::PollSlot;

/// How many connections are told at once that the server stops, and how long the next ones have.
const STOP_BATCH: usize = 256;
const STOP_PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// An answer that is there, or one that has to be waited for.
pub(crate) enum Answer {
    Now(Response),
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

/// Negotiates, and attaches transports to connections.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(super) served: Served,
    /// What the handlers of its policy are made by.
    services: ServiceProvider,
    pub(super) tokens: Tokens,
    /// The connections that poll, for as long as they do.
    pub(super) polls: Mutex<Vec<Weak<PollSlot>>>,
    pub(super) metrics: ConnectionMetrics,
}

impl Endpoint {
    pub(crate) fn new(served: Served, services: &ServiceProvider, metrics: &Metrics) -> Self {
        Self {
            served,
            services: services.clone(),
            tokens: Tokens::default(),
            polls: Mutex::default(),
            metrics: ConnectionMetrics::new(metrics),
        }
    }

    pub(crate) fn options(&self) -> &HubOptions {
        self.served.options()
    }

    pub(crate) fn lifetime(&self) -> &Arc<dyn HubLifetimeManager> {
        self.served.lifetime()
    }

    pub(crate) fn metrics(&self) -> Option<&HubMetrics> {
        self.served.metrics()
    }

    /// Forgets who never came, and gives up who stays away.
    pub(crate) fn tick(&self) {
        let timeout = self.options().disconnect_timeout;
        self.tokens.forget_unattached(timeout);
        // A list that a panic left behind is still a list.
        self.polls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|polls| {
                let Some(polls) = polls.upgrade() else {
                    return false;
                };
                polls.abandon_after(timeout);
                true
            });
    }

    /// Tells every client to come back, to another server or to the next one here: not all of them at one moment.
    pub(crate) async fn stop(&self) {
        for batch in self.lifetime().local().connections().chunks(STOP_BATCH) {
            for connection in batch {
                connection.end(End::Stopping);
            }
            if batch.len() == STOP_BATCH {
                tokio::time::sleep(STOP_PAUSE).await;
            }
        }
    }

    pub(crate) fn answer(self: &Arc<Self>, request: Request<Body>) -> Answer {
        match &self.options().authorization {
            Some(policy) if policy.has_handlers() => {
                return Answer::Later(Box::pin(self.clone().answer_permitted(request)));
            }
            Some(policy) => match campanile_web::authorize(request.extensions(), policy) {
                Ok(()) => {}
                Err(refusal) => return Answer::Now(refusal),
            },
            None => {}
        }
        self.route(request)
    }

    /// Asks the handlers of the hub's policy first.
    async fn answer_permitted(self: Arc<Self>, request: Request<Body>) -> Response {
        let (parts, body) = request.into_parts();
        if let Some(policy) = &self.options().authorization
            && let Err(refusal) =
                campanile_web::authorize_request(&parts, policy, &self.services).await
        {
            return refusal;
        }
        match self.route(Request::from_parts(parts, body)) {
            Answer::Now(response) => response,
            Answer::Later(response) => response.await,
        }
    }

    fn route(self: &Arc<Self>, request: Request<Body>) -> Answer {
        if request
            .uri()
            .path()
            .trim_end_matches('/')
            .ends_with("/negotiate")
        {
            return Answer::Now(self.negotiate(&request));
        }
        match *request.method() {
            Method::GET if accepts_events(&request) => Answer::Now(self.events(request)),
            Method::GET if hyper_tungstenite::is_upgrade_request(&request) => {
                Answer::Now(self.web_socket(request))
            }
            Method::CONNECT if campanile_web::is_web_socket_connect(&request) => {
                Answer::Now(self.web_socket(request))
            }
            Method::GET => self.poll(request),
            Method::POST => self.post(request),
            Method::DELETE => Answer::Now(self.delete(&request)),
            _ => Answer::Now(responses::text(StatusCode::METHOD_NOT_ALLOWED, "")),
        }
    }
}

fn accepts_events(request: &Request<Body>) -> bool {
    let values = request
        .headers()
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

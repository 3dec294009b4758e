//! A hub at its path.

use std::sync::Arc;

use campanile_web::{ConnectionGuard, ConnectionTracker, Response};
use http::header::ACCEPT;
use http::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;

use super::pending::{Found, Tokens};
use super::{negotiate, query, responses};
use crate::HubOptions;
use crate::connection::{End, Opening, serve};
use crate::dispatch::HubDispatcher;
use crate::lifetime::HubLifetimeManager;
use crate::request::RequestHead;

/// How many connections are told at once that the server stops, and how long the next ones have.
const STOP_BATCH: usize = 256;
const STOP_PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// Negotiates, and attaches transports to connections.
#[derive(Debug)]
pub(crate) struct Endpoint {
    hub: Arc<dyn HubDispatcher>,
    tokens: Tokens,
}

impl Endpoint {
    pub(crate) fn new(hub: Arc<dyn HubDispatcher>) -> Self {
        Self {
            hub,
            tokens: Tokens::default(),
        }
    }

    pub(crate) fn options(&self) -> &HubOptions {
        self.hub.options()
    }

    pub(crate) fn lifetime(&self) -> &Arc<dyn HubLifetimeManager> {
        self.hub.lifetime()
    }

    pub(crate) fn forget_unattached(&self) {
        self.tokens
            .forget_unattached(self.options().disconnect_timeout);
    }

    /// Tells every client to come back, to another server or to the next one here: not all of them at one moment.
    pub(crate) async fn stop(&self) {
        for batch in self.lifetime().local().chunks(STOP_BATCH) {
            for connection in batch {
                connection.end(End::Stopping);
            }
            if batch.len() == STOP_BATCH {
                tokio::time::sleep(STOP_PAUSE).await;
            }
        }
    }

    pub(crate) fn answer<B>(self: &Arc<Self>, request: Request<B>) -> Response {
        if request.uri().path().ends_with("/negotiate") {
            return self.negotiate(&request);
        }
        match *request.method() {
            Method::GET if hyper_tungstenite::is_upgrade_request(&request) => {
                self.web_socket(request)
            }
            Method::GET if accepts_events(&request) => {
                self.refuse_transport(&request, "ServerSentEvents")
            }
            Method::GET => responses::uncached(self.refuse_transport(&request, "LongPolling")),
            Method::POST => self.post(&request),
            Method::DELETE => self.delete(&request),
            _ => responses::text(StatusCode::METHOD_NOT_ALLOWED, ""),
        }
    }

    fn negotiate<B>(&self, request: &Request<B>) -> Response {
        if request.method() != Method::POST {
            return responses::text(StatusCode::METHOD_NOT_ALLOWED, "");
        }
        match negotiate::answer(query_of(request), &self.tokens, self.options()) {
            Ok(document) => responses::json(document),
            Err(error) => {
                tracing::error!(%error, "a negotiation could not be answered");
                responses::bare(StatusCode::INTERNAL_SERVER_ERROR, "")
            }
        }
    }

    /// GET as a transport that is not offered.
    fn refuse_transport<B>(&self, request: &Request<B>, transport: &'static str) -> Response {
        match self.find(request) {
            Err(response) => response,
            Ok(_) => responses::text(StatusCode::NOT_FOUND, unsupported(transport)),
        }
    }

    fn post<B>(&self, request: &Request<B>) -> Response {
        match self.find(request) {
            Err(response) => response,
            Ok(Found::Attached) => {
                responses::text(StatusCode::METHOD_NOT_ALLOWED, responses::NO_POST)
            }
            Ok(_) => responses::text(StatusCode::NOT_FOUND, unsupported("LongPolling")),
        }
    }

    fn delete<B>(&self, request: &Request<B>) -> Response {
        match self.find(request) {
            Err(response) => response,
            Ok(_) => responses::text(StatusCode::BAD_REQUEST, responses::NO_DELETE),
        }
    }

    /// What the connection token in the query stands for, or the refusal.
    #[expect(
        clippy::result_large_err,
        reason = "the refusal is sent, not passed on"
    )]
    fn find<B>(&self, request: &Request<B>) -> Result<Found, Response> {
        let Some(token) = token_of(request) else {
            return Err(responses::text(
                StatusCode::BAD_REQUEST,
                responses::ID_REQUIRED,
            ));
        };
        match self.tokens.find(&token) {
            Found::Unknown => Err(responses::text(
                StatusCode::NOT_FOUND,
                responses::NO_CONNECTION,
            )),
            found => Ok(found),
        }
    }

    fn web_socket<B>(self: &Arc<Self>, mut request: Request<B>) -> Response {
        if !self.options().transports.web_sockets {
            return responses::text(StatusCode::NOT_FOUND, unsupported("WebSockets"));
        }
        // Taken before the response is made, which takes it too: the stream is to be wrapped before tungstenite has it.
        let upgrade = hyper::upgrade::on(&mut request);
        let response = match hyper_tungstenite::upgrade(&mut request, None) {
            Ok((response, _)) => response,
            Err(error) => {
                tracing::debug!(%error, "a request to upgrade is malformed");
                return responses::bare(StatusCode::BAD_REQUEST, "");
            }
        };
        let attached = match token_of(&request) {
            Some(token) => self.tokens.attach(&token),
            None => match self.tokens.attach_new() {
                Ok(id) => Ok((id.clone(), id)),
                Err(error) => {
                    tracing::error!(%error, "there are no random numbers for a connection id");
                    return responses::bare(StatusCode::INTERNAL_SERVER_ERROR, "");
                }
            },
        };
        let (id, token) = match attached {
            Ok(attached) => attached,
            Err(Found::Unknown) => {
                return responses::bare(StatusCode::NOT_FOUND, responses::NO_CONNECTION);
            }
            Err(_) => return responses::text(StatusCode::CONFLICT, ""),
        };
        let (parts, _) = request.into_parts();
        let tracker = parts
            .extensions
            .get::<ConnectionTracker>()
            .cloned()
            .unwrap_or_default();
        let opening = Opening {
            id,
            request: RequestHead::new(&parts),
            stopping: tracker.stopping(),
            aborted: tracker.aborted(),
        };
        let attachment = Attachment {
            endpoint: self.clone(),
            token,
            _guard: tracker.track(),
        };
        tokio::spawn(async move {
            match upgrade.await {
                Ok(upgraded) => {
                    serve(
                        TokioIo::new(upgraded),
                        opening,
                        attachment.endpoint.hub.clone(),
                    )
                    .await;
                }
                Err(error) => tracing::debug!(%error, "a client went away before its upgrade"),
            }
            drop(attachment);
        });
        let (head, _) = response.into_parts();
        Response::from_parts(head, campanile_web::Body::empty())
    }
}

/// A connection's place in the table of tokens, for as long as its task runs, and the server's patience with it.
struct Attachment {
    endpoint: Arc<Endpoint>,
    token: Arc<str>,
    _guard: ConnectionGuard,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.endpoint.tokens.remove(&self.token);
    }
}

fn query_of<B>(request: &Request<B>) -> &str {
    request.uri().query().unwrap_or_default()
}

fn token_of<B>(request: &Request<B>) -> Option<String> {
    query::parameter(query_of(request), "id").filter(|token| !token.is_empty())
}

fn accepts_events<B>(request: &Request<B>) -> bool {
    let values = request
        .headers()
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

fn unsupported(transport: &'static str) -> &'static str {
    match transport {
        "WebSockets" => "WebSockets transport not supported by this end point type",
        "ServerSentEvents" => "ServerSentEvents transport not supported by this end point type",
        _ => "LongPolling transport not supported by this end point type",
    }
}

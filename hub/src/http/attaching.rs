//! Attaching transports to connections: who is meant, whose it is, and for how long it lasts.

use std::sync::Arc;
use std::time::Instant;

use campanile_host::CancellationToken;
use campanile_hub_protocol::query;
use campanile_web::{Body, ConnectionGuard, ConnectionTracker, Response};
use http::request::Parts;
use http::{Method, Request, StatusCode};

use super::Endpoint;
use super::pending::{Attached, Found};
use super::responses;
use crate::HttpTransportType;
use crate::connection::{Opening, Stop};
use crate::metrics::Closure;
use crate::request::RequestHead;
use crate::transport::Transport;

impl Endpoint {
    /// What the connection token in the query stands for, or the refusal.
    #[expect(
        clippy::result_large_err,
        reason = "the refusal is sent, not passed on"
    )]
    pub(super) fn find(&self, request: &Request<Body>) -> Result<(String, Found), Response> {
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
            found => {
                let polls = matches!(found, Found::Polling(_)) && *request.method() == Method::GET;
                self.admit(&token, request, polls)?;
                Ok((token, found))
            }
        }
    }

    /// Refuses requests of others than the user whose connection it is. One that goes on with the connection may bring a
    /// newer ticket.
    #[expect(
        clippy::result_large_err,
        reason = "the refusal is sent, not passed on"
    )]
    pub(super) fn admit(
        &self,
        token: &str,
        request: &Request<Body>,
        refreshes: bool,
    ) -> Result<(), Response> {
        let Some(owner) = self.tokens.owner(token) else {
            return Ok(());
        };
        if !owner.admits(request.extensions()) {
            tracing::warn!(
                method = %request.method(),
                "a request was refused: it is for a connection of another user"
            );
            return Err(responses::text(
                StatusCode::FORBIDDEN,
                responses::OTHER_USER,
            ));
        }
        if refreshes {
            owner.refresh(request.extensions());
        }
        Ok(())
    }

    /// Attaches a transport that needs a negotiation first.
    #[expect(
        clippy::result_large_err,
        reason = "the refusal is sent, not passed on"
    )]
    pub(super) fn attach_negotiated(
        &self,
        request: &Request<Body>,
        transport: HttpTransportType,
        offered: bool,
    ) -> Result<Attached, Refused> {
        let (token, _) = self.find(request).map_err(Refused::Response)?;
        if !offered {
            return Err(Refused::NotOffered);
        }
        self.tokens
            .attach(&token, transport)
            .map_err(Refused::Found)
    }

    pub(super) fn open(
        self: &Arc<Self>,
        attached: Attached,
        transport: HttpTransportType,
        parts: &Parts,
    ) -> (Box<Opening>, Attachment) {
        let tracker = parts
            .extensions
            .get::<ConnectionTracker>()
            .cloned()
            .unwrap_or_default();
        let opening = Box::new(Opening {
            id: attached.id,
            request: RequestHead::new(parts).keeping(&self.options().features, &parts.extensions),
            stop: Stop {
                stopping: tracker.stopping(),
                aborted: tracker.aborted(),
            },
        });
        self.tokens
            .set_owner(&attached.token, opening.request.owner());
        self.metrics.begin(transport);
        (
            opening,
            Attachment {
                endpoint: self.clone(),
                token: attached.token,
                transport,
                began: Instant::now(),
                closure: Closure::Normal,
                stopping: tracker.stopping(),
                _guard: tracker.track(),
            },
        )
    }

    pub(super) fn spawn<T: Transport + 'static>(
        self: &Arc<Self>,
        transport: T,
        attached: Attached,
        request: Request<Body>,
    ) {
        let (parts, _) = request.into_parts();
        let (opening, mut attachment) = self.open(attached, T::KIND, &parts);
        let served = self.served.clone();
        let transport = Box::new(transport);
        tokio::spawn(async move {
            attachment.closure = served.serve(transport, opening).await;
            drop(attachment);
        });
    }
}

/// Why a transport was not attached.
pub(super) enum Refused {
    Response(Response),
    NotOffered,
    Found(Found),
}

impl Refused {
    pub(super) fn into_response(self, wanted: HttpTransportType) -> Response {
        match self {
            Self::Response(response) => response,
            Self::NotOffered => {
                responses::text(StatusCode::NOT_FOUND, responses::not_offered(wanted))
            }
            Self::Found(Found::Unknown) => {
                responses::text(StatusCode::NOT_FOUND, responses::NO_CONNECTION)
            }
            Self::Found(found) => already_attached(&found, wanted),
        }
    }
}

/// A connection's place in the table of tokens, for as long as its task runs, and the server's patience with it.
pub(super) struct Attachment {
    endpoint: Arc<Endpoint>,
    token: Arc<str>,
    transport: HttpTransportType,
    began: Instant,
    pub(super) closure: Closure,
    stopping: CancellationToken,
    _guard: ConnectionGuard,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.endpoint.tokens.remove(&self.token);
        let closure = if self.stopping.is_cancelled() {
            Closure::Shutdown
        } else {
            self.closure
        };
        let metrics = &self.endpoint.metrics;
        metrics.end(self.transport, self.began, closure);
    }
}

pub(super) fn already_attached(found: &Found, wanted: HttpTransportType) -> Response {
    match found {
        Found::Attached(transport) if *transport == wanted => {
            responses::text(StatusCode::CONFLICT, "")
        }
        _ => responses::text(StatusCode::BAD_REQUEST, responses::OTHER_TRANSPORT),
    }
}

pub(super) fn query_of(request: &Request<Body>) -> &str {
    request.uri().query().unwrap_or_default()
}

pub(super) fn token_of(request: &Request<Body>) -> Option<String> {
    query::parameter(query_of(request), "id").filter(|token| !token.is_empty())
}

//! A hub, or a raw connection handler, at its path.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use campanile_host::CancellationToken;
use campanile_host::metrics::Metrics;
use campanile_host::services::ServiceProvider;
use campanile_hub_protocol::query;
use campanile_web::{Body, ConnectionGuard, ConnectionTracker, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, PRAGMA};
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;

use super::pending::{Attached, Found, Tokens};
use super::{negotiate, responses};
use crate::connection::{End, Opening, Stop};
use crate::lifetime::HubLifetimeManager;
use crate::metrics::{Closure, ConnectionMetrics, HubMetrics};
use crate::request::RequestHead;
use crate::serving::Served;
use crate::transport::{
    InboxError, LongPollingTransport, Phase, PollAnswer, PollSlot, ResumingTransport,
    ServerSentEventsTransport, SocketSlot, Transport, WebSocketTransport,
};
use crate::{HttpTransportType, HubOptions};

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
    served: Served,
    /// What the handlers of its policy are made by.
    services: ServiceProvider,
    tokens: Tokens,
    /// The connections that poll, for as long as they do.
    polls: Mutex<Vec<Weak<PollSlot>>>,
    metrics: ConnectionMetrics,
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

    fn negotiate(&self, request: &Request<Body>) -> Response {
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

    fn web_socket(self: &Arc<Self>, mut request: Request<Body>) -> Response {
        if !self.options().transports.web_sockets {
            return responses::text(StatusCode::NOT_FOUND, responses::NO_WEB_SOCKETS);
        }
        // Taken before the response is made, which takes it too: the stream is to be wrapped before tungstenite has it.
        let upgrade = hyper::upgrade::on(&mut request);
        // Over HTTP/2 there is nothing to agree on but the status.
        let response = if campanile_web::is_web_socket_connect(&request) {
            Response::new(Body::empty())
        } else {
            match hyper_tungstenite::upgrade(&mut request, None) {
                Ok((response, _)) => response.map(|_| Body::empty()),
                Err(error) => {
                    tracing::debug!(%error, "a request to upgrade is malformed");
                    return responses::bare(StatusCode::BAD_REQUEST, "");
                }
            }
        };
        let attached = match token_of(&request) {
            Some(token) => self.tokens.attach(&token, HttpTransportType::WebSockets),
            None => match self.tokens.attach_new(HttpTransportType::WebSockets) {
                Ok(attached) => Ok(attached),
                Err(error) => {
                    tracing::error!(%error, "there are no random numbers for a connection id");
                    return responses::bare(StatusCode::INTERNAL_SERVER_ERROR, "");
                }
            },
        };
        let attached = match attached {
            Ok(attached) => attached,
            Err(Found::Unknown) => {
                return responses::bare(StatusCode::NOT_FOUND, responses::NO_CONNECTION);
            }
            Err(Found::Resumable(sockets)) => {
                let token = token_of(&request).unwrap_or_default();
                return match self.admit(&token, &request, true) {
                    Ok(()) => self.resume(sockets, upgrade, response),
                    Err(refusal) => refusal,
                };
            }
            Err(found) => return already_attached(&found, HttpTransportType::WebSockets),
        };
        let (parts, _) = request.into_parts();
        let sockets = attached.sockets.clone();
        let transport = HttpTransportType::WebSockets;
        let (opening, mut attachment) = self.open(attached, transport, &parts);
        let served = self.served.clone();
        tokio::spawn(async move {
            if let Some(transport) = upgraded(upgrade, served.options()).await {
                attachment.closure = match sockets {
                    Some(sockets) => {
                        let transport =
                            ResumingTransport::new(*transport, sockets, served.options());
                        let transport = Box::new(transport);
                        served.serve(transport, opening).await
                    }
                    None => served.serve(transport, opening).await,
                };
            }
            drop(attachment);
        });
        response
    }

    /// Hands a new socket to the connection that lost its old one.
    fn resume(&self, sockets: Arc<SocketSlot>, upgrade: OnUpgrade, response: Response) -> Response {
        if sockets.phase() == Phase::Over {
            return responses::text(StatusCode::NO_CONTENT, "");
        }
        let served = self.served.clone();
        tokio::spawn(async move {
            if let Some(transport) = upgraded(upgrade, served.options()).await {
                sockets.put(*transport);
            }
        });
        response
    }

    fn events(self: &Arc<Self>, request: Request<Body>) -> Response {
        const EVENTS: HttpTransportType = HttpTransportType::ServerSentEvents;
        let offered = self.options().transports.server_sent_events;
        let attached = match self.attach_negotiated(&request, EVENTS, offered) {
            Ok(attached) => attached,
            Err(found) => return found.into_response(EVENTS),
        };
        let Some(inbox) = self
            .tokens
            .inbox(&attached.token, self.options().application_max_buffer_size)
        else {
            return responses::text(StatusCode::NOT_FOUND, "");
        };
        let (transport, body) = ServerSentEventsTransport::new(inbox);
        self.spawn(transport, attached, request);
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache,no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
        response
    }

    /// The first poll opens the connection and is answered at once; every other one waits for something to say.
    fn poll(self: &Arc<Self>, request: Request<Body>) -> Answer {
        const POLLING: HttpTransportType = HttpTransportType::LongPolling;
        let offered = self.options().transports.long_polling;
        let attached = match self.attach_negotiated(&request, POLLING, offered) {
            Ok(attached) => attached,
            Err(Refused::Found(Found::Polling(polls))) => {
                let timeout = self.options().long_polling_timeout;
                return Answer::Later(Box::pin(
                    async move { poll_response(polls.poll(timeout).await) },
                ));
            }
            Err(refused) => {
                return Answer::Now(responses::uncached(refused.into_response(POLLING)));
            }
        };
        let Some(inbox) = self
            .tokens
            .inbox(&attached.token, self.options().application_max_buffer_size)
        else {
            return Answer::Now(responses::uncached(responses::text(
                StatusCode::NOT_FOUND,
                "",
            )));
        };
        let slot = Arc::new(PollSlot::new());
        self.tokens.set_polls(&attached.token, &slot);
        self.polls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::downgrade(&slot));
        self.spawn(LongPollingTransport::new(slot, inbox), attached, request);
        Answer::Now(responses::uncached(responses::bytes(bytes::Bytes::new())))
    }

    fn post(self: &Arc<Self>, request: Request<Body>) -> Answer {
        let token = match self.find(&request) {
            Err(response) => return Answer::Now(response),
            Ok((_, Found::Attached(HttpTransportType::WebSockets) | Found::Resumable(_))) => {
                return Answer::Now(responses::text(
                    StatusCode::METHOD_NOT_ALLOWED,
                    responses::NO_POST,
                ));
            }
            Ok((token, _)) => token,
        };
        let Some(inbox) = self
            .tokens
            .inbox(&token, self.options().application_max_buffer_size)
        else {
            return Answer::Now(responses::text(StatusCode::NOT_FOUND, ""));
        };
        Answer::Later(Box::pin(async move {
            let status = match inbox.deliver(request.into_body()).await {
                Ok(()) => StatusCode::OK,
                Err(InboxError::Closed) => StatusCode::NOT_FOUND,
                Err(InboxError::Unreadable) => StatusCode::BAD_REQUEST,
            };
            responses::text(status, "")
        }))
    }

    fn delete(&self, request: &Request<Body>) -> Response {
        match self.find(request) {
            Err(response) => response,
            Ok((token, Found::Polling(polls))) => {
                if polls.delete() {
                    self.tokens.remove(&token);
                }
                responses::text(StatusCode::ACCEPTED, "")
            }
            Ok(_) => responses::text(StatusCode::BAD_REQUEST, responses::NO_DELETE),
        }
    }

    /// What the connection token in the query stands for, or the refusal.
    #[expect(
        clippy::result_large_err,
        reason = "the refusal is sent, not passed on"
    )]
    fn find(&self, request: &Request<Body>) -> Result<(String, Found), Response> {
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
    fn admit(&self, token: &str, request: &Request<Body>, refreshes: bool) -> Result<(), Response> {
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
    fn attach_negotiated(
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

    fn open(
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
            request: RequestHead::new(parts),
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

    fn spawn<T: Transport + 'static>(
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
enum Refused {
    Response(Response),
    NotOffered,
    Found(Found),
}

impl Refused {
    fn into_response(self, wanted: HttpTransportType) -> Response {
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
struct Attachment {
    endpoint: Arc<Endpoint>,
    token: Arc<str>,
    transport: HttpTransportType,
    began: Instant,
    closure: Closure,
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

async fn upgraded(
    upgrade: OnUpgrade,
    options: &HubOptions,
) -> Option<Box<WebSocketTransport<TokioIo<Upgraded>>>> {
    match upgrade.await {
        Ok(upgraded) => {
            let maximum = options.maximum_receive_message_size;
            Some(Box::new(
                WebSocketTransport::new(TokioIo::new(upgraded), maximum).await,
            ))
        }
        Err(error) => {
            tracing::debug!(%error, "a client went away before its upgrade");
            None
        }
    }
}

fn already_attached(found: &Found, wanted: HttpTransportType) -> Response {
    match found {
        Found::Attached(transport) if *transport == wanted => {
            responses::text(StatusCode::CONFLICT, "")
        }
        _ => responses::text(StatusCode::BAD_REQUEST, responses::OTHER_TRANSPORT),
    }
}

fn poll_response(answer: Option<PollAnswer>) -> Response {
    responses::uncached(match answer {
        Some(PollAnswer::Data(bytes)) => responses::bytes(bytes),
        Some(PollAnswer::Nothing) => responses::text(StatusCode::NO_CONTENT, ""),
        None => responses::text(StatusCode::OK, ""),
    })
}

fn query_of(request: &Request<Body>) -> &str {
    request.uri().query().unwrap_or_default()
}

fn token_of(request: &Request<Body>) -> Option<String> {
    query::parameter(query_of(request), "id").filter(|token| !token.is_empty())
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

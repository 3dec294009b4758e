//! Server-Sent Events: the response that goes on.

use std::sync::Arc;

use campanile_web::{Body, Response};
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, PRAGMA};
use http::{HeaderValue, Request, StatusCode};

use super::{Endpoint, responses};
use crate::HttpTransportType;
use crate::transport::ServerSentEventsTransport;

impl Endpoint {
    pub(super) fn events(self: &Arc<Self>, request: Request<Body>) -> Response {
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
}

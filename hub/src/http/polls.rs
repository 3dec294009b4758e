//! Long polling: the first poll, all others, and the request that ends them.

use std::sync::{Arc, PoisonError};

use campanile_web::{Body, Response};
use http::{Request, StatusCode};

use super::attaching::Refused;
use super::pending::Found;
use super::{Answer, Endpoint, responses};
use crate::HttpTransportType;
use crate::transport::{LongPollingTransport, PollAnswer, PollSlot};

impl Endpoint {
    /// The first poll opens the connection and is answered at once; every other one waits for something to say.
    pub(super) fn poll(self: &Arc<Self>, request: Request<Body>) -> Answer {
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

    pub(super) fn delete(&self, request: &Request<Body>) -> Response {
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
}

fn poll_response(answer: Option<PollAnswer>) -> Response {
    responses::uncached(match answer {
        Some(PollAnswer::Data(bytes)) => responses::bytes(bytes),
        Some(PollAnswer::Nothing) => responses::text(StatusCode::NO_CONTENT, ""),
        None => responses::text(StatusCode::OK, ""),
    })
}

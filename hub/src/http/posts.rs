//! What clients of Server-Sent Events and of long polling say.

use std::sync::Arc;

use campanile_web::Body;
use http::{Request, StatusCode};

use super::pending::Found;
use super::{Answer, Endpoint, responses};
use crate::HttpTransportType;
use crate::transport::InboxError;

impl Endpoint {
    pub(super) fn post(self: &Arc<Self>, request: Request<Body>) -> Answer {
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
}

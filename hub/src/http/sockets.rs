//! WebSockets: upgrades of requests, and sockets for connections that lost theirs.

use std::sync::Arc;

use campanile_web::{Body, Response};
use http::{Request, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;

use super::attaching::{already_attached, token_of};
use super::pending::Found;
use super::{Endpoint, origins, responses};
use crate::transport::{Phase, ResumingTransport, SocketSlot, WebSocketTransport};
use crate::{HttpTransportType, HubOptions};

impl Endpoint {
    pub(super) fn web_socket(self: &Arc<Self>, mut request: Request<Body>) -> Response {
        if let Some(refusal) = origins::refusal(&request, self.options()) {
            return refusal;
        }
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

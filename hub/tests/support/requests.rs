//! Requests to a hub without a socket, for tests whose time stands still.

use campanile_hub::HubService;
use campanile_web::{AuthenticationTicket, Body, Principal, Response};
use http::Request;
use http::request::Builder;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use tower_service::Service;

/// Who sends requests to a hub.
#[derive(Clone)]
pub(crate) struct Caller {
    hub: HubService,
    ticket: Option<AuthenticationTicket>,
}

impl Caller {
    /// Nobody in particular.
    pub(crate) fn anonymous(hub: &HubService) -> Self {
        Self {
            hub: hub.clone(),
            ticket: None,
        }
    }

    /// Whom authentication has found out.
    pub(crate) fn known(hub: &HubService, ticket: AuthenticationTicket) -> Self {
        Self {
            hub: hub.clone(),
            ticket: Some(ticket),
        }
    }

    /// The same by a name.
    pub(crate) fn named(hub: &HubService, name: &'static str) -> Self {
        Self::known(
            hub,
            AuthenticationTicket::new(Principal::new([("sub", name)])),
        )
    }

    pub(crate) async fn send(&self, mut request: Builder, body: &str) -> Response {
        if let Some(ticket) = &self.ticket {
            request = request
                .extension(ticket.principal().clone())
                .extension(ticket.clone());
        }
        let body = Full::new(bytes::Bytes::copy_from_slice(body.as_bytes()));
        let request = request.body(body).unwrap();
        self.hub.clone().call(request).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Request::get(path), "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Response {
        self.send(Request::post(path), body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.send(Request::delete(path), "").await
    }

    /// Negotiates; gives the path of the connection.
    pub(crate) async fn negotiate(&self) -> String {
        let answer = self.post("/negotiate?negotiateVersion=1", "").await;
        assert_eq!(answer.status(), 200);
        let document: Value = serde_json::from_str(&text(answer).await).unwrap();
        format!("/?id={}", document["connectionToken"].as_str().unwrap())
    }
}

/// The whole body.
pub(crate) async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A client of Server-Sent Events that has shaken hands.
pub(crate) struct Events {
    pub(crate) caller: Caller,
    pub(crate) path: String,
    body: Body,
    text: String,
}

impl Events {
    pub(crate) async fn connect(caller: &Caller) -> Self {
        let path = caller.negotiate().await;
        let opening = Request::get(&path).header("accept", "text/event-stream");
        let response = caller.send(opening, "").await;
        assert_eq!(response.status(), 200);
        let mut events = Self {
            caller: caller.clone(),
            path,
            body: response.into_body(),
            text: String::new(),
        };
        events
            .post(&json!({"protocol": "json", "version": 1}))
            .await;
        assert_eq!(events.next().await, Some(json!({})));
        events
    }

    /// Sends a message.
    pub(crate) async fn post(&self, message: &Value) {
        let message = format!("{message}\u{1e}");
        let answer = self.caller.post(&self.path, &message).await;
        assert_eq!(answer.status(), 200);
    }

    /// Calls a method; gives everything up to its completion but pings.
    pub(crate) async fn invoke(&mut self, kind: u8, target: &str, arguments: Value) -> Vec<Value> {
        let call =
            json!({"type": kind, "invocationId": "i", "target": target, "arguments": arguments});
        self.post(&call).await;
        let mut answers = Vec::new();
        loop {
            let message = self.next().await.expect("a completion");
            if message["type"] == 6 {
                continue;
            }
            let completes = message["type"] == 3;
            answers.push(message);
            if completes {
                return answers;
            }
        }
    }

    /// The next message; none once the server has ended the stream.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.text.find("\r\n\r\n") {
                let event = self.text[..end].to_owned();
                self.text.drain(..end + 4);
                // The first one has a comment before it.
                if let Some(data) = event.lines().find_map(|it| it.strip_prefix("data: ")) {
                    return Some(serde_json::from_str(data.trim_end_matches('\u{1e}')).unwrap());
                }
                continue;
            }
            let frame = self.body.frame().await?.unwrap();
            self.text
                .push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }
}

//! Requests to a hub without a socket, for tests whose time stands still.

use campanile_hub::HubService;
use campanile_web::{Body, Response};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use tower_service::Service;

pub(crate) async fn request(
    hub: &HubService,
    request: http::request::Builder,
    body: &str,
) -> Response {
    let body = Full::new(bytes::Bytes::copy_from_slice(body.as_bytes()));
    let request = request.body(body).unwrap();
    hub.clone().call(request).await.unwrap()
}

pub(crate) async fn get(hub: &HubService, path: &str) -> Response {
    request(hub, Request::get(path), "").await
}

pub(crate) async fn post(hub: &HubService, path: &str, body: &str) -> Response {
    request(hub, Request::post(path), body).await
}

/// The whole body.
pub(crate) async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Negotiates; gives the path of the connection.
pub(crate) async fn negotiate(hub: &HubService) -> String {
    let answer = post(hub, "/negotiate?negotiateVersion=1", "").await;
    let document: serde_json::Value = serde_json::from_str(&text(answer).await).unwrap();
    format!("/?id={}", document["connectionToken"].as_str().unwrap())
}

/// A client of Server-Sent Events.
pub(crate) struct Events {
    hub: HubService,
    path: String,
    body: Body,
    text: String,
}

impl Events {
    pub(crate) async fn open(hub: &HubService) -> Self {
        let path = negotiate(hub).await;
        let opening = Request::builder()
            .method(Method::GET)
            .uri(&path)
            .header("accept", "text/event-stream");
        let response = request(hub, opening, "").await;
        assert_eq!(response.status(), 200);
        Self {
            hub: hub.clone(),
            path,
            body: response.into_body(),
            text: String::new(),
        }
    }

    pub(crate) async fn post(&self, text: &str) {
        assert_eq!(post(&self.hub, &self.path, text).await.status(), 200);
    }

    pub(crate) async fn next(&mut self) -> String {
        self.try_next().await.expect("an event")
    }

    /// The next event's data; none once the server has ended the stream.
    pub(crate) async fn try_next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\r\n\r\n") {
                let event = self.text[..end].to_owned();
                self.text.drain(..end + 4);
                // The first one has a comment before it.
                if let Some(data) = event.lines().find_map(|it| it.strip_prefix("data: ")) {
                    return Some(data.to_owned());
                }
                continue;
            }
            let frame = self.body.frame().await?.unwrap();
            self.text
                .push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }
}

//! Requests of HTTP with what every request of a connection carries.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, LOCATION, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::ClientError;
use crate::cookies::CookieJar;
use crate::net::{Dialer, Network};
use crate::options::{Options, TokenProvider};
use crate::url::HubUrl;

/// As many redirects of HTTP as are followed, one after another.
const REDIRECTS: usize = 50;

/// The longest answer that is read where a short one is due.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// What makes the requests of one attempt to connect, and of the connection that comes of it.
#[derive(Clone)]
pub(crate) struct HttpClient {
    client: Client<Dialer, Full<Bytes>>,
    network: Network,
    headers: HeaderMap,
    cookies: Arc<CookieJar>,
    provider: Option<Arc<TokenProvider>>,
    /// The token of a redirect, which counts instead of the user's own; empty for none.
    redirected: Option<String>,
    last: Arc<Mutex<Option<String>>>,
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

impl HttpClient {
    pub(crate) fn new(options: &Options, hub: &HubUrl, network: Network) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build(Dialer(network.clone())),
            network,
            headers: options.headers.clone(),
            cookies: Arc::new(CookieJar::new(hub, &options.cookies)),
            provider: options.token_provider.clone(),
            redirected: None,
            last: Arc::default(),
        }
    }

    /// The same for another connection, which knows no token yet. The cookies are those of all of them.
    pub(crate) fn fresh(&self) -> Self {
        Self {
            redirected: None,
            last: Arc::default(),
            ..self.clone()
        }
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    pub(crate) fn cookies(&self) -> &CookieJar {
        &self.cookies
    }

    pub(crate) fn use_token(&mut self, token: String) {
        self.redirected = Some(token);
    }

    /// Asks the provider; the answer is also what later requests carry.
    async fn new_token(&self) -> Result<Option<String>, ClientError> {
        let token = match (&self.redirected, &self.provider) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(provider)) => provider().await?,
            (None, None) => None,
        }
        .filter(|token| !token.is_empty());
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = token.clone();
        Ok(token)
    }

    fn last_token(&self) -> Option<String> {
        self.last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The headers of a request, with a token that has just been asked for.
    pub(crate) async fn headers_with_new_token(&self) -> Result<HeaderMap, ClientError> {
        let token = self.new_token().await?;
        self.with_token(token)
    }

    fn with_token(&self, token: Option<String>) -> Result<HeaderMap, ClientError> {
        let mut headers = self.headers.clone();
        if let Some(token) = token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
                ClientError::Configuration("the access token cannot stand in a header".to_owned())
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        headers.insert(
            "x-requested-with",
            HeaderValue::from_static("XMLHttpRequest"),
        );
        Ok(headers)
    }

    /// Negotiates: the body of the answer, after as many redirects of HTTP as there are.
    pub(crate) async fn negotiate(&self, url: &HubUrl) -> Result<Bytes, ClientError> {
        let mut headers = self.headers_with_new_token().await?;
        let mut url = url.clone();
        let mut method = Method::POST;
        for _ in 0..=REDIRECTS {
            let response = self
                .once(&method, &url, headers.clone(), Bytes::new())
                .await?;
            let status = response.status();
            let location = response.headers().get(LOCATION);
            match location.and_then(|it| it.to_str().ok()) {
                Some(location) if status.is_redirection() => {
                    url = url.join(location)?;
                    if !matches!(
                        status,
                        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
                    ) {
                        method = Method::GET;
                    }
                    // The token is for the server that was asked, and for nobody it names.
                    headers.remove(AUTHORIZATION);
                }
                _ => {
                    accepted(&method, &url, &response)?;
                    return read(&method, &url, response).await;
                }
            }
        }
        Err(ClientError::TooManyRedirects(REDIRECTS))
    }

    /// A request with the token of the last one, or once more with a new one where that is refused.
    pub(crate) async fn request(
        &self,
        method: Method,
        url: &HubUrl,
        kind: Option<(http::HeaderName, &'static str)>,
        body: Bytes,
    ) -> Result<Response<Incoming>, ClientError> {
        let mut headers = self.with_token(self.last_token())?;
        if let Some((name, value)) = kind {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let response = self
            .once(&method, url, headers.clone(), body.clone())
            .await?;
        if response.status() != StatusCode::UNAUTHORIZED || self.provider.is_none() {
            return Ok(response);
        }
        let new = self.headers_with_new_token().await?;
        match new.get(AUTHORIZATION) {
            Some(token) => headers.insert(AUTHORIZATION, token.clone()),
            None => headers.remove(AUTHORIZATION),
        };
        self.once(&method, url, headers, body).await
    }

    async fn once(
        &self,
        method: &Method,
        url: &HubUrl,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, ClientError> {
        if let Some(authorization) = self.network.relay(url)?.and_then(|it| it.authorization) {
            headers.insert(PROXY_AUTHORIZATION, authorization);
        }
        if *method == Method::POST {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        }
        self.cookies.add_to(url, &mut headers);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = url.uri()?;
        *request.headers_mut() = headers;
        let response = self.client.request(request).await.map_err(|error| {
            let cause = std::error::Error::source(&error);
            match cause.and_then(|it| it.downcast_ref::<ClientError>()) {
                // The dialer's own error says more than the client that called it.
                Some(cause) => cause.clone(),
                None => ClientError::network(named(method, url), error),
            }
        })?;
        self.cookies.take(url, response.headers());
        Ok(response)
    }
}

/// An answer with a status of success.
pub(crate) fn accepted<B>(
    method: &Method,
    url: &HubUrl,
    response: &Response<B>,
) -> Result<(), ClientError> {
    if response.status().is_success() {
        return Ok(());
    }
    Err(ClientError::Status {
        request: named(method, url),
        status: response.status(),
    })
}

/// The body of an answer.
pub(crate) async fn read(
    method: &Method,
    url: &HubUrl,
    response: Response<Incoming>,
) -> Result<Bytes, ClientError> {
    http_body_util::Limited::new(response.into_body(), LONGEST_ANSWER)
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| ClientError::network(named(method, url), error))
}

pub(crate) fn named(method: &Method, url: &HubUrl) -> String {
    format!("{method} {}", url.path())
}

pub(crate) const EVENT_STREAM: Option<(http::HeaderName, &str)> =
    Some((ACCEPT, "text/event-stream"));

//! Server-Sent Events and long polling: a stream of answers from the server, requests to it.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt, stream};
use http::{Method, StatusCode};
use http_body_util::BodyExt;

use super::Arrival;
use super::server_sent_events::EventReader;
use crate::ClientError;
use crate::http_client::{EVENT_STREAM, HttpClient, accepted, named, read};
use crate::outbox::Outbox;
use crate::url::HubUrl;

/// How long what is under way may take at a stop, and then the request that ends the connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) struct HttpLink {
    http: HttpClient,
    url: HubUrl,
    polling: bool,
    reading: Option<BoxStream<'static, Result<Bytes, ClientError>>>,
    /// The one request at a time that brings messages to the server.
    posting: Option<BoxFuture<'static, Result<(), ClientError>>>,
    /// Why one of them failed: no other is made.
    refused: Option<ClientError>,
}

impl fmt::Debug for HttpLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpLink")
            .field("polling", &self.polling)
            .finish_non_exhaustive()
    }
}

impl HttpLink {
    /// Waits for the server to open the stream.
    pub(crate) async fn events(http: HttpClient, url: HubUrl) -> Result<Self, ClientError> {
        let response = http
            .request(Method::GET, &url, EVENT_STREAM, Bytes::new())
            .await?;
        accepted(&Method::GET, &url, &response)?;
        let body = response.into_body().into_data_stream();
        let request = named(&Method::GET, &url);
        let reading = body
            .scan(EventReader::default(), move |reader, piece| {
                let read = piece
                    .map(|piece| reader.read(&piece))
                    .map_err(|error| ClientError::network(request.clone(), error));
                async move { Some(read) }
            })
            .boxed();
        Ok(Self::new(http, url, false, reading))
    }

    /// Polls once, which the server answers at once.
    pub(crate) async fn polling(http: HttpClient, url: HubUrl) -> Result<Self, ClientError> {
        let response = http.request(Method::GET, &url, None, Bytes::new()).await?;
        accepted(&Method::GET, &url, &response)?;
        let first = read(&Method::GET, &url, response).await?;
        let polls = stream::try_unfold((http.clone(), url.clone()), |(http, url)| async move {
            let response = http.request(Method::GET, &url, None, Bytes::new()).await?;
            accepted(&Method::GET, &url, &response)?;
            if response.status() == StatusCode::NO_CONTENT {
                return Ok(None);
            }
            let body = response
                .into_body()
                .collect()
                .await
                .map_err(|error| ClientError::network(named(&Method::GET, &url), error))?;
            Ok(Some((body.to_bytes(), (http, url))))
        });
        let reading = stream::iter([Ok(first)]).chain(polls).boxed();
        Ok(Self::new(http, url, true, reading))
    }

    fn new(
        http: HttpClient,
        url: HubUrl,
        polling: bool,
        reading: BoxStream<'static, Result<Bytes, ClientError>>,
    ) -> Self {
        Self {
            http,
            url,
            polling,
            reading: Some(reading),
            posting: None,
            refused: None,
        }
    }

    pub(crate) fn is_polling(&self) -> bool {
        self.polling
    }

    pub(crate) fn poll_exchange(&mut self, cx: &mut Context<'_>, outbox: &Outbox) -> Poll<Arrival> {
        // Reading goes first: a poll is to be on its way before anything that the server answers by it.
        let arrival = self.poll_read(cx);
        if self.refused.is_none()
            && let Poll::Ready(Err(error)) = self.poll_write(cx, outbox)
        {
            self.posting = None;
            self.refused = Some(error);
        }
        match &self.refused {
            Some(error) if arrival.is_pending() => Poll::Ready(lost(error.clone())),
            _ => arrival,
        }
    }

    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        outbox: &Outbox,
    ) -> Poll<Result<(), ClientError>> {
        loop {
            if let Some(posting) = &mut self.posting {
                std::task::ready!(posting.poll_unpin(cx))?;
                self.posting = None;
            }
            let body = std::task::ready!(outbox.poll_take(cx));
            self.posting = Some(self.post(body).boxed());
        }
    }

    fn post(
        &self,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<(), ClientError>> + Send + 'static {
        let (http, url) = (self.http.clone(), self.url.clone());
        async move {
            let response = http.request(Method::POST, &url, None, body.into()).await?;
            accepted(&Method::POST, &url, &response)?;
            read(&Method::POST, &url, response).await.map(drop)
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Arrival> {
        let Some(reading) = &mut self.reading else {
            return Poll::Pending;
        };
        loop {
            let arrival = match std::task::ready!(reading.poll_next_unpin(cx)) {
                Some(Ok(bytes)) if bytes.is_empty() => continue,
                Some(Ok(bytes)) => return Poll::Ready(Arrival::Bytes(bytes)),
                Some(Err(error)) => lost(error),
                None => Arrival::End,
            };
            self.reading = None;
            return Poll::Ready(arrival);
        }
    }

    pub(crate) async fn close(mut self, outbox: &Outbox) {
        // A server that ended the polls does not know the connection any more.
        let known = self.reading.is_some();
        if known && self.refused.is_none() {
            let posts = async {
                if let Some(posting) = self.posting.take() {
                    posting.await?;
                }
                match outbox.take() {
                    rest if rest.is_empty() => Ok(()),
                    rest => self.post(rest).await,
                }
            };
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, posts).await;
        }
        self.reading = None;
        if known && self.polling {
            let delete = self
                .http
                .request(Method::DELETE, &self.url, None, Bytes::new());
            if let Ok(Err(error)) = tokio::time::timeout(CLOSE_TIMEOUT, delete).await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the server did not take the end of the connection"
                );
            }
        }
    }
}

fn lost(error: ClientError) -> Arrival {
    Arrival::Lost {
        error,
        final_: true,
    }
}

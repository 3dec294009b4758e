//! One attempt to connect: negotiation, transport, handshake.

use std::sync::Arc;
use std::time::Duration;

use campanile_hub_protocol::handshake::{HandshakeResponse, write_handshake_request};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio_util::sync::CancellationToken;

use crate::ClientError;
use crate::http_client::HttpClient;
use crate::negotiate::{Offer, negotiate};
use crate::options::{Options, Transport};
use crate::session::Session;
use crate::transport::{Arrival, HttpLink, Link, WebSocketLink};
use crate::url::HubUrl;

/// How long negotiation and transports may take together, as long as .NET's HTTP client waits.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(100);

/// A connection after its handshake.
#[derive(Debug)]
pub(crate) struct Established {
    pub(crate) session: Arc<Session>,
    pub(crate) link: Link,
    /// What came behind the handshake.
    pub(crate) rest: Vec<u8>,
    /// How to come back to a stateful connection.
    pub(crate) way_back: Option<WayBack>,
}

#[derive(Debug)]
pub(crate) struct WayBack {
    http: HttpClient,
    url: HubUrl,
}

/// An open transport before the handshake.
struct Opened {
    link: Link,
    connection_id: Option<String>,
    way_back: Option<WayBack>,
}

pub(crate) async fn connect(
    options: &Options,
    url: &HubUrl,
    http: &HttpClient,
    stop: &CancellationToken,
) -> Result<Established, ClientError> {
    let opened = tokio::select! {
        biased;
        () = stop.cancelled() => return Err(ClientError::Cancelled),
        opened = tokio::time::timeout(CONNECT_TIMEOUT, open(options, url, http)) => {
            opened.map_err(|_| ClientError::Timeout("connecting"))??
        }
    };
    let Opened {
        mut link,
        connection_id,
        way_back,
    } = opened;
    let keep = options.stateful.filter(|_| way_back.is_some());
    let session = Arc::new(Session::new(options.protocol, connection_id, keep));
    let shaken = tokio::select! {
        biased;
        () = stop.cancelled() => Err(ClientError::Cancelled),
        shaken = shake_hands(&mut link, &session) => shaken,
        () = tokio::time::sleep(options.handshake_timeout) => Err(ClientError::Timeout("the handshake")),
    };
    match shaken {
        Ok(rest) => Ok(Established {
            session,
            link,
            rest,
            way_back,
        }),
        Err(error) => {
            link.close(&session.outbox, false).await;
            Err(error)
        }
    }
}

async fn open(options: &Options, url: &HubUrl, http: &HttpClient) -> Result<Opened, ClientError> {
    let format = options.protocol.transfer_format();
    if options.skip_negotiation {
        if options.transports != [Transport::WebSockets] {
            return Err(ClientError::Configuration(
                "the negotiation can only be skipped where WebSockets are the one transport allowed"
                    .to_owned(),
            ));
        }
        let link = WebSocketLink::open(&http.fresh(), url, format).await?;
        return Ok(Opened {
            link: Link::WebSocket(Box::new(link)),
            connection_id: None,
            way_back: None,
        });
    }
    let mut client = http.fresh();
    let mut offer = negotiate(&mut client, url, options.stateful.is_some()).await?;
    let mut failed = Vec::new();
    for (index, transport) in offer
        .usable(&options.transports, format)
        .into_iter()
        .enumerate()
    {
        let name = transport.name().to_owned();
        // A connection that one transport has failed on is not used with another.
        if index > 0 {
            client = http.fresh();
            match negotiate(&mut client, url, options.stateful.is_some()).await {
                Ok(new) => offer = new,
                Err(error) => {
                    failed.push((name, error));
                    continue;
                }
            }
        }
        match open_transport(options, transport, client.clone(), &offer).await {
            Ok(opened) => return Ok(opened),
            Err(error) => {
                tracing::debug!(transport = name, %error, "a transport failed");
                failed.push((name, error));
            }
        }
    }
    Err(ClientError::NoTransport(failed))
}

async fn open_transport(
    options: &Options,
    transport: Transport,
    http: HttpClient,
    offer: &Offer,
) -> Result<Opened, ClientError> {
    let url = offer.url.with_id(&offer.token);
    let mut way_back = None;
    let link = match transport {
        Transport::WebSockets => {
            let format = options.protocol.transfer_format();
            let link = WebSocketLink::open(&http, &url, format).await?;
            if offer.stateful && options.stateful.is_some() {
                way_back = Some(WayBack { http, url });
            }
            Link::WebSocket(Box::new(link))
        }
        Transport::ServerSentEvents => Link::Http(Box::new(HttpLink::events(http, url).await?)),
        Transport::LongPolling => Link::Http(Box::new(HttpLink::polling(http, url).await?)),
    };
    Ok(Opened {
        link,
        connection_id: Some(offer.connection_id.clone()),
        way_back,
    })
}

impl WayBack {
    /// Comes back to the connection over another WebSocket.
    pub(crate) async fn take(&self, session: &Session) -> Result<Link, ClientError> {
        let format = session.protocol.transfer_format();
        let link = WebSocketLink::open(&self.http, &self.url, format).await?;
        session.outbox.resume(session.protocol);
        Ok(Link::WebSocket(Box::new(link)))
    }
}

/// What a handshake's answer has, and what tells that it is a message instead.
#[derive(Deserialize)]
struct Answer {
    r#type: Option<IgnoredAny>,
}

/// Says which protocol is to be spoken; gives what comes behind the server's consent.
async fn shake_hands(link: &mut Link, session: &Session) -> Result<Vec<u8>, ClientError> {
    let version = if session.stateful { 2 } else { 1 };
    let mut request = Vec::new();
    write_handshake_request(&mut request, session.protocol, version);
    session.outbox.push(request, false);
    let mut received = Vec::new();
    loop {
        match link.exchange(&session.outbox).await {
            Arrival::Bytes(bytes) => received.extend_from_slice(&bytes),
            Arrival::End => {
                return Err(ClientError::Protocol(
                    "the connection ended before the handshake was answered".to_owned(),
                ));
            }
            Arrival::Lost { error, .. } => return Err(error),
        }
        let answer = HandshakeResponse::parse(&received)
            .map_err(|error| ClientError::Protocol(error.to_string()))?;
        let Some((answer, taken)) = answer else {
            continue;
        };
        if let Some(error) = answer.error {
            return Err(ClientError::HandshakeRefused(error.into_owned()));
        }
        let whole = serde_json::from_slice::<Answer>(&received[..taken - 1]);
        if !whole.is_ok_and(|it| it.r#type.is_none()) {
            return Err(ClientError::Protocol(
                "a message came before the handshake was answered".to_owned(),
            ));
        }
        received.drain(..taken);
        return Ok(received);
    }
}

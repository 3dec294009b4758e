//! Connections of TCP, with and without TLS.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::either::Either;

use crate::ClientError;
use crate::options::Options;
use crate::proxy::{self, Proxies, Proxy};
use crate::url::HubUrl;

/// A connection to a server, without and with TLS.
pub(crate) type Stream = Either<TcpStream, Secured>;

#[cfg(feature = "tls")]
type Secured = Box<tokio_rustls::client::TlsStream<TcpStream>>;

/// There is none.
#[cfg(not(feature = "tls"))]
type Secured = tokio::io::Empty;

/// How connections are made.
#[derive(Clone)]
pub(crate) struct Network(Arc<Ways>);

struct Ways {
    proxies: Proxies,
    #[cfg(feature = "tls")]
    tls: tokio_rustls::TlsConnector,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

impl Network {
    pub(crate) fn new(options: &Options) -> Result<Self, ClientError> {
        Ok(Self(Arc::new(Ways {
            proxies: Proxies::new(&options.proxy)?,
            #[cfg(feature = "tls")]
            tls: options.tls.connector()?,
        })))
    }

    /// A connection to the server, through a proxy's tunnel where one is to be used.
    pub(crate) async fn dial(&self, url: &HubUrl) -> Result<Stream, ClientError> {
        let failed = |error: io::Error| {
            ClientError::network(format!("cannot connect to {}", url.authority), error)
        };
        let stream = match self.0.proxies.to(url)? {
            None => connect(&url.host, url.port).await.map_err(failed)?,
            Some(proxy) => tunnel(url, proxy).await?,
        };
        if !url.secure {
            return Ok(Either::Left(stream));
        }
        self.secure(url, stream).await.map_err(failed)
    }

    /// The proxy that requests to this server are sent to as they are, which is done where there is nothing to hide.
    pub(crate) fn relay(&self, url: &HubUrl) -> Result<Option<Proxy>, ClientError> {
        if url.secure {
            return Ok(None);
        }
        self.0.proxies.to(url)
    }

    #[cfg(feature = "tls")]
    async fn secure(&self, url: &HubUrl, stream: TcpStream) -> io::Result<Stream> {
        let stream = crate::tls::secure(&self.0.tls, &url.host, stream).await?;
        Ok(Either::Right(Box::new(stream)))
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_async, reason = "with TLS it waits")]
    async fn secure(&self, _: &HubUrl, _: TcpStream) -> io::Result<Stream> {
        Err(io::Error::other(
            "TLS needs the feature `tls` of campanile-hub-client",
        ))
    }
}

async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn connect_to_proxy(uri: &Uri) -> io::Result<TcpStream> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    connect(host, uri.port_u16().unwrap_or(80)).await
}

/// Connects to a proxy by its URL.
struct ToProxy;

impl tower_service::Service<Uri> for ToProxy {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<TcpStream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        async move { connect_to_proxy(&uri).await.map(TokioIo::new) }.boxed()
    }
}

/// Asks the proxy for a connection to the server.
async fn tunnel(url: &HubUrl, proxy: Proxy) -> Result<TcpStream, ClientError> {
    let what = format!(
        "the proxy {} does not lead to {}",
        proxy::named(&proxy.uri),
        url.authority
    );
    let mut tunnel = Tunnel::new(proxy.uri, ToProxy);
    if let Some(authorization) = proxy.authorization {
        tunnel = tunnel.with_auth(authorization);
    }
    // Proxies want the port, whatever the scheme says about it.
    let target = format!("https://{}:{}", bracketed(&url.host), url.port);
    let target: Uri = target
        .parse()
        .map_err(|error: http::uri::InvalidUri| ClientError::network(what.clone(), error))?;
    let stream = tower_service::Service::call(&mut tunnel, target).await;
    match stream {
        Ok(stream) => Ok(stream.into_inner()),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let text = cause.map_or_else(|| error.to_string(), |it| format!("{error}: {it}"));
            Err(ClientError::network(what, text))
        }
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

/// The same for the pool of the HTTP client.
#[derive(Debug)]
pub(crate) struct Pooled {
    stream: TokioIo<Stream>,
    /// It leads to a proxy, which is told the whole URL.
    relayed: bool,
}

impl Connection for Pooled {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.relayed)
    }
}

impl hyper::rt::Read for Pooled {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Pooled {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Opens connections for the HTTP client.
#[derive(Debug, Clone)]
pub(crate) struct Dialer(pub(crate) Network);

impl tower_service::Service<Uri> for Dialer {
    type Response = Pooled;
    type Error = ClientError;
    type Future = BoxFuture<'static, Result<Pooled, ClientError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ClientError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let network = self.0.clone();
        async move {
            let url = HubUrl::parse(&uri.to_string())?;
            let relay = network.relay(&url)?;
            let relayed = relay.is_some();
            let stream = match relay {
                None => network.dial(&url).await?,
                Some(proxy) => {
                    Either::Left(connect_to_proxy(&proxy.uri).await.map_err(|error| {
                        let proxy = proxy::named(&proxy.uri);
                        ClientError::network(format!("cannot connect to the proxy {proxy}"), error)
                    })?)
                }
            };
            Ok(Pooled {
                stream: TokioIo::new(stream),
                relayed,
            })
        }
        .boxed()
    }
}

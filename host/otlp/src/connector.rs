//! [`Connector`]: the way to a collector.

use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use campanile_host::BoxError;
use campanile_host::configuration::Configuration;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tower_service::Service;

use super::error::OtlpError;
use super::signal::Signal;
use super::stream::Stream;

/// Sends requests, and keeps connections.
pub(crate) type Client = legacy::Client<Connector, Full<Bytes>>;

/// Makes connections to a collector.
#[derive(Clone)]
pub(crate) struct Connector {
    tcp: HttpConnector,
    /// Where the address is one of `https`.
    #[cfg(feature = "tls")]
    tls: Option<super::tls::Tls>,
}

impl Connector {
    /// Reads what is to be known for connections to this address.
    #[cfg_attr(
        not(feature = "tls"),
        expect(
            unused_variables,
            clippy::unnecessary_wraps,
            reason = "certificates may be wrong"
        )
    )]
    pub(crate) fn read(
        configuration: &Configuration,
        signal: Signal,
        address: &Uri,
    ) -> Result<Self, OtlpError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Ok(Self {
            tcp,
            #[cfg(feature = "tls")]
            tls: match address.scheme_str() {
                Some("https") => Some(super::tls::Tls::read(configuration, signal, address)?),
                _ => None,
            },
        })
    }

    pub(crate) fn into_client(self) -> Client {
        legacy::Client::builder(TokioExecutor::new()).build(self)
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<TokioIo<Stream>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let connecting = self.tcp.call(address);
        #[cfg(feature = "tls")]
        let tls = self.tls.clone();
        async move {
            let stream = connecting.await?.into_inner();
            #[cfg(feature = "tls")]
            if let Some(tls) = tls {
                return Ok(TokioIo::new(Stream::Tls(tls.secure(stream).await?)));
            }
            Ok(TokioIo::new(Stream::Plain(stream)))
        }
        .boxed()
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Connector").finish_non_exhaustive()
    }
}

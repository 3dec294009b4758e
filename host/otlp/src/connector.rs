//! [`Clients`]: the ways to collectors.

use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use campanile_host::BoxError;
use campanile_host::configuration::Configuration;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::{Authority, Scheme};
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tower_service::Service;

use super::error::OtlpError;
use super::protocol::Protocol;
use super::signal::Signal;
use super::stream::Stream;
use super::target::setting;

/// Sends requests, and keeps connections.
pub(crate) type Client = legacy::Client<Connector, Full<Bytes>>;

/// All clients that there are: signals that go to the same collector in the same way share its connections.
#[derive(Default)]
pub(crate) struct Clients(Vec<(Way, Client)>);

/// What connections are told apart by.
#[derive(PartialEq)]
struct Way {
    protocol: Protocol,
    scheme: Option<Scheme>,
    authority: Option<Authority>,
    /// The files of certificates and of a key.
    files: [Option<String>; 3],
}

impl Clients {
    /// The client for this address.
    pub(crate) fn client(
        &mut self,
        configuration: &Configuration,
        signal: Signal,
        protocol: Protocol,
        address: &Uri,
    ) -> Result<Client, OtlpError> {
        let files = ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"];
        let way = Way {
            protocol,
            scheme: address.scheme().cloned(),
            authority: address.authority().cloned(),
            files: files.map(|name| setting(configuration, signal, name).map(|it| it.text)),
        };
        if let Some((_, client)) = self.0.iter().find(|(known, _)| *known == way) {
            return Ok(client.clone());
        }
        let connector = Connector::read(configuration, signal, protocol, address)?;
        #[cfg_attr(not(feature = "grpc"), expect(unused_mut, reason = "HTTP/2 is gRPC's"))]
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        #[cfg(feature = "grpc")]
        builder.http2_only(protocol == Protocol::Grpc);
        let client = builder.build(connector);
        self.0.push((way, client.clone()));
        Ok(client)
    }
}

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
    fn read(
        configuration: &Configuration,
        signal: Signal,
        protocol: Protocol,
        address: &Uri,
    ) -> Result<Self, OtlpError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        Ok(Self {
            tcp,
            #[cfg(feature = "tls")]
            tls: match address.scheme_str() {
                Some("https") => Some(super::tls::Tls::read(
                    configuration,
                    signal,
                    protocol,
                    address,
                )?),
                _ => None,
            },
        })
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

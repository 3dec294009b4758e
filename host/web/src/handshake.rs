//! The handshake of TLS before a connection.

use std::sync::Arc;
use std::time::Instant;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ProtocolVersion;

use crate::accept::serve;
use crate::dispatch::Dispatch;
use crate::instruments::EndpointInstruments;
use crate::limits::HANDSHAKE_TIMEOUT;
use crate::stream::Socket;
use crate::tls::HTTP2;

/// A client that is to be agreed with.
pub(crate) struct Handshake {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) instruments: Arc<EndpointInstruments>,
    /// Whether HTTP/2 is all that is spoken, whatever the client says.
    pub(crate) is_http2: bool,
}

impl Handshake {
    /// Serves the connection once there is agreement. Who speaks no TLS, or takes too long, is let go.
    pub(crate) async fn serve(self, socket: Socket, mut dispatch: Dispatch) {
        let since = Instant::now();
        self.instruments.handshakes.add(1);
        let aborted = dispatch.tracker.stopping();
        let accepting = self.acceptor.accept(socket);
        let accepting = tokio::time::timeout(HANDSHAKE_TIMEOUT, accepting);
        let accepted = match aborted.run_until_cancelled(accepting).await {
            Some(Ok(accepted)) => accepted.map_err(|error| error.to_string()),
            Some(Err(_)) => Err("it took too long".to_owned()),
            None => Err("the server stops".to_owned()),
        };
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                let outcome = ("error.type", "tls_handshake_failed");
                self.instruments.handshake_ended(since.elapsed(), outcome);
                tracing::debug!(
                    target: "Microsoft.AspNetCore.Server.Kestrel.Https",
                    event_id = 1,
                    remote = %dispatch.remote,
                    "a client and the server did not agree on TLS: {error}"
                );
                return;
            }
        };
        let (_, session) = stream.get_ref();
        let version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "1.2",
            _ => "1.3",
        };
        let outcome = ("tls.protocol.version", version);
        self.instruments.handshake_ended(since.elapsed(), outcome);
        let is_http2 = self.is_http2 || session.alpn_protocol() == Some(HTTP2);
        dispatch.is_https = true;
        serve(Socket::Tls(Box::new(stream)), dispatch, is_http2);
    }
}

//! TLS as a client sees it.

use std::{
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use rcgen::KeyPair;
use tokio_rustls::rustls::{
    self, ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName},
};

use crate::PATIENCE;

/// A certificate for `localhost`, signed by itself, and its key.
#[derive(Debug)]
pub struct Certificate {
    der: CertificateDer<'static>,
    /// For the file of the certificate.
    pub pem: String,
    /// For the file of its key.
    pub key: String,
}

impl Default for Certificate {
    fn default() -> Self {
        Self::new()
    }
}

impl Certificate {
    /// Another one each time.
    ///
    /// # Panics
    ///
    /// Where no key can be made.
    #[must_use]
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("there is randomness");
        let signed = rcgen::CertificateParams::new(["localhost".to_owned()])
            .and_then(|it| it.self_signed(&key))
            .expect("the name is one");
        Self {
            der: signed.der().clone(),
            pem: signed.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A connection over TLS.
pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// Connects, and returns when there is agreement with a server that has one of these certificates; besides, which of them.
///
/// # Panics
///
/// Where there is none.
#[must_use]
pub fn tls(address: SocketAddr, trusted: &[Certificate]) -> (TlsStream, usize) {
    let mut roots = RootCertStore::empty();
    for it in trusted {
        roots.add(it.der.clone()).expect("a certificate is one");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let settings = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").expect("it is a name");
    let session = ClientConnection::new(Arc::new(settings), name).expect("the settings are whole");
    let socket = TcpStream::connect(address).expect("the clock accepts connections");
    socket
        .set_read_timeout(Some(PATIENCE))
        .expect("the timeout is not zero");
    let mut stream = StreamOwned::new(session, socket);
    while stream.conn.is_handshaking() {
        stream
            .conn
            .complete_io(&mut stream.sock)
            .expect("there is agreement on TLS");
    }
    let shown = stream.conn.peer_certificates().unwrap_or_default();
    let which = trusted.iter().position(|it| shown.first() == Some(&it.der));
    (stream, which.expect("what is shown is what is trusted"))
}

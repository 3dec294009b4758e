//! `https` and `wss`: whose certificates are trusted, and what is said of the others.

#![cfg(feature = "tls")]

mod support;

use std::io;
use std::sync::Arc;

use campanile_hub_client::{ClientError, HubConnectionBuilder, HubConnectionState};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::support::{Server, WAYS, soon};

/// Signs certificates.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn root(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this name, and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// Takes TLS off what goes to the server. Gives its address; `clients` sign the certificates of clients.
    async fn before(&self, server: &Server, clients: Option<&Self>) -> u16 {
        self.watched_before(server, clients).await.0
    }

    /// The same, with how each connection has ended: an error where a client hung up without saying so in TLS.
    async fn watched_before(
        &self,
        server: &Server,
        clients: Option<&Self>,
    ) -> (u16, mpsc::UnboundedReceiver<io::Result<()>>) {
        let provider = Arc::new(default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .unwrap();
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                let root = CertificateDer::from_pem_slice(authority.root().as_bytes()).unwrap();
                roots.add(root).unwrap();
                config.with_client_cert_verifier(
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .unwrap(),
                )
            }
        };
        let (certificate, key) = self.sign("localhost");
        let config = config
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let to = server.address().to_owned();
        let (sender, ends) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, to, sender) = (acceptor.clone(), to.clone(), sender.clone());
                tokio::spawn(async move {
                    // Clients that do not trust it end the handshake.
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut plain = TcpStream::connect(to).await.unwrap();
                    let end = tokio::io::copy_bidirectional(&mut stream, &mut plain).await;
                    let _ = sender.send(end.map(drop));
                });
            }
        });
        (port, ends)
    }
}

fn to(host: &str, port: u16) -> HubConnectionBuilder {
    HubConnectionBuilder::new(format!("https://{host}:{port}/hub"))
}

async fn refused(builder: HubConnectionBuilder) -> String {
    let connection = builder.build().unwrap();
    let error = soon(connection.start()).await.unwrap_err();
    assert!(matches!(error, ClientError::Network { .. }), "{error}");
    assert_eq!(connection.state(), HubConnectionState::Disconnected);
    error.to_string()
}

#[tokio::test]
async fn a_root_of_ones_own_is_trusted_on_every_transport() {
    let server = Server::start().await;
    let authority = Authority::new();
    let port = authority.before(&server, None).await;
    for (transport, protocol) in WAYS {
        let connection = to("localhost", port)
            .transports([transport])
            .protocol(protocol)
            .root_certificates(authority.root())
            .build()
            .unwrap();
        soon(connection.start()).await.unwrap();
        let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
        assert_eq!(sum, 3, "{}", transport.name());
        soon(connection.stop()).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn the_end_of_every_connection_is_said_in_tls() {
    let server = Server::start().await;
    let authority = Authority::new();
    for (transport, protocol) in WAYS {
        let (port, mut ends) = authority.watched_before(&server, None).await;
        let connection = to("localhost", port)
            .transports([transport])
            .protocol(protocol)
            .root_certificates(authority.root())
            .build()
            .unwrap();
        soon(connection.start()).await.unwrap();
        soon(connection.stop()).await;
        drop(connection);
        // One for the negotiation at least, and one for the transport.
        for _ in 0..2 {
            let end = soon(ends.recv()).await.unwrap();
            assert!(end.is_ok(), "{}: {end:?}", transport.name());
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn others_are_told_apart() {
    let server = Server::start().await;
    let authority = Authority::new();
    let port = authority.before(&server, None).await;

    let error = refused(to("localhost", port)).await;
    assert!(error.contains("UnknownIssuer"), "{error}");
    let other = Authority::new();
    let error = refused(to("localhost", port).root_certificates(other.root())).await;
    assert!(
        error.contains("UnknownIssuer") || error.contains("BadSignature"),
        "{error}"
    );

    let error = refused(to("127.0.0.1", port).root_certificates(authority.root())).await;
    assert!(error.contains("not valid for name"), "{error}");
    assert!(error.contains(&format!("127.0.0.1:{port}")), "{error}");

    let plain = server
        .address()
        .rsplit_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap();
    let error = refused(to("localhost", plain)).await;
    assert!(error.contains(&format!("localhost:{plain}")), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn a_server_may_ask_for_the_clients_certificate() {
    let server = Server::start().await;
    let (authority, clients) = (Authority::new(), Authority::new());
    let port = authority.before(&server, Some(&clients)).await;
    let builder = to("localhost", port).root_certificates(authority.root());

    let connection = builder.clone().build().unwrap();
    let error = soon(connection.start()).await.unwrap_err();
    assert!(matches!(error, ClientError::Network { .. }), "{error}");

    let (certificate, key) = clients.sign("me");
    let known = builder.client_certificate(certificate, key);
    let connection = known.build().unwrap();
    soon(connection.start()).await.unwrap();
    let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
    assert_eq!(sum, 3);
    soon(connection.stop()).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_certificate_is_refused_at_once() {
    let error = |builder: HubConnectionBuilder| builder.build().unwrap_err().to_string();
    let none = error(to("localhost", 1).root_certificates("nothing"));
    assert!(none.contains("root certificates"), "{none}");
    let (certificate, _) = Authority::new().sign("me");
    let keyless = error(to("localhost", 1).client_certificate(certificate, "nothing"));
    assert!(keyless.contains("key"), "{keyless}");
}

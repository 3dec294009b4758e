//! Certificates, and clients that trust them.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use campanile_host::configuration::ConfigurationBuilder;
use campanile_host::{Host, HostBuilder};
use campanile_web::ServerAddresses;
use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A certificate for `localhost` and its key, as files.
pub struct Files {
    _folder: tempfile::TempDir,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Files {
    pub fn new(algorithm: &'static SignatureAlgorithm) -> Self {
        Self::with(algorithm, |_| {})
    }

    pub fn with(
        algorithm: &'static SignatureAlgorithm,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        let signed = params.self_signed(&key).unwrap();
        let files = Self {
            certificate: folder.path().join("site.pem"),
            key: folder.path().join("site.key"),
            _folder: folder,
        };
        std::fs::write(&files.certificate, signed.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    /// Below `Kestrel`.
    pub fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            (
                "Certificates:Default:Path",
                self.certificate.to_str().unwrap(),
            ),
            ("Certificates:Default:KeyPath", self.key.to_str().unwrap()),
        ]
    }
}

/// Listens on a free port of `https://localhost`, unless the settings below `Kestrel` have endpoints.
pub fn https_with(settings: &[(&str, &str)]) -> HostBuilder {
    let mut all = vec![("urls".to_owned(), "https://localhost:0".to_owned())];
    for (key, value) in settings {
        all.push((format!("Kestrel:{key}"), (*value).to_owned()));
    }
    HostBuilder::empty().configure_configuration(move |sources: &mut ConfigurationBuilder| {
        sources.add_in_memory(all.clone());
    })
}

pub fn https(files: &Files) -> HostBuilder {
    https_with(&files.settings())
}

/// What a client takes for true.
#[derive(Clone)]
pub struct Trust {
    roots: RootCertStore,
    alpn: Vec<Vec<u8>>,
    is_old: bool,
}

impl Trust {
    pub fn of(files: &Files) -> Self {
        let mut roots = RootCertStore::empty();
        let pem = std::fs::read(&files.certificate).unwrap();
        roots
            .add(CertificateDer::from_pem_slice(&pem).unwrap())
            .unwrap();
        Self {
            roots,
            alpn: Vec::new(),
            is_old: false,
        }
    }

    pub fn only_tls12(mut self) -> Self {
        self.is_old = true;
        self
    }

    pub fn speaking(mut self, protocols: &[&str]) -> Self {
        self.alpn = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
        self
    }

    fn connector(&self) -> TlsConnector {
        let versions: &[_] = if self.is_old {
            &[&TLS12]
        } else {
            &[&TLS12, &TLS13]
        };
        let mut client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        client.alpn_protocols.clone_from(&self.alpn);
        TlsConnector::from(Arc::new(client))
    }
}

pub async fn client(socket: TcpStream, trust: &Trust) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("localhost").unwrap();
    trust.connector().connect(name, socket).await
}

/// The body of the answer to a request.
pub async fn ask(stream: &mut TlsStream<TcpStream>, request: &str) -> String {
    let request = request.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The end without a farewell is one too.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// A started host with TLS, and what trusts it.
pub struct RunningHttps {
    pub host: Arc<Host>,
    pub address: String,
    pub trust: Trust,
}

pub async fn start_https(builder: HostBuilder, files: &Files) -> RunningHttps {
    let host = Arc::new(builder.build().unwrap());
    host.start().await.unwrap();
    let addresses = host.services().required::<ServerAddresses>().unwrap();
    RunningHttps {
        address: addresses.first().unwrap(),
        trust: Trust::of(files),
        host,
    }
}

impl RunningHttps {
    pub fn addresses(&self) -> Vec<String> {
        let addresses = self.host.services().required::<ServerAddresses>();
        addresses.unwrap().all()
    }

    pub fn socket_address(&self) -> String {
        let port = self.address.rsplit_once(':').unwrap().1;
        format!("127.0.0.1:{port}")
    }

    pub async fn connect(&self) -> TlsStream<TcpStream> {
        let socket = TcpStream::connect(self.socket_address()).await.unwrap();
        client(socket, &self.trust).await.unwrap()
    }

    pub async fn get(&self, request: &str) -> String {
        ask(&mut self.connect().await, request).await
    }
}

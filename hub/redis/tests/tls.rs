//! A farm on a Redis that speaks TLS.

#![cfg(feature = "tls")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use campanile_host::hosting::HostBuilder;
use campanile_hub_redis::{RedisHostBuilderExt, RedisOptions};
use end_to_end::{Redis, soon};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use support::Server;
use tempfile::TempDir;

/// Says to the test below where Redis is.
const REDIS: &str = "FARM_TEST_REDIS";

/// A certificate authority of the test's own, and what it has signed, as files.
struct Authority {
    directory: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Whose names are the same counts as signed by itself.
        params.distinguished_name = named("authority");
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("roots"), issuer.pem()).unwrap();
        Self { directory, issuer }
    }

    fn roots(&self) -> PathBuf {
        self.directory.path().join("roots")
    }

    /// The files of a certificate for this name, and of its key.
    fn sign(&self, name: &str) -> [PathBuf; 2] {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name = named(name);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = ["pem", "key"].map(|it| self.directory.path().join(format!("{name}.{it}")));
        fs::write(&files[0], certificate.pem()).unwrap();
        fs::write(&files[1], key.serialize_pem()).unwrap();
        files
    }

    /// A Redis with a certificate for `localhost` that asks clients for one of this authority, or for none.
    async fn redis(&self, test: &str, ask_clients: bool) -> Option<Redis> {
        let [certificate, key] = self.sign("localhost");
        let arguments = |port: u16| {
            let port = port.to_string();
            let path = |it: &PathBuf| it.display().to_string();
            let files = (path(&certificate), path(&key), path(&self.roots()));
            #[rustfmt::skip]
            let arguments = [
                "--port", "0",
                "--tls-port", &port,
                "--tls-auth-clients", if ask_clients { "yes" } else { "no" },
                "--tls-cert-file", &files.0,
                "--tls-key-file", &files.1,
                "--tls-ca-cert-file", &files.2,
            ];
            arguments.map(ToOwned::to_owned).to_vec()
        };
        Redis::start_with(test, arguments).await
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Why a server of these options has no connection.
async fn refused(
    redis: &str,
    configure: impl FnOnce(&mut RedisOptions) + Send + 'static,
) -> String {
    let server = Server::start_with(redis, configure, |_| {}).await;
    let why = server.backplane().last_error();
    server.stop().await;
    why.expect("it is refused")
}

#[tokio::test]
async fn an_own_authority_is_trusted_and_clients_show_their_certificates() {
    let test = "an_own_authority_is_trusted_and_clients_show_their_certificates";
    let authority = Authority::new();
    let Some(redis) = authority.redis(test, true).await else {
        return;
    };
    let text = format!("localhost:{},ssl=true", redis.port());
    let (roots, files) = (authority.roots(), authority.sign("farm"));
    let [certificate, key] = files.clone();
    let show = move |options: &mut RedisOptions| {
        options.trusted_issuer = Some(roots.clone());
        options.client_certificate = Some(certificate.clone());
        options.client_certificate_key = Some(key.clone());
    };
    let a = Server::start_with(&text, show.clone(), |_| {}).await;
    let b = Server::start_with(&text, show.clone(), |_| {}).await;
    assert_eq!(a.backplane().last_error(), None);
    let mut two = b.client().await;
    let all = a.context().clients().untyped().all();
    soon(all.send("Number", (1,))).await.unwrap();
    assert_eq!(two.told().await, 1);
    a.stop().await;
    b.stop().await;

    let showing = show.clone();
    refused(&text, move |options| {
        showing(options);
        options.client_certificate = None;
        options.client_certificate_key = None;
    })
    .await;

    let stranger = Authority::new();
    let [certificate, key] = stranger.sign("farm");
    let showing = show.clone();
    refused(&text, move |options| {
        showing(options);
        options.client_certificate = Some(certificate);
        options.client_certificate_key = Some(key);
    })
    .await;

    let (showing, roots) = (show.clone(), stranger.roots());
    let why = refused(&text, move |options| {
        showing(options);
        options.trusted_issuer = Some(roots);
    })
    .await;
    assert!(why.contains("certificate"), "{why}");

    let (showing, nowhere) = (show, stranger.directory.path().join("nowhere"));
    let named = nowhere.display().to_string();
    let why = refused(&text, move |options| {
        showing(options);
        options.client_certificate = Some(nowhere);
    })
    .await;
    assert!(why.contains(&named), "{why}");
}

#[test]
fn certificates_that_cannot_be_shown_stop_the_host_before_it_starts() {
    let error = |arguments: &[&str]| {
        let host = HostBuilder::new()
            .without_signals()
            .with_args(arguments.iter().copied())
            .add_redis_backplane();
        host.build().unwrap_err().to_string()
    };
    let (certificate, key) = (
        "--RedisBackplane:ClientCertificate=farm.pem",
        "--RedisBackplane:ClientCertificateKey=farm.key",
    );
    let (ssl, issuer) = (
        "--ConnectionStrings:Redis=localhost,ssl=true",
        "--RedisBackplane:TrustedIssuer=roots.pem",
    );
    for alone in [certificate, key] {
        let text = error(&[ssl, alone]);
        assert!(text.contains("go together"), "{text}");
    }
    for arguments in [&[issuer][..], &[certificate, key][..]] {
        let text = error(arguments);
        assert!(text.contains("set ssl=true"), "{text}");
    }
}

#[tokio::test]
async fn certificates_are_held_against_the_roots_of_the_system() {
    let test = "certificates_are_held_against_the_roots_of_the_system";
    let authority = Authority::new();
    let Some(redis) = authority.redis(test, false).await else {
        return;
    };
    let port = redis.port();
    // Nobody here knows who has signed it.
    let why = refused(&format!("localhost:{port},ssl=true"), |_| {}).await;
    assert!(why.contains("certificate"), "{why}");

    // A process that is told, as by an operator.
    let told = |redis: String| {
        let test = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "what_is_told_crosses",
                "--ignored",
                "--nocapture",
            ])
            .env("SSL_CERT_FILE", authority.roots())
            .env(REDIS, &redis)
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&test.stdout).into_owned();
        assert!(
            test.status.success() && output.contains("1 passed"),
            "{redis}: {output}"
        );
    };
    told(format!("localhost:{port},ssl=true"));
    told(format!("rediss://localhost:{port}"));
}

#[tokio::test]
#[ignore = "a part of the test above, in a process with other roots"]
async fn what_is_told_crosses() {
    let redis = std::env::var(REDIS).unwrap();
    let (a, b) = (Server::start(&redis).await, Server::start(&redis).await);
    assert_eq!(a.backplane().last_error(), None);
    let mut two = b.client().await;
    let all = a.context().clients().untyped().all();
    soon(all.send("Number", (1,))).await.unwrap();
    assert_eq!(two.told().await, 1);
    a.stop().await;
    b.stop().await;
}

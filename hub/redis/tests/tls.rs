//! A farm on a Redis that speaks TLS.

#![cfg(feature = "tls")]

mod support;

use std::fs;
use std::process::Command;

use end_to_end::{Redis, soon};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use support::Server;

/// Says to the test below where Redis is.
const REDIS: &str = "FARM_TEST_REDIS";

#[tokio::test]
async fn certificates_are_held_against_the_roots_of_the_system() {
    let test = "certificates_are_held_against_the_roots_of_the_system";
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    fs::write(path("roots"), authority.pem()).unwrap();
    fs::write(path("certificate"), certificate.pem()).unwrap();
    fs::write(path("key"), key.serialize_pem()).unwrap();
    let arguments = |port: u16| {
        let port = port.to_string();
        let files = (path("certificate"), path("key"), path("roots"));
        [
            "--port",
            "0",
            "--tls-port",
            &port,
            "--tls-auth-clients",
            "no",
            "--tls-cert-file",
            &files.0,
            "--tls-key-file",
            &files.1,
            "--tls-ca-cert-file",
            &files.2,
        ]
        .map(ToOwned::to_owned)
        .to_vec()
    };
    let Some(redis) = Redis::start_with(test, arguments).await else {
        return;
    };
    let port = redis.port();
    // Nobody here knows who has signed it.
    let refused = Server::start(&format!("localhost:{port},ssl=true")).await;
    let why = refused.backplane().last_error().unwrap();
    assert!(why.contains("certificate"), "{why}");
    refused.stop().await;

    // A process that is told, as by an operator.
    let told = |redis: String| {
        let test = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "what_is_told_crosses",
                "--ignored",
                "--nocapture",
            ])
            .env("SSL_CERT_FILE", path("roots"))
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

//! TLS with certificates from files.

mod common;
mod tls_support;

use std::fs;
use std::time::Duration;

use campanile_host::HostBuilder;
use campanile_web::{Request, WebHostBuilderExt};
use common::{get, until};
use rcgen::CertificateParams;
use tls_support::{Files, Trust, client, https, https_with, start_https};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn mapped(builder: HostBuilder) -> HostBuilder {
    builder.map_get("/", |request: Request| async move {
        format!("{:?}", request.version())
    })
}

async fn failure(builder: HostBuilder) -> String {
    let host = mapped(builder).build().unwrap();
    host.start().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_certificate_of_any_kind_serves() {
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ED25519] {
        let files = Files::new(algorithm);
        let running = start_https(mapped(https(&files)), &files).await;
        assert!(running.address.starts_with("https://localhost:"));
        assert_eq!(running.get(&get("/")).await, "HTTP/1.1");
    }
}

#[tokio::test]
async fn certificate_and_key_may_be_in_one_file() {
    let files = Files::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let both = [&files.certificate, &files.key].map(|it| fs::read_to_string(it).unwrap());
    fs::write(&files.certificate, both.concat()).unwrap();
    let path = files.certificate.to_str().unwrap();
    let builder = https_with(&[("Certificates:Default:Path", path)]);
    let running = start_https(mapped(builder), &files).await;
    assert_eq!(running.get(&get("/")).await, "HTTP/1.1");
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_names_setting_and_file() {
    let good = Files::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let other = Files::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let old = Files::with(
        &rcgen::PKCS_ECDSA_P256_SHA256,
        |it: &mut CertificateParams| {
            it.not_before = rcgen::date_time_ymd(2001, 1, 1);
            it.not_after = rcgen::date_time_ymd(2002, 1, 1);
        },
    );
    let early = Files::with(
        &rcgen::PKCS_ECDSA_P256_SHA256,
        |it: &mut CertificateParams| {
            it.not_before = rcgen::date_time_ymd(2901, 1, 1);
            it.not_after = rcgen::date_time_ymd(2902, 1, 1);
        },
    );
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let empty = file("empty.pem", "nothing here");
    let encrypted = file(
        "encrypted.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let older = file(
        "older.key",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    );
    let garbled = file(
        "garbled.pem",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    let missing = folder.path().join("missing.pem");
    for (certificate, key, setting, problem) in [
        (&missing, &good.key, "Path", "cannot be read"),
        (&good.certificate, &missing, "KeyPath", "cannot be read"),
        (&empty, &good.key, "Path", "found none"),
        (&garbled, &good.key, "Path", "certificate"),
        (&good.certificate, &empty, "KeyPath", "found none"),
        (&good.certificate, &encrypted, "KeyPath", "encrypted"),
        (&good.certificate, &older, "KeyPath", "encrypted"),
        (
            &good.certificate,
            &other.key,
            "KeyPath",
            "is not that of the certificate",
        ),
        (&old.certificate, &old.key, "Path", "expired"),
        (&early.certificate, &early.key, "Path", "not valid yet"),
    ] {
        let wrong = if setting == "Path" { certificate } else { key };
        let error = failure(https_with(&[
            ("Endpoints:Web:Url", "https://127.0.0.1:0"),
            (
                "Endpoints:Web:Certificate:Path",
                certificate.to_str().unwrap(),
            ),
            ("Endpoints:Web:Certificate:KeyPath", key.to_str().unwrap()),
        ]))
        .await;
        let setting = format!("Kestrel:Endpoints:Web:Certificate:{setting} in the program: ");
        for part in [&*setting, wrong.to_str().unwrap(), problem] {
            assert!(error.contains(part), "wanted `{part}`: {error}");
        }
    }
    let error = failure(https_with(&[("Endpoints:Web:Url", "https://127.0.0.1:0")])).await;
    let expected = "wanted Kestrel:Endpoints:Web:Certificate:Path";
    assert!(error.contains(expected), "{error}");
}

#[tokio::test]
async fn who_speaks_no_tls_is_let_go_alone() {
    let files = Files::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let running = start_https(mapped(https(&files)), &files).await;
    for text in [get("/"), "garbage".repeat(1000), String::new()] {
        let mut socket = TcpStream::connect(running.socket_address()).await.unwrap();
        socket.write_all(text.as_bytes()).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains("HTTP/"), "{answer}");
    }
    assert_eq!(running.get(&get("/")).await, "HTTP/1.1");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_may_take_ten_seconds() {
    let files = Files::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let running = start_https(mapped(https(&files)), &files).await;
    let mut socket = TcpStream::connect(running.socket_address()).await.unwrap();
    let begin = tokio::time::Instant::now();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    assert_eq!(begin.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn versions_are_as_configured() {
    let files = Files::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let mut settings = files.settings();
    settings.push(("EndpointDefaults:SslProtocols:0", "Tls13"));
    let running = start_https(mapped(https_with(&settings)), &files).await;
    assert_eq!(running.get(&get("/")).await, "HTTP/1.1");
    let trust = Trust::of(&files).only_tls12();
    let socket = TcpStream::connect(running.socket_address()).await.unwrap();
    client(socket, &trust).await.unwrap_err();
}

#[tokio::test]
async fn a_certificate_is_replaced_while_the_server_runs() {
    let files = Files::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    let running = start_https(mapped(https(&files)), &files).await;
    let mut before = running.connect().await;
    let next = Files::new(&rcgen::PKCS_ED25519);
    fs::copy(&next.key, &files.key).unwrap();
    fs::copy(&next.certificate, &files.certificate).unwrap();
    let trust = Trust::of(&next);
    let mut is_replaced = false;
    for _ in 0..3000 {
        let socket = TcpStream::connect(running.socket_address()).await.unwrap();
        if client(socket, &trust).await.is_ok() {
            is_replaced = true;
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(is_replaced);
    // Who was there before is not disturbed.
    assert_eq!(tls_support::ask(&mut before, &get("/")).await, "HTTP/1.1");
    running.host.stop().await.unwrap();
    until("nobody listens", || running.addresses().is_empty()).await;
}

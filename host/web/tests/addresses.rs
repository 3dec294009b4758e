//! Where the server listens.

mod common;

use campanile_host::HostBuilder;
use campanile_web::{RemoteAddress, Request, ServerAddresses, WebHostBuilderExt};
#[cfg(unix)]
use common::get;
use common::{start, with_urls};
#[cfg(unix)]
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn mapped(builder: HostBuilder) -> HostBuilder {
    builder.map_get("/", |request: Request| async move {
        request
            .extensions()
            .get::<RemoteAddress>()
            .unwrap()
            .to_string()
    })
}

async fn failure(urls: &str) -> String {
    let host = mapped(with_urls(urls)).build().unwrap();
    host.start().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_taken_port_names_the_address_and_the_setting_and_leaves_nothing_bound() {
    let occupied = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = occupied.local_addr().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = other.local_addr().unwrap();
    drop(other);
    let error = failure(&format!("http://{free};http://{taken}")).await;
    assert!(
        error.contains(&format!(
            "failed to bind to address http://{taken} (from urls in the program): address already in use"
        )),
        "{error}"
    );
    assert!(TcpStream::connect(free).await.is_err());
    drop(occupied);
    start(mapped(with_urls(&format!("http://{free};http://{taken}")))).await;
}

#[tokio::test]
async fn what_is_no_url_names_the_setting() {
    let error = failure("http://127.0.0.1:70000").await;
    let expected = "urls in the program: 'http://127.0.0.1:70000' has the port '70000'";
    assert!(error.contains(expected), "{error}");
    let error = failure("https://127.0.0.1:5001").await;
    assert!(
        error.contains("wants a certificate, and there is none"),
        "{error}"
    );
}

#[tokio::test]
async fn localhost_is_both_loopback_addresses_with_one_port() {
    let running = start(mapped(with_urls("http://localhost:0"))).await;
    let port = running.address.strip_prefix("http://localhost:").unwrap();
    assert_ne!(port, "0");
    for (address, has_family) in [
        (
            format!("127.0.0.1:{port}"),
            TcpListener::bind("127.0.0.1:0").await.is_ok(),
        ),
        (
            format!("[::1]:{port}"),
            TcpListener::bind("[::1]:0").await.is_ok(),
        ),
    ] {
        assert_eq!(
            TcpStream::connect(&address).await.is_ok(),
            has_family,
            "{address}"
        );
    }
    running.host.stop().await.unwrap();
    assert!(
        TcpStream::connect(format!("127.0.0.1:{port}"))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn several_addresses_are_told_in_order_until_the_stop() {
    let running = start(mapped(with_urls("http://127.0.0.1:0;http://*:0"))).await;
    let addresses = running
        .host
        .services()
        .required::<ServerAddresses>()
        .unwrap();
    let all = addresses.all();
    assert!(
        all[0].starts_with("http://127.0.0.1:") && all[1].contains("//[::]:"),
        "{all:?}"
    );
    assert_eq!(all.len(), 2);
    running.host.stop().await.unwrap();
    assert!(addresses.all().is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn a_unix_socket_serves_and_goes_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bell.sock");
    let running = start(mapped(with_urls(&format!(
        "http://unix:{}",
        path.display()
    ))))
    .await;
    assert_eq!(running.address, format!("http://unix:{}", path.display()));
    let mut socket = tokio::net::UnixStream::connect(&path).await.unwrap();
    let request = get("/").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nunix"), "{answer}");
    running.host.stop().await.unwrap();
    assert!(!path.exists());
}

//! `Kestrel:Limits`, as clients meet them.

mod common;

use std::time::Duration;

use campanile_web::{Body, Request, Response, StatusCode, WebHostBuilderExt};
use common::{Running, get, start, until, with_kestrel};
use tokio::time::{Instant, sleep};

/// What reads its request's body, what upgrades, and what sends more than a client takes.
async fn running(limits: &[(&str, &str)]) -> Running {
    let limits: Vec<(String, &str)> = limits
        .iter()
        .map(|(key, value)| (format!("Limits:{key}"), *value))
        .collect();
    let limits: Vec<(&str, &str)> = limits.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    let endless = |_: Request| async {
        Body::stream(futures_util::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(vec![b'x'; 65_536])
        }))
    };
    start(
        with_kestrel(&limits)
            .map_get("/", |_| async { "well" })
            .map_get("/bell", |mut request| async move { upgraded(&mut request) })
            .map_get("/endless", endless)
            .map_post("/deaf", |_| async { "well" })
            .map_post("/read", |request: Request| async move {
                let all = request.into_body().bytes().await;
                all.map(|it| format!("{} bytes", it.len()))
            })
            .map_post("/large", |request: Request| async move {
                let all = request.into_body().with_max_size(None).bytes().await;
                all.map(|it| format!("{} bytes", it.len()))
            }),
    )
    .await
}

fn upgraded(request: &mut Request) -> Response {
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let _socket = upgrade.await;
        std::future::pending::<()>().await;
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response
}

const UPGRADE: &str =
    "GET /bell HTTP/1.1\r\nHost: bell\r\nConnection: upgrade\r\nUpgrade: bell\r\n\r\n";

fn post(path: &str, length: usize, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: bell\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn max_concurrent_connections_does_not_count_upgraded_ones() {
    let running = running(&[("MaxConcurrentConnections", "2")]).await;
    let mut first = running.connect().await;
    assert_eq!(first.ask(&get("/")).await.body, "well");
    let mut second = running.connect().await;
    assert_eq!(second.ask(&get("/")).await.body, "well");
    assert_eq!(running.connect().await.until_closed().await, "");
    assert_eq!(second.ask(UPGRADE).await.status, 101);
    let mut third = running.connect().await;
    assert_eq!(third.ask(&get("/")).await.body, "well");
    drop(first);
    // Until the server has noticed.
    for attempt in 0.. {
        let mut fourth = running.connect().await;
        let _ = fourth.try_send(&get("/")).await;
        if !fourth.until_some().await.is_empty() {
            break;
        }
        assert!(attempt < 1000, "the first connection counts for ever");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn max_concurrent_upgraded_connections_is_503() {
    let running = running(&[("MaxConcurrentUpgradedConnections", "1")]).await;
    let mut first = running.connect().await;
    assert_eq!(first.ask(UPGRADE).await.status, 101);
    let answer = running.ask(UPGRADE).await;
    assert_eq!(answer.status, 503);
    assert_eq!(running.get("/").await.body, "well");
}

#[tokio::test]
async fn max_request_body_size_is_413_for_who_reads() {
    let limited = running(&[("MaxRequestBodySize", "10")]).await;
    let chunked = "POST /read HTTP/1.1\r\nHost: bell\r\nTransfer-Encoding: chunked\r\n\r\n\
                   6\r\nbim ba\r\n6\r\nm, bim\r\n0\r\n\r\n";
    let of = |path, size: usize| post(path, size, &"x".repeat(size));
    for (request, status, body) in [
        (of("/read", 10), 200, "10 bytes"),
        (of("/read", 11), 413, ""),
        (chunked.to_owned(), 413, ""),
        (of("/deaf", 11), 200, "well"),
        (of("/large", 11), 200, "11 bytes"),
    ] {
        let answer = limited.ask(&request).await;
        assert_eq!((answer.status, &*answer.body), (status, body), "{request}");
    }
    let unlimited = running(&[("MaxRequestBodySize", "")]).await;
    let answer = unlimited.ask(&of("/read", 100)).await;
    assert_eq!(answer.body, "100 bytes");
}

#[tokio::test]
async fn the_default_of_max_request_body_size_is_kestrels() {
    let running = running(&[]).await;
    assert_eq!(
        running.ask(&post("/read", 30_000_001, "")).await.status,
        413
    );
}

#[tokio::test]
async fn heads_have_the_configured_sizes() {
    let running = running(&[
        ("MaxRequestLineSize", "100"),
        ("MaxRequestHeadersTotalSize", "1 KiB"),
        ("MaxRequestHeaderCount", "3"),
    ])
    .await;
    for (path, headers, status) in [
        ("/", "A: b\r\nC: d\r\n", 200),
        ("/", "A: b\r\nC: d\r\nE: f\r\n", 431),
        ("/", &format!("A: {}\r\n", "b".repeat(1020)), 431),
        ("/", &format!("A: {}\r\n", "b".repeat(5000)), 431),
        (&format!("/{}", "a".repeat(100)), "", 414),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: bell\r\n{headers}\r\n");
        assert_eq!(running.ask(&request).await.status, status, "{request}");
    }
}

#[tokio::test]
async fn a_version_that_is_not_spoken_is_told_to_be_none() {
    let running = running(&[]).await;
    for (version, status) in [
        ("HTTP/1.0", 200),
        ("HTTP/1.1", 200),
        ("HTTP/1.2", 505),
        ("HTTP/2.0", 505),
        ("SPDY/3.1", 505),
        ("HTTP/1.11", 400),
    ] {
        let request = format!("GET / {version}\r\nHost: bell\r\n\r\n");
        let answer = running.ask(&request).await;
        assert_eq!(answer.status, status, "{version}");
        if status == 505 {
            assert_eq!(answer.header("connection"), Some("close"));
        }
    }
}

#[tokio::test]
async fn a_first_line_is_too_long_whatever_its_length() {
    let running = running(&[]).await;
    for length in [8_192, 30_000, 60_000] {
        let answer = running.get(&format!("/{}", "a".repeat(length))).await;
        assert_eq!(answer.status, 414, "{length}");
        assert_eq!(answer.header("connection"), Some("close"));
    }
    // One that has not come to its end.
    let mut client = running.connect().await;
    client.send(&format!("GET /{}", "a".repeat(8_188))).await;
    let answer = client.until_closed().await;
    assert!(
        answer.starts_with("HTTP/1.1 414 URI Too Long\r\n"),
        "{answer}"
    );
    // One that comes in pieces, and is not too long.
    let mut client = running.connect().await;
    client.send("GE").await;
    client.send("T / HTTP/1.1\r\nHost: bell\r\n").await;
    client
        .send(&format!("A: {}\r\n\r\n", "b".repeat(20_000)))
        .await;
    assert_eq!(client.answer(true).await.body, "well");
}

#[tokio::test]
async fn heads_may_be_larger_than_hyper_would_have_them() {
    let running = running(&[
        ("MaxRequestLineSize", "60000"),
        ("MaxRequestHeadersTotalSize", "1 MiB"),
        ("MaxRequestHeaderCount", "1000"),
    ])
    .await;
    let path = format!("/?{}", "a".repeat(50_000));
    let headers = format!("A: {}\r\n", "b".repeat(900)).repeat(900);
    let request = format!("GET {path} HTTP/1.1\r\nHost: bell\r\n{headers}\r\n");
    assert_eq!(running.ask(&request).await.body, "well");
}

#[tokio::test(start_paused = true)]
async fn timeouts_are_as_configured() {
    let running = running(&[
        ("KeepAliveTimeout", "00:00:07"),
        ("RequestHeadersTimeout", "00:00:03"),
    ])
    .await;
    let mut client = running.connect().await;
    let begin = Instant::now();
    assert_eq!(client.until_closed().await, "");
    assert_eq!(begin.elapsed().as_secs(), 7);
    let mut client = running.connect().await;
    client.send("GET / HTTP/1.1\r\n").await;
    let begin = Instant::now();
    let answer = client.until_closed().await;
    assert!(
        answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"),
        "{answer}"
    );
    assert_eq!(begin.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn without_a_keep_alive_timeout_a_connection_stays() {
    let running = running(&[("KeepAliveTimeout", "")]).await;
    let mut client = running.connect().await;
    sleep(Duration::from_secs(100_000)).await;
    assert_eq!(client.ask(&get("/")).await.body, "well");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_too_slowly_is_408() {
    let slow = [
        ("MinRequestBodyDataRate:BytesPerSecond", "10"),
        ("MinRequestBodyDataRate:GracePeriod", "00:00:05"),
    ];
    let limited = running(&slow).await;
    let mut client = limited.connect().await;
    let begin = Instant::now();
    client.send(&post("/read", 1000, &"x".repeat(100))).await;
    // 100 bytes have ten seconds.
    assert_eq!(client.answer(true).await.status, 408);
    assert_eq!(begin.elapsed().as_secs(), 10);

    let patient = running(&[("MinRequestBodyDataRate:BytesPerSecond", "0")]).await;
    let mut client = patient.connect().await;
    client.send(&post("/read", 4, "bi")).await;
    sleep(Duration::from_secs(10_000)).await;
    client.send("m!").await;
    assert_eq!(client.answer(true).await.body, "4 bytes");
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go() {
    let running = running(&[
        ("MinResponseDataRate:BytesPerSecond", "1000000000"),
        ("MinResponseDataRate:GracePeriod", "00:00:00.100"),
    ])
    .await;
    let mut client = running.connect().await;
    client.send(&get("/endless")).await;
    // From now on the connection is there, and counted.
    let head = client.until_some().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let tracked = || running.open_connections();
    until("the connection is cut off", || tracked() == Some(0.0)).await;
}

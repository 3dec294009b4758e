//! What a connection may do, and for how long.

mod common;

use std::time::Duration;

use campanile_web::{Body, Request, Response, StatusCode, WebHostBuilderExt};
use common::{Running, builder, get, start, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep};

async fn running() -> Running {
    let slow = |_: Request| async {
        sleep(Duration::from_secs(600)).await;
        "at last"
    };
    let dribble = |_: Request| async {
        Body::stream(futures_util::stream::unfold(0, |sent| async move {
            sleep(Duration::from_secs(200)).await;
            (sent < 3).then(|| (Ok::<_, std::io::Error>("tick "), sent + 1))
        }))
    };
    start(
        builder()
            .map_get("/", |_| async { "well" })
            .map_get("/slow", slow)
            .map_get("/dribble", dribble),
    )
    .await
}

/// Whether the time since then is that many seconds, give or take the resolution of the clock.
fn assert_seconds(since: Instant, seconds: u64) {
    let elapsed = since.elapsed().as_secs_f64();
    let seconds = Duration::from_secs(seconds).as_secs_f64();
    assert!(
        (elapsed - seconds).abs() < 0.5,
        "{elapsed} s, not {seconds} s"
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_after_130_seconds() {
    let running = running().await;
    let mut client = running.connect().await;
    let begin = Instant::now();
    assert_eq!(client.until_closed().await, "");
    assert_seconds(begin, 130);

    let mut client = running.connect().await;
    let begin = Instant::now();
    for _ in 0..3 {
        sleep(Duration::from_secs(100)).await;
        assert_eq!(client.ask(&get("/")).await.body, "well");
    }
    client.until_closed().await;
    assert_seconds(begin, 300 + 130);
}

#[tokio::test(start_paused = true)]
async fn a_head_may_take_30_seconds() {
    let running = running().await;
    let mut client = running.connect().await;
    sleep(Duration::from_secs(100)).await;
    let begin = Instant::now();
    client.send("GET / HT").await;
    sleep(Duration::from_secs(20)).await;
    client.send("TP/1.1\r\nHost: ").await;
    let answer = client.until_closed().await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_seconds(begin, 30);
}

#[tokio::test(start_paused = true)]
async fn a_request_may_take_as_long_as_it_likes() {
    let running = running().await;
    let mut client = running.connect().await;
    let begin = Instant::now();
    assert_eq!(client.ask(&get("/slow")).await.body, "at last");
    assert_seconds(begin, 600);
    client.send("GET /dribble HTTP/1.0\r\n\r\n").await;
    assert_eq!(client.answer(true).await.body, "tick tick tick ");
    assert_seconds(begin, 1400);
}

#[tokio::test]
async fn a_head_has_its_limits() {
    let running = running().await;
    let many = "X: y\r\n".repeat(101);
    let large = format!("X: {}\r\n", "y".repeat(33_000));
    let second = "Host: other\r\n".to_owned();
    for (headers, status) in [
        ("X: y\r\n".repeat(99), 200),
        (many, 431),
        (large, 431),
        (second, 400),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: bell\r\n{headers}\r\n");
        assert_eq!(running.ask(&request).await.status, status);
    }
    let long = format!("/{}", "a".repeat(9000));
    let answer = running.get(&long).await;
    assert_eq!(answer.status, 414);
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(running.ask("GET / HTTP/1.1\r\n\r\n").await.status, 400);
    assert_eq!(running.ask("GET / HTTP/1.0\r\n\r\n").await.status, 200);
    assert_eq!(running.ask("nonsense\r\n\r\n").await.status, 400);
    for (request, status) in [
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n", 200),
        ("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST / HTTP/1.0\r\n\r\n", 400),
    ] {
        assert_eq!(running.ask(request).await.status, status, "{request}");
    }
    let tunnel = running
        .ask("GET nonsense HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    assert_eq!(
        (tunnel.status, tunnel.header("allow")),
        (405, Some("CONNECT"))
    );
    assert_eq!(running.get("/").await.body, "well");
}

#[tokio::test]
async fn a_connection_is_one_task_and_none_of_ours_once_it_is_upgraded() {
    async fn echo(mut request: Request) -> Response {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let upgraded = upgrade.await.unwrap();
            let mut socket = hyper_util::rt::TokioIo::new(upgraded);
            let mut buffer = [0; 16];
            while let Ok(count @ 1..) = socket.read(&mut buffer).await {
                socket.write_all(&buffer[..count]).await.unwrap();
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert("connection", http::HeaderValue::from_static("upgrade"));
        headers.insert("upgrade", http::HeaderValue::from_static("echo"));
        response
    }

    let running = start(builder().map_get("/echo", echo)).await;
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let mut client = running.connect().await;
    until("one task for the connection", || tasks() == before + 1).await;
    let upgrade =
        "GET /echo HTTP/1.1\r\nHost: bell\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nbim";
    assert_eq!(client.ask(upgrade).await.status, 101);
    until("only the echo's task", || tasks() == before + 1).await;
    let mut echoed = vec![0; 6];
    client.send("bam").await;
    client.read(&mut echoed).await;
    assert_eq!(echoed, b"bimbam");
    drop(client);
    until("none", || tasks() == before).await;
}

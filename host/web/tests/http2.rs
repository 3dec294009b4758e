//! HTTP/2: over TLS, with prior knowledge, and its stop.

mod common;
mod tls_support;

use std::time::Duration;

use campanile_host::HostBuilder;
use campanile_web::{
    Body, Request, Response, StatusCode, WebHostBuilderExt, is_web_socket_connect,
};
use common::{get, start, with_kestrel};
use http_body_util::{BodyExt, Empty, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tls_support::{Files, client, https_with, start_https};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

type Sender = SendRequest<Full<bytes::Bytes>>;

fn mapped(builder: HostBuilder) -> HostBuilder {
    builder
        .map_get("/", |request: Request| async move {
            format!("{:?}", request.version())
        })
        .map_get("/slow", |_| async {
            sleep(Duration::from_secs(3)).await;
            "at last"
        })
        .map_post("/read", |request: Request| async move {
            let all = request.into_body().bytes().await;
            all.map(|it| format!("{} bytes", it.len()))
        })
        .map_with("/echo", |_| {
            Ok(campanile_web::WebService::from_handler(echo))
        })
}

/// Gives back what comes on the stream.
async fn echo(mut request: Request) -> Response {
    let mut response = Response::new(Body::empty());
    if !is_web_socket_connect(&request) {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    }
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut stream = TokioIo::new(upgrade.await.unwrap());
        let mut buffer = [0; 64];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            stream.write_all(&buffer[..count]).await.unwrap();
        }
        let _ = stream.shutdown().await;
    });
    response
}

async fn connected(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Sender {
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

async fn ask(sender: &mut Sender, method: &str, path: &str, body: &'static str) -> (u16, String) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://localhost{path}"))
        .body(Full::from(body))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn tls_agrees_on_what_is_spoken() {
    let files = Files::new(&rcgen::PKCS_ECDSA_P256_SHA256);
    for (protocols, offered, agreed) in [
        ("", &["h2", "http/1.1"][..], Some("h2")),
        ("", &["http/1.1"], Some("http/1.1")),
        ("Http1", &["h2", "http/1.1"], Some("http/1.1")),
        ("Http2", &["h2", "http/1.1"], Some("h2")),
        ("Http1AndHttp2", &[], None),
    ] {
        let mut settings = files.settings();
        settings
            .extend((!protocols.is_empty()).then_some(("EndpointDefaults:Protocols", protocols)));
        let running = start_https(mapped(https_with(&settings)), &files).await;
        let socket = TcpStream::connect(running.socket_address()).await.unwrap();
        let trust = running.trust.clone().speaking(offered);
        let mut stream = client(socket, &trust).await.unwrap();
        let found = stream.get_ref().1.alpn_protocol();
        assert_eq!(found, agreed.map(str::as_bytes), "{protocols}");
        let version = if found == Some(b"h2") {
            ask(&mut connected(stream).await, "GET", "/", "").await.1
        } else {
            tls_support::ask(&mut stream, &get("/")).await
        };
        let is_http2 = agreed == Some("h2");
        assert_eq!(version, if is_http2 { "HTTP/2.0" } else { "HTTP/1.1" });
    }
}

#[tokio::test]
async fn limits_hold_over_http2() {
    let running = start(mapped(with_kestrel(&[
        ("EndpointDefaults:Protocols", "Http2"),
        ("Limits:MaxRequestBodySize", "10"),
        ("Limits:MaxRequestHeaderCount", "3"),
    ])))
    .await;
    let mut sender = connected(running.connect().await.socket).await;
    assert_eq!(ask(&mut sender, "GET", "/", "").await.1, "HTTP/2.0");
    assert_eq!(
        ask(&mut sender, "POST", "/read", "bim bam").await.1,
        "7 bytes"
    );
    assert_eq!(
        ask(&mut sender, "POST", "/read", "bim bam, bim").await.0,
        413
    );
    let mut request = http::Request::get("http://localhost/");
    for name in ["a", "b", "c", "d"] {
        request = request.header(name, "x");
    }
    let response = sender
        .send_request(request.body(Full::default()).unwrap())
        .await;
    assert_eq!(response.unwrap().status(), 431);
    // The connection is none the worse for it.
    assert_eq!(ask(&mut sender, "GET", "/", "").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_told_and_requests_in_flight_are_answered() {
    let running = start(mapped(with_kestrel(&[(
        "EndpointDefaults:Protocols",
        "Http2",
    )])))
    .await;
    let mut sender = connected(running.connect().await.socket).await;
    let mut idle = connected(running.connect().await.socket).await;
    ask(&mut idle, "GET", "/", "").await;
    let begin = Instant::now();
    let slow = async {
        let answer = ask(&mut sender, "GET", "/slow", "").await;
        assert_eq!(answer.1, "at last");
    };
    let stop = async {
        sleep(Duration::from_secs(1)).await;
        running.host.stop().await.unwrap();
    };
    tokio::join!(slow, stop);
    // Neither is cut off, nor does anybody wait for what does not come.
    let elapsed = begin.elapsed().as_secs();
    assert!((3..5).contains(&elapsed), "{elapsed}");
    let request = http::Request::get("http://localhost/").body(Full::default());
    sender.send_request(request.unwrap()).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends() {
    let running = start(mapped(with_kestrel(&[
        ("EndpointDefaults:Protocols", "Http2"),
        ("Limits:KeepAliveTimeout", "00:00:20"),
    ])))
    .await;
    let (mut sender, connection) = handshake::<_, _, Empty<bytes::Bytes>>(
        TokioExecutor::new(),
        TokioIo::new(running.connect().await.socket),
    )
    .await
    .unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("http://localhost/").body(Empty::new());
    sender.send_request(request.unwrap()).await.unwrap();
    let begin = Instant::now();
    connection.await.unwrap().unwrap();
    assert_eq!(begin.elapsed().as_secs(), 20);
}

#[tokio::test]
async fn a_stream_becomes_a_tunnel() {
    let running = start(mapped(with_kestrel(&[(
        "EndpointDefaults:Protocols",
        "Http2",
    )])))
    .await;
    let mut sender = connected(running.connect().await.socket).await;
    // Until an answer is there, the client does not know that the server can do it.
    ask(&mut sender, "GET", "/", "").await;
    let request = http::Request::builder()
        .method("CONNECT")
        .uri("http://localhost/echo")
        .extension(hyper::ext::Protocol::from_static("websocket"))
        .body(Full::default())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut tunnel = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    tunnel.write_all(b"bim bam").await.unwrap();
    let mut echoed = [0; 7];
    tunnel.read_exact(&mut echoed).await.unwrap();
    assert_eq!(&echoed, b"bim bam");
    assert_eq!(ask(&mut sender, "GET", "/echo", "").await.0, 400);
    tunnel.shutdown().await.unwrap();
    assert_eq!(tunnel.read(&mut echoed).await.unwrap(), 0);
}

#[tokio::test]
async fn http1_gets_400_where_only_http2_is_spoken() {
    let running = start(mapped(with_kestrel(&[(
        "EndpointDefaults:Protocols",
        "Http2",
    )])))
    .await;
    for text in [
        get("/"),
        "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nbim".to_owned(),
        // It begins as the preface does.
        "PRI / HTTP/1.1\r\nHost: bell\r\n\r\n".to_owned(),
    ] {
        let answer = running.ask(&text).await;
        assert_eq!(answer.status, 400, "{text}");
        let says = "An HTTP/1.x request was sent to an HTTP/2 only endpoint.";
        assert_eq!(answer.body, says, "{text}");
    }
    let mut other = running.connect().await;
    other.send("\u{16}\u{3}\u{1}").await;
    assert_eq!(other.until_closed().await, "", "no HTTP at all");
    // Others are served meanwhile.
    let silent = running.connect().await;
    let address = running.address.strip_prefix("http://").unwrap();
    let mut sender = connected(TcpStream::connect(address).await.unwrap()).await;
    let request = http::Request::get("http://bell/")
        .body(Full::default())
        .unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_where_http2_is_spoken_is_let_go() {
    let running = start(mapped(with_kestrel(&[
        ("EndpointDefaults:Protocols", "Http2"),
        ("Limits:KeepAliveTimeout", "00:00:07"),
    ])))
    .await;
    let mut client = running.connect().await;
    let begin = Instant::now();
    assert_eq!(client.until_closed().await, "");
    assert_eq!(begin.elapsed().as_secs(), 7);
}

//! A hub inside an axum application: the example, as a client sees it.

#[allow(unreachable_pub, missing_docs)]
#[path = "../examples/axum.rs"]
mod example;
mod support;

use http::HeaderValue;
use serde_json::{Value, json};
use support::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn start() -> Server {
    let services = example::container().unwrap();
    let origin = HeaderValue::from_static("http://tower.example");
    let app = example::app(&services, origin).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Server { address, services }
}

async fn ask(server: &Server, head: &str) -> String {
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let request = format!("{head}\r\nHost: bell\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_client_negotiates_connects_and_is_heard() {
    let server = start().await;
    let answer = ask(
        &server,
        "POST /hubs/chat/negotiate?negotiateVersion=1 HTTP/1.1",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let token = body["connectionToken"].as_str().unwrap();
    let mut client = server.connect_to(&format!("/hubs/chat?id={token}")).await;
    client.call("1", "Say", json!(["Bim, bam"])).await;
    let heard = client.next().await.unwrap();
    assert_eq!(heard["target"], "Receive");
    assert_eq!(heard["arguments"], json!(["Bim, bam"]));
    assert_eq!(client.next().await.unwrap()["invocationId"], "1");
    let page = ask(&server, "GET / HTTP/1.1").await;
    assert!(page.ends_with("a page of axum's"), "{page}");
}

#[tokio::test]
async fn pages_of_one_other_origin_are_let_in() {
    let server = start().await;
    let preflight = |origin| {
        format!(
            "OPTIONS /hubs/chat/negotiate HTTP/1.1\r\nOrigin: {origin}\r\nAccess-Control-Request-Method: POST\r\n\
             Access-Control-Request-Headers: x-requested-with,x-signalr-user-agent"
        )
    };
    let answer = ask(&server, &preflight("http://tower.example")).await;
    for header in [
        "access-control-allow-origin: http://tower.example",
        "access-control-allow-credentials: true",
        "x-signalr-user-agent",
    ] {
        assert!(answer.contains(header), "{answer}");
    }
    let negotiate = "POST /hubs/chat/negotiate HTTP/1.1\r\nOrigin: http://tower.example";
    let answer = ask(&server, negotiate).await;
    assert!(
        answer.contains("access-control-allow-origin: http://tower.example"),
        "{answer}"
    );
    let answer = ask(&server, &preflight("http://elsewhere.example")).await;
    assert!(!answer.contains("http://elsewhere.example"), "{answer}");
}

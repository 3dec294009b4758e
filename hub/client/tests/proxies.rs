//! Proxies of HTTP: what goes through them, and what is said where they refuse.

mod support;

use std::sync::{Arc, Mutex};

use campanile_hub_client::{ClientError, HubConnectionBuilder};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Server, WAYS, soon};

/// `ann:s3cret`, as Basic says it.
const CREDENTIALS: &str = "Basic YW5uOnMzY3JldA==";

/// A proxy of HTTP that leads everything to one server, whatever its name, and asks for a password.
struct HttpProxy {
    address: String,
    /// The first line of each connection.
    asked: Arc<Mutex<Vec<String>>>,
}

impl HttpProxy {
    async fn start(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (to, told) = (server.address().to_owned(), asked.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (to, told) = (to.clone(), told.clone());
                tokio::spawn(async move { pass_on(client, &to, &told).await });
            }
        });
        Self { address, asked }
    }
}

/// Passes one connection on: a tunnel, or requests with whole URLs.
async fn pass_on(client: TcpStream, to: &str, told: &Mutex<Vec<String>>) -> Option<()> {
    let mut client = BufReader::new(client);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        client
            .read_line(&mut line)
            .await
            .ok()
            .filter(|it| *it > 0)?;
        if line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let first = head.first()?.clone();
    told.lock().unwrap().push(first.clone());
    let known = head.iter().any(|line| {
        line.split_once(": ").is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("proxy-authorization") && value == CREDENTIALS
        })
    });
    if !known {
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
        client.write_all(answer).await.ok()?;
        return None;
    }
    let mut server = TcpStream::connect(to).await.ok()?;
    if first.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    } else {
        // The server is told the path alone, and closes so that the next request comes over a connection of its own.
        let (method, rest) = first.split_once(' ')?;
        let path = rest.strip_prefix("http://")?.split_once('/')?.1;
        let mut request = format!("{method} /{path}\r\nconnection: close\r\n");
        for line in &head[1..] {
            request.push_str(line);
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        server.write_all(request.as_bytes()).await.ok()?;
        let rest = client.buffer().to_vec();
        client.consume(rest.len());
        server.write_all(&rest).await.ok()?;
    }
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .ok()?;
    Some(())
}

#[tokio::test]
async fn every_transport_goes_through_a_proxy() {
    let server = Server::start().await;
    let proxy = HttpProxy::start(&server).await;
    for (transport, protocol) in WAYS {
        // Nobody but the proxy knows the name.
        let connection = HubConnectionBuilder::new("http://hub.invalid/hub")
            .transports([transport])
            .protocol(protocol)
            .proxy(&format!("http://ann:s3cret@{}", proxy.address))
            .build()
            .unwrap();
        soon(connection.start()).await.unwrap();
        let sum: i32 = soon(connection.invoke("Add", (1, 2))).await.unwrap();
        assert_eq!(sum, 3, "{}", transport.name());
        soon(connection.stop()).await;
    }
    let asked = proxy.asked.lock().unwrap().clone();
    let whole = "POST http://hub.invalid/hub/negotiate?negotiateVersion=1 HTTP/1.1";
    assert!(asked.iter().any(|line| line == whole), "{asked:?}");
    let tunnel = "CONNECT hub.invalid:80 HTTP/1.1";
    assert!(asked.iter().any(|line| line == tunnel), "{asked:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named() {
    let server = Server::start().await;
    let proxy = HttpProxy::start(&server).await;
    let through = |url: &str, proxy: &str| {
        let connection = HubConnectionBuilder::new(url).proxy(proxy).build().unwrap();
        async move { soon(connection.start()).await.unwrap_err() }
    };
    let stranger = format!("http://ann:wrong@{}", proxy.address);
    let error = through("http://hub.invalid/hub", &stranger).await;
    assert_eq!(error.status().map(|it| it.as_u16()), Some(407), "{error}");
    let error = through("https://hub.invalid/hub", &stranger)
        .await
        .to_string();
    assert!(error.contains(&proxy.address), "{error}");
    assert!(error.contains("authorization required"), "{error}");
    assert!(!error.contains("wrong"), "no password in {error}");

    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = nobody.local_addr().unwrap();
    drop(nobody);
    let error = through("http://hub.invalid/hub", &gone.to_string()).await;
    assert!(matches!(error, ClientError::Network { .. }), "{error}");
    assert!(error.to_string().contains(&gone.to_string()), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_proxy_is_refused_at_once() {
    for url in ["socks5://localhost:1080", "http://", "a b"] {
        let error = HubConnectionBuilder::new("http://localhost/hub")
            .proxy(url)
            .build()
            .unwrap_err();
        assert!(
            matches!(error, ClientError::Configuration(_)),
            "{url}: {error}"
        );
    }
}

#[tokio::test]
async fn the_environment_names_proxies() {
    let server = Server::start().await;
    let proxy = HttpProxy::start(&server).await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    // All others stay: without some of them Windows has no sockets.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_lowercase().ends_with("_proxy") {
            child.env_remove(name);
        }
    }
    child
        .args(["--exact", "inside_of_such_an_environment", "--ignored"])
        .env("HTTP_PROXY", format!("http://ann:s3cret@{}", proxy.address))
        .env("NO_PROXY", "0.0.0.0")
        .env("TEST_SERVER", &server.url);
    let output = tokio::task::spawn_blocking(move || child.output().unwrap());
    let output = soon(output).await.unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let asked = proxy.asked.lock().unwrap().clone();
    assert!(
        asked.iter().all(|line| line.contains("hub.invalid")),
        "{asked:?}"
    );
    assert!(!asked.is_empty());
    server.stop().await;
}

#[tokio::test]
#[ignore = "run by the test above, with an environment of its own"]
async fn inside_of_such_an_environment() {
    let start = |url: String, without: bool| {
        let builder = HubConnectionBuilder::new(url);
        let builder = if without { builder.no_proxy() } else { builder };
        let connection = builder.build().unwrap();
        async move { soon(connection.start()).await }
    };
    let local = std::env::var("TEST_SERVER").unwrap();
    start(format!("{local}/hub"), false)
        .await
        .expect("this machine's own is never asked of a proxy");
    start("http://hub.invalid/hub".to_owned(), false)
        .await
        .unwrap();
    // Nobody listens there, and a proxy would not care.
    start("http://[::]:1/hub".to_owned(), true)
        .await
        .unwrap_err();
    start("http://0.0.0.0:1/hub".to_owned(), false)
        .await
        .unwrap_err();
}

//! What a change of the configuration does to a server that runs.

mod common;

use std::path::Path;
use std::sync::Arc;

use campanile_host::HostBuilder;
use campanile_host::configuration::{Configuration, ConfigurationBuilder};
use campanile_web::{ServerAddresses, WebHostBuilderExt};
use common::{Client, Running, get, start, until};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};

struct Reloading {
    folder: TempDir,
    running: Running,
}

impl Reloading {
    async fn start(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        std::fs::write(&path, settings).unwrap();
        let builder = HostBuilder::empty().configure_configuration(
            move |sources: &mut ConfigurationBuilder| {
                sources.add_json_file(&path, false);
            },
        );
        let running = start(builder.map_get("/", |_| async { "well" })).await;
        Self { folder, running }
    }

    /// When it returns, the server has followed.
    fn write(&self, settings: &str) {
        let path: &Path = self.folder.path();
        std::fs::write(path.join("settings.json"), settings).unwrap();
        let services = self.running.host.services();
        services
            .required::<Configuration>()
            .unwrap()
            .reload()
            .unwrap();
    }

    fn addresses(&self) -> Vec<String> {
        let services = self.running.host.services();
        let addresses: Arc<ServerAddresses> = services.required().unwrap();
        addresses.all()
    }
}

fn port(address: &str) -> &str {
    address.rsplit_once(':').unwrap().1
}

async fn connect(address: &str) -> Result<Client, std::io::Error> {
    let socket = TcpStream::connect(format!("127.0.0.1:{}", port(address))).await?;
    Ok(Client::of(socket))
}

#[tokio::test]
async fn endpoints_are_opened_and_closed() {
    let host = Reloading::start(
        r#"{ "Kestrel": { "Endpoints": { "A": { "Url": "http://127.0.0.1:0" } } } }"#,
    )
    .await;
    let first = host.addresses();
    let mut stays = connect(&first[0]).await.unwrap();
    assert_eq!(stays.ask(&get("/")).await.body, "well");

    host.write(
        r#"{ "Kestrel": { "Endpoints": { "A": { "Url": "http://127.0.0.1:0" },
            "B": { "Url": "http://localhost:0" } } } }"#,
    );
    let both = host.addresses();
    assert_eq!(both.len(), 2);
    // What is the same is not touched.
    assert_eq!(both[0], first[0]);
    let mut added = connect(&both[1]).await.unwrap();
    assert_eq!(added.ask(&get("/")).await.body, "well");
    assert_eq!(stays.ask(&get("/")).await.body, "well");

    host.write(r#"{ "Kestrel": { "Endpoints": { "B": { "Url": "http://localhost:0" } } } }"#);
    assert_eq!(host.addresses(), [both[1].clone()]);
    // Idle connections of an endpoint that is gone are closed.
    assert_eq!(stays.until_closed().await, "");
    let listens = || std::net::TcpStream::connect(format!("127.0.0.1:{}", port(&both[0]))).is_ok();
    until("nobody listens there any more", || !listens()).await;
    assert_eq!(added.ask(&get("/")).await.body, "well");
    host.running.host.stop().await.unwrap();
    assert!(connect(&both[1]).await.is_err());
}

#[tokio::test]
async fn a_bad_change_changes_nothing() {
    let good = r#"{ "Kestrel": { "Endpoints": { "A": { "Url": "http://127.0.0.1:0" } } } }"#;
    let host = Reloading::start(good).await;
    let before = host.addresses();
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let taken = format!("http://{}", taken.local_addr().unwrap());
    let in_use = r#"{ "Kestrel": { "Endpoints": { "B": { "Url": "http://127.0.0.1:0" }, "C": { "Url": "TAKEN" } } } }"#;
    for bad in [
        r#"{ "Kestrel": { "Endpoints": { "A": { "Url": "nonsense" } } } }"#,
        r#"{ "Kestrel": { "Endpoints": { "A": { "Url": "https://127.0.0.1:0" } } } }"#,
        r#"{ "Kestrel": { "Endpoints": { "A": { "Url": "https://127.0.0.1:0", "Certificate": { "Path": "missing.pem" } } } } }"#,
        r#"{ "Kestrel": { "Endpointz": { } , "Endpoints": { "B": { "Url": "http://127.0.0.1:0" } } } }"#,
        &in_use.replace("TAKEN", &taken),
    ] {
        host.write(bad);
        assert_eq!(host.addresses(), before, "{bad}");
        let mut client = connect(&before[0]).await.unwrap();
        assert_eq!(client.ask(&get("/")).await.body, "well");
    }
    host.write(r#"{ "Kestrel": { "Endpoints": { "B": { "Url": "http://127.0.0.1:0" } } } }"#);
    // B is where A was: nobody has to notice.
    assert_eq!(host.addresses(), before);
}

#[tokio::test]
async fn limits_count_from_the_next_connection_on() {
    let host = Reloading::start(r#"{ "urls": "http://127.0.0.1:0" }"#).await;
    let address = host.addresses().remove(0);
    let mut before = connect(&address).await.unwrap();
    let long = get(&format!("/?{}", "a".repeat(200)));
    assert_eq!(before.ask(&long).await.status, 200);
    host.write(
        r#"{ "urls": "http://127.0.0.1:0", "Kestrel": { "Limits": { "MaxRequestLineSize": 100 } } }"#,
    );
    assert_eq!(before.ask(&long).await.status, 200);
    let mut after = connect(&address).await.unwrap();
    assert_eq!(after.ask(&long).await.status, 414);
}

#[tokio::test]
async fn allowed_hosts_follow() {
    let settings =
        |hosts: &str| format!(r#"{{ "urls": "http://127.0.0.1:0", "AllowedHosts": "{hosts}" }}"#);
    let host = Reloading::start(&settings("bell.test; *.Example.com")).await;
    let status = async |name: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: {name}\r\n\r\n");
        host.running.ask(&request).await
    };
    for (name, expected) in [
        ("bell.test", 200),
        ("BELL.test:99", 200),
        ("a.example.com", 200),
        ("a.b.example.com:1", 200),
        ("", 200),
        ("example.com", 400),
        ("badexample.com", 400),
        ("bell.test.evil", 400),
        ("[::1]:5000", 400),
    ] {
        assert_eq!(status(name).await.status, expected, "{name}");
    }
    let refusal = status("nobody").await;
    assert_eq!(refusal.header("content-type"), Some("text/html"));
    assert!(refusal.body.contains("Bad Request - Invalid Hostname"));
    assert_eq!(refusal.body.len(), 334);
    host.write(&settings("[::1]"));
    assert_eq!(status("[::1]:5000").await.status, 200);
    assert_eq!(status("bell.test").await.status, 400);
    host.write(&settings("http://x"));
    assert_eq!(status("bell.test").await.status, 400);
    host.write(&settings("*"));
    assert_eq!(status("nobody").await.status, 200);
}

#[tokio::test]
async fn a_bad_allowed_host_names_its_place() {
    for bad in ["http://a", "a/b", "a:80", "a.*", "*.", "a b"] {
        let bad = bad.to_owned();
        let named = bad.clone();
        let host = HostBuilder::empty()
            .configure_configuration(move |sources: &mut ConfigurationBuilder| {
                sources.add_in_memory([
                    ("AllowedHosts", named.as_str()),
                    ("urls", "http://127.0.0.1:0"),
                ]);
            })
            .map_get("/", |_| async { "well" })
            .build()
            .unwrap();
        let error = host.start().await.unwrap_err().to_string();
        let expected = format!("AllowedHosts in the program: '{bad}' is no host");
        assert!(error.contains(&expected), "{error}");
    }
}

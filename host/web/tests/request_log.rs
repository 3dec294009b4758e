//! What the log says of requests.

mod common;

use std::io;
use std::sync::{Arc, Mutex};

use campanile_web::WebHostBuilderExt;
use common::{builder, start, until, with_kestrel};
use http_body_util::Empty;
use hyper::client::conn::http2::handshake;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tracing::subscriber::set_global_default;
use tracing_subscriber::fmt;

/// What was written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

// The only test of this program: the log is everybody's.
#[tokio::test]
async fn a_request_has_two_lines_without_tokens() {
    let written = Written::default();
    let writer = written.clone();
    let log = fmt().with_ansi(false).with_writer(move || writer.clone());
    set_global_default(log.finish()).unwrap();
    let running = start(builder().map_post("/ring", |_| async { "bim" })).await;
    let request = "POST /ring?access_token=very.secret&times=3&id=hidden HTTP/1.1\r\nHost: bell\r\n\
                   Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi";
    assert_eq!(running.ask(request).await.body, "bim");
    let url = "POST http://bell/ring?access_token=[Redacted]&times=3&id=[Redacted] - ";
    let starting = format!("Request starting HTTP/1.1 {url}text/plain 2");
    let finished = format!("Request finished HTTP/1.1 {url}200 ");
    until("both lines are there", || {
        let text = written.text();
        text.contains(&starting) && text.contains(&finished)
    })
    .await;
    over_http2(&written).await;
    let text = written.text();
    assert!(
        text.contains("INFO Microsoft.AspNetCore.Hosting.Diagnostics: "),
        "{text}"
    );
    for secret in ["secret", "hidden"] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Which has no minor version in .NET's log.
async fn over_http2(written: &Written) {
    let settings = [("EndpointDefaults:Protocols", "Http2")];
    let running = start(with_kestrel(&settings).map_get("/bell", |_| async { "bam" })).await;
    let socket = TokioIo::new(running.connect().await.socket);
    let (mut sender, connection) = handshake(TokioExecutor::new(), socket).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("http://bell/bell").body(Empty::<bytes::Bytes>::new());
    let response = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    drop(response);
    until("both lines of HTTP/2 are there", || {
        let text = written.text();
        text.contains("Request starting HTTP/2 GET http://bell/bell - - -")
            && text.contains("Request finished HTTP/2 GET http://bell/bell - 200 ")
    })
    .await;
}

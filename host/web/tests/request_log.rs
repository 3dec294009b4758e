//! What the log says of requests.

mod common;

use std::io;
use std::sync::{Arc, Mutex};

use campanile_web::WebHostBuilderExt;
use common::{builder, start, until};
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
    let text = written.text();
    assert!(
        text.contains("INFO Microsoft.AspNetCore.Hosting.Diagnostics: "),
        "{text}"
    );
    for secret in ["secret", "hidden"] {
        assert!(!text.contains(secret), "{text}");
    }
}

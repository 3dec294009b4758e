//! No log has a bearer token.
#![cfg(feature = "jwt")]

mod common;
mod jwt_support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use jwt_support::{NOW, serve, token, with_header};
use serde_json::json;
use tracing_subscriber::layer::SubscriberExt;

// The only test of its program: what other threads log where they have no subscriber would be off for this one as well.
#[tokio::test]
async fn no_log_has_a_token() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let log = Log::default();
    let writer = log.clone();
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(move || writer.clone());
    // Everything down to trace, of this thread, which the whole server runs on.
    let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let running = serve(&[], true).await;
    let good = token(&json!({"sub": "ann", "exp": NOW + 60}));
    let expired = token(&json!({"sub": "ann", "exp": 1}));
    for token in [&good, &expired, &"x.y.z-secret".to_owned()] {
        running
            .ask(&with_header("/known", &format!("Bearer {token}")))
            .await;
        running.get(&format!("/known?access_token={token}")).await;
        running.get(&format!("/nowhere?access_token={token}")).await;
    }
    running.host.stop().await.unwrap();
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("a bearer token was not taken"), "{log}");
    for part in good.split('.').chain(expired.split('.')).chain(["x.y.z"]) {
        assert!(!log.contains(part), "{log}");
    }
}

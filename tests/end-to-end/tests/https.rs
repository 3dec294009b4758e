//! A hub over TLS, down to the last bytes of a connection.

use end_to_end::{Certificate, Clock, HubConnection, Launch, tls};
use serde_json::json;

const SETTINGS: &str = r#"{
    "Kestrel": {
        "Endpoints": { "Secure": { "Url": "https://127.0.0.1:0" } },
        "Certificates": { "Default": { "Path": "site.pem", "KeyPath": "site.key" } }
    }
}"#;

fn start() -> (Clock, [Certificate; 1]) {
    let certificate = Certificate::new();
    let clock = Launch::bare()
        .file("appsettings.json", SETTINGS)
        .file("site.pem", &certificate.pem)
        .file("site.key", &certificate.key)
        .start_as_configured();
    (clock, [certificate])
}

/// The end of a stream of TLS without its own farewell is an error for a client: it could be a cut.
#[test]
fn a_connection_ends_with_the_farewells_of_hub_web_socket_and_tls() {
    let (clock, trusted) = start();
    let member = || {
        let (stream, _) = tls(clock.address(), &trusted);
        HubConnection::over(stream, "wss://localhost/hubs/clock")
    };
    let mut leaving = member();
    leaving.send(&json!({ "type": 7 }));
    assert_eq!(leaving.rest(), [json!({ "type": 7 })]);

    let mut left = member();
    clock.signal("TERM");
    let rest = left.rest();
    assert_eq!(rest, [json!({ "type": 7, "allowReconnect": true })]);
}

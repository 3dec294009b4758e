//! The official Java client, `com.microsoft.signalr`, against the features that it has.

use end_to_end::{
    missing, prove_over,
    toolchains::{java, present},
};

fn proves(test: &str, name: &str, transport: &str) {
    if missing(test, &[present("java"), present("mvn")]) {
        return;
    }
    prove_over("com.microsoft.signalr, json", transport, java().arg(name));
}

#[test]
fn the_java_client_in_json_over_web_sockets() {
    proves(
        "the_java_client_in_json_over_web_sockets",
        "WEBSOCKETS",
        "WebSockets",
    );
}

#[test]
fn the_java_client_in_json_over_long_polling() {
    proves(
        "the_java_client_in_json_over_long_polling",
        "LONG_POLLING",
        "LongPolling",
    );
}

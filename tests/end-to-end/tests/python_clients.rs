//! The Python clients, `pysignalr` and `signalrcore`, against the features that they have.

use end_to_end::{
    missing, prove_over,
    toolchains::{present, python},
};

fn pysignalr(test: &str, protocol: &str) {
    if missing(test, &[present("python3")]) {
        return;
    }
    prove_over(
        &format!("pysignalr, {protocol}"),
        "WebSockets",
        python("pysignalr_checks.py").arg(protocol),
    );
}

fn signalrcore(test: &str, protocol: &str, transport: &str) {
    if missing(test, &[present("python3")]) {
        return;
    }
    prove_over(
        &format!("signalrcore, {protocol}"),
        transport,
        python("signalrcore_checks.py").args([protocol, transport]),
    );
}

#[test]
fn pysignalr_in_json_over_web_sockets() {
    pysignalr("pysignalr_in_json_over_web_sockets", "json");
}

#[test]
fn pysignalr_in_messagepack_over_web_sockets() {
    pysignalr("pysignalr_in_messagepack_over_web_sockets", "messagepack");
}

#[test]
fn signalrcore_in_json_over_web_sockets() {
    signalrcore("signalrcore_in_json_over_web_sockets", "json", "WebSockets");
}

#[test]
fn signalrcore_in_messagepack_over_web_sockets() {
    signalrcore(
        "signalrcore_in_messagepack_over_web_sockets",
        "messagepack",
        "WebSockets",
    );
}

#[test]
fn signalrcore_in_json_over_server_sent_events() {
    signalrcore(
        "signalrcore_in_json_over_server_sent_events",
        "json",
        "ServerSentEvents",
    );
}

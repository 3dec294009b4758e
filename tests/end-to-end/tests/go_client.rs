//! The Go client, `github.com/philippseith/signalr`, against the features that it has.

use end_to_end::{
    missing, prove_over,
    toolchains::{go, present},
};

fn proves(test: &str, protocol: &str) {
    if missing(test, &[present("go")]) {
        return;
    }
    // Its event source does not come to a handshake with any server but its own.
    prove_over(
        &format!("github.com/philippseith/signalr, {protocol}"),
        "WebSockets",
        go().args([protocol, "WebSockets"]),
    );
}

#[test]
fn the_go_client_in_json_over_web_sockets() {
    proves("the_go_client_in_json_over_web_sockets", "json");
}

#[test]
fn the_go_client_in_messagepack_over_web_sockets() {
    proves(
        "the_go_client_in_messagepack_over_web_sockets",
        "messagepack",
    );
}

//! The clock over HTTP/2, for a client that is not ours.

use std::process::Command;

use end_to_end::{Launch, find, missing, repository};

#[test]
fn a_hub_is_reached_over_a_stream_of_http2() {
    let node = find("node");
    if missing("http2", &[("node", node.is_some())]) {
        return;
    }
    let node = node.expect("it is not missing");
    let clock = Launch::new()
        .argument("--Kestrel:EndpointDefaults:Protocols=Http2")
        .argument("--Clock:Interval=00:00:00.100")
        .start();
    let output = Command::new(node)
        .arg(repository().join("tests/end-to-end/node/http2.mjs"))
        .arg(clock.url(""))
        .output()
        .expect("node can be started");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    assert_eq!(text, "status 200\ntick 1\ntick 2\ntick 3\n", "{errors}");
}

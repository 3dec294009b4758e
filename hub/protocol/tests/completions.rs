//! Completions that are passed on.

use campanile_hub_protocol::{HubProtocol, IncomingMessage};

/// Writes a message's completion under another id.
fn passed_on(protocol: HubProtocol, message: &[u8], id: &str) -> Vec<u8> {
    let frame = protocol.next_frame(message, None).unwrap().unwrap();
    let IncomingMessage::Completion(completion) = protocol.parse(frame.body).unwrap() else {
        panic!("{message:?} is no completion");
    };
    let mut out = Vec::new();
    protocol.write_completion(&mut out, id, &completion.outcome);
    out
}

#[test]
fn what_comes_in_goes_out_under_another_id() {
    #[rustfmt::skip]
    let cases: [(HubProtocol, &[u8], &[u8]); 7] = [
        (HubProtocol::Json, b"{\"type\":3,\"invocationId\":\"s1\",\"result\": {\"a\" : [1.50]} }\x1e", b"{\"type\":3,\"invocationId\":\"q\",\"result\":{\"a\" : [1.50]}}\x1e"),
        (HubProtocol::Json, b"{\"type\":3,\"invocationId\":\"s1\",\"error\":\"no\"}\x1e", b"{\"type\":3,\"invocationId\":\"q\",\"error\":\"no\"}\x1e"),
        (HubProtocol::Json, b"{\"type\":3,\"invocationId\":\"s1\"}\x1e", b"{\"type\":3,\"invocationId\":\"q\"}\x1e"),
        (HubProtocol::MessagePack, b"\x08\x95\x03\x80\xa2s1\x03\x2a", b"\x07\x95\x03\x80\xa1q\x03\x2a"),
        (HubProtocol::MessagePack, b"\x0c\x95\x03\x80\xa2s1\x03\x81\xa1a\x91\xff", b"\x0b\x95\x03\x80\xa1q\x03\x81\xa1a\x91\xff"),
        (HubProtocol::MessagePack, b"\x0a\x95\x03\x80\xa2s1\x01\xa2no", b"\x09\x95\x03\x80\xa1q\x01\xa2no"),
        (HubProtocol::MessagePack, b"\x07\x94\x03\x80\xa2s1\x02", b"\x06\x94\x03\x80\xa1q\x02"),
    ];
    for (protocol, message, expected) in cases {
        assert_eq!(passed_on(protocol, message, "q"), expected, "{message:?}");
    }
}

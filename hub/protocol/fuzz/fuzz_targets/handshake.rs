//! The first bytes of a connection, on either side: `cargo fuzz run -s none handshake`.
#![no_main]

use campanile_hub_protocol::handshake::{HandshakeRequest, HandshakeResponse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(Some((_, consumed))) = HandshakeRequest::parse(input) {
        assert!(consumed <= input.len());
    }
    if let Ok(Some((_, consumed))) = HandshakeResponse::parse(input) {
        assert!(consumed <= input.len());
    }
});

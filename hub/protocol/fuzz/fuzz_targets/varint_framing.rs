//! Length prefixes: `cargo fuzz run -s none varint_framing`.
#![no_main]

use campanile_hub_protocol::HubProtocol;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut rest = input;
    while let Ok(Some(frame)) = HubProtocol::MessagePack.next_frame(rest, Some(1000)) {
        assert!(frame.consumed <= 1000 && frame.body.len() < frame.consumed);
        assert!((1..=5).contains(&(frame.consumed - frame.body.len())));
        rest = &rest[frame.consumed..];
    }
});

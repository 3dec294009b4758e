//! What a client asks for in its negotiation: `cargo fuzz run -s none negotiate_query`.
#![no_main]

use campanile_hub_protocol::{NegotiateRequest, query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    if let Ok(request) = NegotiateRequest::parse(input, 0) {
        assert!((0..=1).contains(&request.version));
    }
    assert_eq!(query::parameter(input, "id"), query::values(input, "ID").next());
});

//! The body of a message, and the values in it: `cargo fuzz run -s none messagepack_message`.
#![no_main]

use campanile_hub_protocol::{CompletionOutcome, HubProtocol, IncomingMessage};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    match HubProtocol::MessagePack.parse(body) {
        Ok(IncomingMessage::Invocation(invocation)) => {
            let mut arguments = invocation.arguments.reader(2);
            let _ = arguments.next::<serde_json::Value>();
            let _ = arguments.next::<String>();
            let _ = arguments.finish();
        }
        Ok(IncomingMessage::StreamItem { item, .. }) => {
            drop(item.deserialize::<serde_json::Value>())
        }
        Ok(IncomingMessage::Completion(completion)) => {
            if let CompletionOutcome::Result(result) = completion.outcome {
                let _ = result.deserialize::<serde_json::Value>();
            }
        }
        _ => {}
    }
});

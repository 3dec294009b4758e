use campanile_host::Inject;
use campanile_hub::{HubStream, hub};
use futures_util::stream;

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    pub fn errors_that_are_none(&self) -> HubStream<u32> {
        HubStream::new(stream::iter([Ok(1), Err(std::time::Duration::ZERO)]))
    }

    pub fn other_items(&self) -> HubStream<u32> {
        HubStream::new(stream::iter(["one", "two"]))
    }

    pub fn named_items(&self) -> HubStream<u32> {
        HubStream::<u32>::new(stream::iter(["one", "two"]))
    }
}

fn main() {}

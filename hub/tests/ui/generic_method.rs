use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub};

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    pub fn echo<T>(&self, value: T) -> HubResult<T> {
        let _: Option<&HubCaller<Self>> = None;
        Ok(value)
    }
}

fn main() {}

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub};

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    pub fn count(&mut self, caller: &HubCaller<Self>) -> HubResult<u32> {
        let _ = caller;
        Ok(1)
    }
}

fn main() {}

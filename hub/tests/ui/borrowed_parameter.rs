use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub};

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    pub fn greet(&self, caller: &HubCaller<Self>, name: &str) -> HubResult<String> {
        let _ = caller;
        Ok(name.to_owned())
    }
}

fn main() {}

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub};

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    pub fn who(&self, caller: HubCaller<Self>) -> HubResult<String> {
        Ok(caller.connection_id().to_owned())
    }
}

fn main() {}

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub};

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    pub fn thread(&self, caller: &HubCaller<Self>) -> HubResult<std::thread::Thread> {
        let _ = caller;
        Ok(std::thread::current())
    }
}

fn main() {}

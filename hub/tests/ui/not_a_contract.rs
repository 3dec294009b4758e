use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub};

#[derive(Inject)]
struct ChatHub;

struct NoContract;

trait Plain {}

impl Plain for NoContract {}

#[hub(client = Plain)]
impl ChatHub {
    pub fn nothing(&self, caller: &HubCaller<Self>) -> HubResult<()> {
        let _ = caller;
        Ok(())
    }
}

fn main() {}

use campanile_host::Inject;
use campanile_hub::{HubResult, hub};

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    pub fn count(&self) -> HubResult<HubResult<u32>> {
        Ok(Ok(1))
    }
}

fn main() {}

use std::sync::Arc;

use campanile_host::Inject;
use campanile_hub::hub;

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    pub fn count(&self, #[inject(name = "a")] _bell: Arc<u32>) {}
}

fn main() {}

use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub};

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    async fn on_connected(&self) -> HubResult<()> {
        let _: Option<&HubCaller<Self>> = None;
        Ok(())
    }
}

fn main() {}

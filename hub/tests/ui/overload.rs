use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub};

#[derive(Inject)]
struct ChatHub;

#[hub]
impl ChatHub {
    pub async fn send(&self, caller: &HubCaller<Self>) -> HubResult<()> {
        caller.clients().all().send("Sent", ()).await
    }

    #[hub_method(name = "SEND")]
    pub fn post(&self) {}
}

fn main() {}

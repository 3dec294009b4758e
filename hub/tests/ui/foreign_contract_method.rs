use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub, hub_client};

#[hub_client]
trait Chat {
    async fn receive(&self, text: String);
}

#[hub_client]
trait Clock {
    async fn show_time(&self, time: String);
}

#[derive(Inject)]
struct ChatHub;

#[hub(client = Chat)]
impl ChatHub {
    pub async fn send(&self, caller: &HubCaller<Self>, text: String) -> HubResult<()> {
        caller.clients().all().show_time(text).await
    }
}

fn main() {}

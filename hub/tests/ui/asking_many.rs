use campanile_host::Inject;
use campanile_hub::{HubCaller, HubResult, hub, hub_client};

#[hub_client]
trait Quiz {
    async fn ask(&self, question: String) -> bool;
}

#[derive(Inject)]
struct QuizHub;

#[hub(client = Quiz)]
impl QuizHub {
    pub async fn ask_everyone(&self, caller: &HubCaller<Self>) -> HubResult<bool> {
        caller.clients().all().ask("well?".into()).await
    }
}

fn main() {}

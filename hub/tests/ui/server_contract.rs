use campanile_host::Inject;
use campanile_hub::{HubCaller, hub, hub_server};

#[hub_server]
trait Tower {
    async fn ring(&self, hour: u32) -> bool;
    async fn rest(&self);
}

#[derive(Inject)]
struct Missing;

#[hub(server = Tower)]
impl Missing {
    pub fn ring(&self, caller: &HubCaller<Self>, hour: u32) -> bool {
        let _ = caller;
        hour > 6
    }
}

#[derive(Inject)]
struct More;

#[hub(server = Tower)]
impl More {
    pub fn ring(&self, hour: u32) -> bool {
        hour > 6
    }
    pub fn rest(&self) {}
    pub fn sleep(&self) {}
}

#[derive(Inject)]
struct Other;

#[hub(server = Tower)]
impl Other {
    pub fn ring(&self, hour: u64) -> bool {
        hour > 6
    }
    pub fn rest(&self) {}
}

fn main() {}

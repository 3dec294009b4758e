use campanile_hub_client::hub_client;

#[hub_client]
trait Bell {
    async fn ring(&self, hour: u32) -> bool;
    async fn rest(&self);
}

struct Other;

impl Bell for Other {
    async fn ring(&self, hour: String) -> bool {
        hour.is_empty()
    }

    async fn rest(&self) {}
}

struct Missing;

impl Bell for Missing {
    async fn ring(&self, hour: u32) -> bool {
        hour > 6
    }
}

fn main() {}

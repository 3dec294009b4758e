use campanile_hub_client::{HubConnection, hub_client};

#[hub_client]
trait Bell {
    async fn ring(&self, hour: u32);
}

struct NoBell;

trait Plain {}

fn example(connection: HubConnection) {
    connection.register::<dyn Bell>(NoBell);
    connection.register::<dyn Plain>(NoBell);
}

fn main() {}

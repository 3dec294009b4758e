use campanile_hub::hub_server;

#[hub_server]
trait Borrowing {
    async fn ring(&self, place: &str);
}

#[hub_server]
trait Blocking {
    fn ring(&self, hour: u32) -> bool;
}

#[hub_server]
trait WithBody {
    async fn ring(&self) {}
}

#[hub_server]
trait WithoutSelf {
    async fn ring(hour: u32);
}

#[hub_server]
trait Generic<T> {
    async fn ring(&self, hour: T);
}

#[hub_server]
trait Constant {
    const HOUR: u32;
}

fn main() {}

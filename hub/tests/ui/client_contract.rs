use campanile_hub::hub_client;

#[hub_client]
trait Borrowing {
    async fn tell(&self, text: &str);
}

#[hub_client]
trait Blocking {
    fn tell(&self, text: String);
}

#[hub_client]
trait WithoutSelf {
    async fn tell(text: String);
}

#[hub_client]
trait WithBody {
    async fn tell(&self) {}
}

#[hub_client]
trait Generic<T> {
    async fn tell(&self, value: T);
}

fn main() {}

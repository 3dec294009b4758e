use std::sync::Arc;

use campanile_host::{Inject, ServiceCollection};

#[derive(Inject)]
struct Network;

fn main() {
    let mut services = ServiceCollection::new();
    services.add_singleton_async_factory::<String, _>(|_: Arc<Network>| String::new());
    services.add_singleton_async_factory::<String, _>(async |_: Network| String::new());
}

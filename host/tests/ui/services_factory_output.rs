use std::sync::Arc;

use campanile_host::{Inject, ServiceCollection};

trait Greeter: Send + Sync {}

#[derive(Inject)]
struct English;

impl Greeter for English {}

fn main() {
    ServiceCollection::new().add_singleton_factory::<dyn Greeter, _>(|it: Arc<English>| it);
}

use std::sync::Arc;

use campanile_host::Inject;
use campanile_host::services::ServiceProvider;

#[derive(Inject)]
struct Misspelt {
    #[inject(named = "red")]
    text: Arc<String>,
}

#[derive(Inject)]
struct Misplaced {
    #[inject(key = "red")]
    provider: ServiceProvider,
}

#[derive(Inject)]
#[inject(dispose)]
struct NotDisposable;

#[derive(Inject)]
enum Choice {
    One,
}

fn main() {}

use campanile_host::inject;

struct NoConstructor;

#[inject]
impl NoConstructor {}

struct Waiting;

#[inject]
impl Waiting {
    async fn new() -> Self {
        Self
    }
}

struct Optional;

#[inject]
impl Optional {
    fn new() -> Option<Self> {
        Some(Self)
    }
}

#[inject]
struct NotABlock;

fn main() {}

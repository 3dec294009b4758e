use std::rc::Rc;

use campanile_host::{BackgroundService, BoxError, CancellationToken};

struct Worker;

impl BackgroundService for Worker {
    async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
        let count = Rc::new(1);
        stopping.cancelled().await;
        drop(count);
        Ok(())
    }
}

fn main() {}

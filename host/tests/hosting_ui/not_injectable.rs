use campanile_host::{BackgroundService, BoxError, CancellationToken, HostBuilder};

struct Worker;

impl BackgroundService for Worker {
    async fn execute(&self, _stopping: CancellationToken) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {
    let _ = HostBuilder::new().add_hosted_service::<Worker>();
}

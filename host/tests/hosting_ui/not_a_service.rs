use campanile_host::{HostBuilder, Inject};

#[derive(Inject)]
struct Worker;

fn main() {
    let _ = HostBuilder::new().add_hosted_service::<Worker>();
}

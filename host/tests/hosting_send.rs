//! A host can be run and stopped from any task.

use campanile_host::{CancellationToken, Host};

fn any_task<T: Send>(_: T) {}

#[allow(dead_code, reason = "compiling it is the test")]
fn a_host_moves_between_threads(run: Host, until: Host, host: &Host) {
    any_task(run.run());
    any_task(until.run_until(CancellationToken::new()));
    any_task(host.start());
    any_task(host.stop());
    any_task(host.wait_for_shutdown());
}

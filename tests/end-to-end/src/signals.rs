//! Signals to the processes that a test has started.

use std::process::Child;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

pub(crate) fn signal(child: &Child, signal: Signal) {
    kill_process(number(child), signal).expect("a child can be signalled");
}

/// Stops it, and returns when all its threads have stopped: until then each may go on with what it does.
pub(crate) fn freeze(child: &Child) {
    signal(child, Signal::STOP);
    let stopped = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(number(child)), stopped).expect("a child can be waited for");
}

fn number(child: &Child) -> Pid {
    let number = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    number.expect("a child has a number")
}

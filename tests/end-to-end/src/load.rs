//! What a server uses, and how much it may.

use std::{fs, time::Duration};

use rustix::param::clock_ticks_per_second;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a process uses at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Memory that is there for it alone, in bytes.
    pub memory: u64,
    /// Open files, sockets among them.
    pub descriptors: usize,
    /// Processor time since it began, the system's for it included; as fine as the system counts, mostly 10 ms.
    pub processor: Duration,
}

impl Usage {
    /// Of the process of that number, now.
    ///
    /// # Panics
    ///
    /// Where there is no such process.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let status =
            fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok())
            .expect("a process has memory");
        let descriptors = fs::read_dir(format!("/proc/{process}/fd"))
            .expect("the process is ours")
            .count();
        let stat =
            fs::read_to_string(format!("/proc/{process}/stat")).expect("the process is there");
        Self {
            memory: resident * 1024,
            descriptors,
            processor: processor_time(&stat).expect("a process has used some time, or none"),
        }
    }
}

fn processor_time(stat: &str) -> Option<Duration> {
    // The name before it may have anything in it; `utime` and `stime` are the fields 14 and 15 of all.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<u64>);
    let ticks = times.next()?.ok()? + times.next()?.ok()?;
    Some(Duration::from_millis(
        ticks * 1000 / clock_ticks_per_second(),
    ))
}

/// Lets this process, and those that it starts, open as many files as it may at all; says how many that are.
#[must_use]
pub fn raise_descriptor_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Where it may not, what there is has to do.
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

//! [`Batch`]: how what is to be exported is gathered.

use std::time::Duration;

use campanile_host::configuration::Configuration;

use super::error::OtlpError;
use super::reader::{Variable, variable};

/// The variables `OTEL_BSP_*` of spans and `OTEL_BLRP_*` of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    /// How long something waits for more of its kind.
    pub(crate) delay: Duration,
    /// How much may wait; what is beyond it is lost.
    pub(crate) queue: usize,
    /// How much is sent at once.
    pub(crate) size: usize,
}

impl Batch {
    pub(crate) fn read(
        configuration: &Configuration,
        prefix: &str,
        delay: Duration,
    ) -> Result<Self, OtlpError> {
        let read = |name: &str| variable(configuration, &format!("{prefix}_{name}"));
        let milliseconds = read("SCHEDULE_DELAY").map(Variable::milliseconds);
        let queue = read("MAX_QUEUE_SIZE")
            .map(Variable::count)
            .transpose()?
            .unwrap_or(2048);
        let size = read("MAX_EXPORT_BATCH_SIZE");
        Ok(Self {
            delay: milliseconds.transpose()?.unwrap_or(delay),
            queue,
            size: match size {
                None => queue.min(512),
                Some(size) => {
                    let given = size.clone();
                    Some(size.count()?)
                        .filter(|it| *it <= queue)
                        .ok_or_else(|| given.unwanted("within the queue's size"))?
                }
            },
        })
    }
}

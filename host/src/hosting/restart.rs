//! [`RestartPolicy`]: when a background service that failed is started again.

use std::time::Duration;

use serde::Deserialize;

/// How [`BackgroundServiceExceptionBehavior::Restart`](super::BackgroundServiceExceptionBehavior::Restart) restarts.
///
/// The first restart comes after [`first_delay`](Self::first_delay); each further one after twice as long as the one
/// before, up to [`longest_delay`](Self::longest_delay). A service that ran for [`healthy_after`](Self::healthy_after) before
/// it failed begins anew: its delay is the first one again, and nothing counts against its limit.
///
/// Set by the section `BackgroundServiceRestart` of the configuration, with these names, or by
/// [`HostBuilder::configure_host_options`](super::HostBuilder::configure_host_options).
///
/// ```
/// use std::time::Duration;
/// use campanile_host::hosting::RestartPolicy;
///
/// let mut policy = RestartPolicy::default();
/// policy.first_delay = Duration::from_millis(100);
/// policy.limit = 3;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RestartPolicy {
    /// What is waited before the first restart; 1 s by default.
    pub first_delay: Duration,
    /// What is waited at most; 1 min by default.
    pub longest_delay: Duration,
    /// How many restarts in a row there are; 10 by default. The next failure stops the host, as
    /// [`StopHost`](super::BackgroundServiceExceptionBehavior::StopHost) would.
    pub limit: u32,
    /// How long a service has to run for its earlier failures to be forgotten; 5 min by default.
    pub healthy_after: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(60),
            limit: 10,
            healthy_after: Duration::from_secs(5 * 60),
        }
    }
}

/// The restarts of one service.
#[derive(Debug)]
pub(crate) struct Restarts {
    policy: RestartPolicy,
    in_a_row: u32,
}

impl Restarts {
    pub(crate) fn new(policy: RestartPolicy) -> Self {
        Self {
            policy,
            in_a_row: 0,
        }
    }

    /// What to wait before the next restart of a service that failed after having run for so long; `None` if it is not to
    /// be restarted any more.
    pub(crate) fn after(&mut self, ran: Duration) -> Option<Duration> {
        if ran >= self.policy.healthy_after {
            self.in_a_row = 0;
        }
        if self.in_a_row >= self.policy.limit {
            return None;
        }
        let doubled = 2u32.checked_pow(self.in_a_row);
        let delay = doubled.and_then(|factor| self.policy.first_delay.checked_mul(factor));
        self.in_a_row += 1;
        Some(delay.map_or(self.policy.longest_delay, |delay| {
            delay.min(self.policy.longest_delay)
        }))
    }

    /// How many restarts there have been since the service was healthy.
    pub(crate) fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    pub(crate) fn limit(&self) -> u32 {
        self.policy.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_up_to_the_longest_and_a_healthy_time_resets_it() {
        let mut restarts = Restarts::new(RestartPolicy {
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(5),
            limit: 4,
            healthy_after: Duration::from_secs(60),
        });
        let mut delays = |ran: u64| {
            restarts
                .after(Duration::from_secs(ran))
                .map(|it| it.as_secs())
        };
        assert_eq!(
            [0; 5].map(&mut delays),
            [Some(1), Some(2), Some(4), Some(5), None]
        );
        assert_eq!(delays(60), Some(1));
        assert_eq!(delays(59), Some(2));
    }

    #[test]
    fn a_delay_that_cannot_be_computed_is_the_longest() {
        let mut restarts = Restarts::new(RestartPolicy {
            limit: u32::MAX,
            ..RestartPolicy::default()
        });
        let last = (0..100)
            .filter_map(|_| restarts.after(Duration::ZERO))
            .last();
        assert_eq!(last, Some(Duration::from_secs(60)));
    }
}

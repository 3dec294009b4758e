//! When a lost connection is made anew.

use std::time::Duration;

use crate::ClientError;

/// Says how long to wait before the next attempt to reconnect, or that there shall be none.
///
/// Implemented for functions; [`RetryDelays`] is the list of the official clients.
#[doc(alias = "IRetryPolicy")]
pub trait RetryPolicy: Send + Sync + 'static {
    /// The time until the next attempt; none to give up, and to be closed.
    fn next_delay(&self, context: &RetryContext<'_>) -> Option<Duration>;
}

/// How it stands with reconnecting.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct RetryContext<'a> {
    /// How many attempts have failed since the connection was lost: 0 the first time.
    pub previous_retry_count: u32,
    /// How long ago the connection was lost.
    pub elapsed: Duration,
    /// Why the last attempt failed; at first, why the connection was lost, where that is known.
    pub reason: Option<&'a ClientError>,
}

impl<F> RetryPolicy for F
where
    F: Fn(&RetryContext<'_>) -> Option<Duration> + Send + Sync + 'static,
{
    fn next_delay(&self, context: &RetryContext<'_>) -> Option<Duration> {
        self(context)
    }
}

/// One attempt after each delay of a list; or after the last of them for ever.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryDelays {
    delays: Vec<Duration>,
    for_ever: bool,
    jitter: f64,
}

impl Default for RetryDelays {
    /// 0, 2, 10 and 30 seconds, then no more: what the official clients do.
    fn default() -> Self {
        Self::new([0, 2, 10, 30].map(Duration::from_secs))
    }
}

impl RetryDelays {
    /// One attempt after each of the delays.
    #[must_use]
    pub fn new(delays: impl IntoIterator<Item = Duration>) -> Self {
        Self {
            delays: delays.into_iter().collect(),
            for_ever: false,
            jitter: 0.0,
        }
    }

    /// Goes on with the last delay when the list is used up. An empty list stays one.
    #[must_use]
    pub fn for_ever(mut self) -> Self {
        self.for_ever = true;
        self
    }

    /// Makes each delay longer by up to this part of it, at random, so that many clients do not come back at once.
    ///
    /// `0.5` makes of 10 seconds something between 10 and 15. What is not between 0 and 1 is taken for the nearer of the two.
    #[must_use]
    pub fn jitter(mut self, part: f64) -> Self {
        self.jitter = if part.is_nan() {
            0.0
        } else {
            part.clamp(0.0, 1.0)
        };
        self
    }
}

impl RetryPolicy for RetryDelays {
    fn next_delay(&self, context: &RetryContext<'_>) -> Option<Duration> {
        let index = context.previous_retry_count as usize;
        let delay = match self.delays.get(index) {
            Some(delay) => *delay,
            None if self.for_ever => *self.delays.last()?,
            None => return None,
        };
        // Without randomness the delay itself is as good as any.
        let random = getrandom::u32().map_or(0.0, |it| f64::from(it) / f64::from(u32::MAX));
        Some(delay.mul_f64(1.0 + self.jitter * random))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(policy: &RetryDelays, count: u32) -> Vec<Option<u64>> {
        (0..count)
            .map(|previous_retry_count| {
                policy
                    .next_delay(&RetryContext {
                        previous_retry_count,
                        elapsed: Duration::ZERO,
                        reason: None,
                    })
                    .map(|it| it.as_secs())
            })
            .collect()
    }

    #[test]
    fn lists() {
        let usual = RetryDelays::default();
        assert_eq!(
            delays(&usual, 5),
            [Some(0), Some(2), Some(10), Some(30), None]
        );
        let last = usual.for_ever();
        assert_eq!(delays(&last, 6)[4..], [Some(30), Some(30)]);
        assert_eq!(delays(&RetryDelays::new([]).for_ever(), 1), [None]);
    }

    #[test]
    fn jitter_only_adds() {
        let policy = RetryDelays::new([Duration::from_secs(100)])
            .for_ever()
            .jitter(0.5);
        let all = delays(&policy, 50);
        assert!(all.iter().flatten().all(|it| (100..=150).contains(it)));
        assert!(all.iter().any(|it| *it != all[0]), "they differ");
    }
}

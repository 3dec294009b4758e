//! How fast a client may call.

use tokio::time::Instant;

/// A bucket of tokens: it holds a second's worth, and is full in the beginning.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: f64,
    tokens: f64,
    filled: Instant,
    /// Whether the log knows already.
    pub(super) told: bool,
}

impl Rate {
    pub(super) fn new(per_second: u32) -> Self {
        Self {
            per_second: f64::from(per_second),
            tokens: f64::from(per_second),
            filled: Instant::now(),
            told: false,
        }
    }

    /// Whether one more call fits.
    pub(super) fn take(&mut self) -> bool {
        let now = Instant::now();
        let since = now.duration_since(self.filled).as_secs_f64();
        self.tokens = self
            .per_second
            .min(since.mul_add(self.per_second, self.tokens));
        self.filled = now;
        let fits = self.tokens >= 1.0;
        if fits {
            self.tokens -= 1.0;
        }
        fits
    }

    pub(super) fn per_second(&self) -> f64 {
        self.per_second
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn take_all(rate: &mut Rate) -> usize {
        std::iter::repeat_with(|| rate.take())
            .take_while(|taken| *taken)
            .count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_is_saved_up_and_no_more() {
        let mut rate = Rate::new(4);
        assert_eq!(take_all(&mut rate), 4);
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(take_all(&mut rate), 2);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(take_all(&mut rate), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn asking_in_vain_costs_nothing() {
        let mut rate = Rate::new(1);
        assert!(rate.take());
        for _ in 0..9 {
            tokio::time::advance(Duration::from_millis(100)).await;
            assert!(!rate.take());
        }
        tokio::time::advance(Duration::from_millis(101)).await;
        assert!(rate.take());
    }
}

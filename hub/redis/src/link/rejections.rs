//! How often garbage is told of in the log: whoever publishes it must not fill the disk.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The least time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Rejections(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    told: Option<Instant>,
    untold: u64,
}

impl Rejections {
    /// Whether to tell of one more: how many have not been told of before it.
    pub(super) fn tell(&self, now: Instant) -> Option<u64> {
        // Nothing in here panics half-way through a change.
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.told.is_some_and(|told| now < told + PAUSE) {
            state.untold += 1;
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_one_is_told_and_then_one_a_second_with_those_between() {
        let begun = Instant::now();
        let at = |milliseconds| begun + Duration::from_millis(milliseconds);
        let rejections = Rejections::default();
        assert_eq!(rejections.tell(at(0)), Some(0));
        assert_eq!(rejections.tell(at(1)), None);
        assert_eq!(rejections.tell(at(999)), None);
        assert_eq!(rejections.tell(at(1000)), Some(2));
        assert_eq!(rejections.tell(at(1999)), None);
        assert_eq!(rejections.tell(at(5000)), Some(1));
    }
}

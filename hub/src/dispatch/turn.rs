//! How long a stream that is always ready keeps its thread from everybody else.

use std::time::{Duration, Instant};

use tokio::task::yield_now;

/// A turn is over after so many items, which are written together then,
const ITEMS: u32 = 1024;

/// or after so long, if they are costly to make,
const TIME: Duration = Duration::from_micros(100);

/// for which the clock is looked at once for so many items, and whether the stream is still wanted.
const LOOK: u32 = 32;

/// What is left of a turn.
///
/// Tokio's own budget is no measure: its 128 items are a few microseconds of numbers, less than it costs to write them, and
/// without end where each takes its time.
#[derive(Debug)]
pub(super) struct Turn {
    items: u32,
    began: Instant,
}

impl Turn {
    pub(super) fn begin() -> Self {
        Self {
            items: 0,
            began: Instant::now(),
        }
    }

    /// Counts an item, and lets the others have their turn when this one is over.
    pub(super) async fn count(&mut self) {
        self.items += 1;
        if self.is_to_look() && self.is_over() {
            yield_now().await;
            *self = Self::begin();
        }
    }

    /// Whether it is time for what is not done for each item: at the beginning, and now and then.
    pub(super) fn is_to_look(&self) -> bool {
        self.items.is_multiple_of(LOOK)
    }

    fn is_over(&self) -> bool {
        self.items >= ITEMS || self.began.elapsed() >= TIME
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::poll_immediate;

    use super::*;

    #[tokio::test]
    async fn a_turn_is_of_so_many_items() {
        let mut turn = Turn::begin();
        // As if the clock stood still, which is not for a test to make sure of.
        let mut one = async || {
            turn.began = Instant::now();
            poll_immediate(turn.count()).await.is_some()
        };
        for _ in 1..ITEMS {
            assert!(one().await);
        }
        assert!(!one().await, "the thread was not given away");
    }

    #[tokio::test]
    async fn a_turn_of_costly_items_is_short() {
        let mut turn = Turn::begin();
        turn.began -= TIME;
        for _ in 1..LOOK {
            assert!(poll_immediate(turn.count()).await.is_some());
        }
        assert!(poll_immediate(turn.count()).await.is_none());
    }
}

//! How much room a queue keeps that is empty.

use std::collections::VecDeque;

/// What a queue may have room for at any time.
const FEW: usize = 64;

/// What it may keep room for from one large batch to the next.
const MANY: usize = 256;

/// Gives back the room that an empty queue has and will not need, after a batch of `held`.
///
/// A stream that goes on is handed over in one large batch after the other: to grow for each of them anew would cost more than
/// its items. So that room is kept until a batch is small; a ping is, at the latest. What was larger still goes at once.
pub(crate) fn trim<T>(queue: &mut VecDeque<T>, held: usize) {
    let kept = if held > FEW { MANY } else { FEW };
    if queue.capacity() > kept {
        *queue = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A queue after a batch.
    fn after(mut queue: VecDeque<u8>, held: usize) -> VecDeque<u8> {
        queue.extend(vec![0; held]);
        queue.clear();
        trim(&mut queue, held);
        queue
    }

    #[test]
    fn room_is_kept_between_large_batches_and_given_back_after_a_small_one() {
        let queue = after(VecDeque::new(), 128);
        assert!(queue.capacity() >= 128);
        let queue = after(queue, 100);
        assert!(queue.capacity() >= 128);
        assert_eq!(after(queue, 1).capacity(), 0);
    }

    #[test]
    fn the_room_of_a_flood_is_given_back_at_once() {
        assert_eq!(after(VecDeque::new(), 10_000).capacity(), 0);
    }
}

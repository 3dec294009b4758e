//! The items of a stream on their way from the connection to their reader.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::task::coop;

/// The room that is kept for items to come; what a burst took beyond it is given back.
const ROOM: usize = 1024;

/// A way for items, without a limit.
pub(crate) fn items<T>() -> (ItemSender<T>, Items<T>) {
    let shared = Arc::new(Mutex::new(Shared {
        items: VecDeque::new(),
        reader: None,
        ended: false,
    }));
    let sender = ItemSender {
        gathered: VecDeque::new(),
        shared: shared.clone(),
    };
    let items = Items {
        read: VecDeque::new(),
        shared,
    };
    (sender, items)
}

struct Shared<T> {
    items: VecDeque<T>,
    reader: Option<Waker>,
    ended: bool,
}

/// The connection's end: it gathers what comes together, and hands it over at once, since waking a reader costs more than
/// an item. Dropped, it hands over the rest and ends the stream.
pub(crate) struct ItemSender<T> {
    gathered: VecDeque<T>,
    shared: Arc<Mutex<Shared<T>>>,
}

/// The reader's end.
pub(crate) struct Items<T> {
    /// What has been handed over, and nobody else can see any more.
    read: VecDeque<T>,
    shared: Arc<Mutex<Shared<T>>>,
}

/// Items are moved, never pinned.
impl<T> Unpin for Items<T> {}

fn lock<T>(shared: &Mutex<Shared<T>>) -> MutexGuard<'_, Shared<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> ItemSender<T> {
    pub(crate) fn push(&mut self, item: T) {
        self.gathered.push_back(item);
    }

    /// Lets the reader have what has been gathered. Who is to be woken for it, by a caller that holds no lock: the waker may
    /// be all that is left of its task.
    #[must_use]
    pub(crate) fn hand_over(&mut self) -> Option<Waker> {
        if self.gathered.is_empty() {
            return None;
        }
        let mut shared = lock(&self.shared);
        if shared.items.is_empty() {
            // The reader has left its empty buffer there.
            mem::swap(&mut shared.items, &mut self.gathered);
        } else {
            shared.items.append(&mut self.gathered);
        }
        shared.reader.take()
    }
}

impl<T> Drop for ItemSender<T> {
    fn drop(&mut self) {
        let mut shared = lock(&self.shared);
        shared.items.append(&mut self.gathered);
        shared.ended = true;
        let reader = shared.reader.take();
        drop(shared);
        reader.into_iter().for_each(Waker::wake);
    }
}

impl<T> Items<T> {
    /// The next item; none at the end.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let progress = ready!(coop::poll_proceed(cx));
        if self.read.is_empty() {
            ready!(self.poll_fill(cx));
        }
        progress.made_progress();
        Poll::Ready(self.read.pop_front())
    }

    /// Ready when there is something, or nothing will come any more.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.read.capacity() > ROOM {
            self.read = VecDeque::new();
        }
        let mut shared = lock(&self.shared);
        if shared.items.is_empty() && !shared.ended {
            match &mut shared.reader {
                Some(reader) => reader.clone_from(cx.waker()),
                None => shared.reader = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        }
        mem::swap(&mut self.read, &mut shared.items);
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_reader_is_woken_once_for_all_that_came_together() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let cx = &mut Context::from_waker(&waker);
        let (mut sender, mut items) = items();
        assert!(items.poll_next(cx).is_pending());
        for number in 0..3 {
            sender.push(number);
        }
        assert!(items.poll_next(cx).is_pending(), "not handed over yet");
        sender.hand_over().into_iter().for_each(Waker::wake);
        sender.push(3);
        assert!(sender.hand_over().is_none(), "nobody waits");
        for number in 0..4 {
            assert_eq!(items.poll_next(cx), Poll::Ready(Some(number)));
        }
        assert!(items.poll_next(cx).is_pending());
        sender.push(4);
        drop(sender);
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
        assert_eq!(items.poll_next(cx), Poll::Ready(Some(4)));
        assert_eq!(items.poll_next(cx), Poll::Ready(None));
        assert_eq!(items.poll_next(cx), Poll::Ready(None));
    }

    #[tokio::test]
    async fn a_reader_that_always_finds_something_leaves_others_their_turn() {
        let (mut sender, mut items) = items();
        (0..10_000).for_each(|number| sender.push(number));
        drop(sender);
        let other = tokio::spawn(async {});
        let mut read = 0;
        while poll_fn(|cx| items.poll_next(cx)).await.is_some() && !other.is_finished() {
            read += 1;
        }
        assert!(read < 1000, "{read} items in one turn");
    }

    #[test]
    fn the_room_of_a_burst_is_given_back() {
        let cx = &mut Context::from_waker(Waker::noop());
        let (mut sender, mut items) = items();
        for _ in 0..3 {
            (0..100 * ROOM).for_each(|number| sender.push(number));
            drop(sender.hand_over());
            while items.poll_next(cx).is_ready() {}
        }
        assert!(items.read.capacity() <= ROOM);
        let shared = lock(&items.shared).items.capacity();
        assert!(sender.gathered.capacity() + shared <= 300 * ROOM);
    }
}

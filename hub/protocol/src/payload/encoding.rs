use std::cell::Cell;

thread_local! {
    static MESSAGEPACK: Cell<bool> = const { Cell::new(false) };
}

/// Whether the value that is being serialized or deserialized on this thread is part of a MessagePack message.
///
/// To be asked from within a `Serialize` or `Deserialize` only. (`is_human_readable` does not tell: it is true of both
/// protocols, so that UUIDs, addresses and the like are text in both, as .NET has them.)
#[must_use]
pub fn is_messagepack() -> bool {
    MESSAGEPACK.get()
}

/// Runs what serializes or deserializes a value of a MessagePack message.
pub(crate) fn within_messagepack<R>(run: impl FnOnce() -> R) -> R {
    /// Goes back to what was before, even where a user's implementation panics.
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            MESSAGEPACK.set(self.0);
        }
    }

    let _restore = Restore(MESSAGEPACK.replace(true));
    run()
}

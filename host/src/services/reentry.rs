//! What this thread is asking a provider for at the moment. A constructor or factory that asks again for what it is
//! part of would go on for ever: the check at build sees declared needs only.

use std::cell::RefCell;

use super::key::ServiceKey;

thread_local! {
    static ASKED: RefCell<Vec<(usize, Option<ServiceKey>)>> = const { RefCell::new(Vec::new()) };
}

/// Ends the question when it is dropped, also by a panic.
pub(crate) struct Question(());

/// Begins a question for what `identity` and `key` stand for; none if this thread is inside of the same question.
pub(crate) fn ask(identity: usize, key: Option<&ServiceKey>) -> Option<Question> {
    ASKED.with_borrow_mut(|asked| {
        if asked
            .iter()
            .any(|(other, its_key)| *other == identity && its_key.as_ref() == key)
        {
            return None;
        }
        asked.push((identity, key.cloned()));
        Some(Question(()))
    })
}

impl Drop for Question {
    fn drop(&mut self) {
        ASKED.with_borrow_mut(|asked| asked.pop());
    }
}

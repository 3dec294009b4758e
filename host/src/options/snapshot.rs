//! Options that stay the same for the life of a scope.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The options `T` as they are when a scope first asks for them: what works for one request, message or job sees one value
/// from its beginning to its end.
///
/// A scoped service: what lives longer takes [`OptionsMonitor`](super::OptionsMonitor), and the container says so when it
/// is built. Registered like [`Options`](super::Options); those of a name are injected with `#[inject(key = "name")]`.
/// Nothing is bound anew for a scope.
#[doc(alias = "IOptionsSnapshot")]
pub struct OptionsSnapshot<T> {
    value: Arc<T>,
}

impl<T> OptionsSnapshot<T> {
    /// Options from the program itself, as a test wants them.
    pub fn new(value: T) -> Self {
        Arc::new(value).into()
    }

    /// The value, to be kept by itself.
    #[doc(alias = "Value")]
    #[must_use]
    pub fn value(&self) -> &Arc<T> {
        &self.value
    }
}

impl<T> From<Arc<T>> for OptionsSnapshot<T> {
    fn from(value: Arc<T>) -> Self {
        Self { value }
    }
}

impl<T> Deref for OptionsSnapshot<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Clone for OptionsSnapshot<T> {
    fn clone(&self) -> Self {
        Arc::clone(&self.value).into()
    }
}

impl<T: fmt::Debug> fmt::Debug for OptionsSnapshot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OptionsSnapshot").field(&self.value).finish()
    }
}

//! Options as services get them.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The options `T` of the program, as they are when it starts.
///
/// Cheap to clone, and read like a reference to `T`. A service has them as a field or parameter, once `T` is registered by
/// [`configure`](crate::ServiceCollection::configure) or [`add_options`](crate::ServiceCollection::add_options).
///
/// ```
/// use campanile_host::options::Options;
///
/// struct ClockOptions { zone: String }
///
/// let options = Options::new(ClockOptions { zone: "UTC".to_owned() });
/// assert_eq!(options.zone, "UTC");
/// ```
#[doc(alias = "IOptions")]
pub struct Options<T> {
    value: Arc<T>,
}

impl<T> Options<T> {
    /// Options from the program itself, as a test wants them.
    #[doc(alias = "Create")]
    pub fn new(value: T) -> Self {
        Self {
            value: Arc::new(value),
        }
    }

    /// The value, to be kept by itself.
    #[doc(alias = "Value")]
    #[must_use]
    pub fn value(&self) -> &Arc<T> {
        &self.value
    }
}

impl<T> From<Arc<T>> for Options<T> {
    fn from(value: Arc<T>) -> Self {
        Self { value }
    }
}

impl<T> Deref for Options<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Clone for Options<T> {
    fn clone(&self) -> Self {
        Self {
            value: Arc::clone(&self.value),
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Options<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Options").field(&self.value).finish()
    }
}

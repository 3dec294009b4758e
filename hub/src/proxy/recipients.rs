//! How many clients a proxy reaches, known to the compiler.

/// [`Many`] or [`Single`].
pub trait Recipients: sealed::Sealed + Send + Sync + 'static {}

/// Any number of clients: they can be told something, not asked.
#[derive(Clone, Copy, Debug)]
pub enum Many {}

/// One client at most.
#[derive(Clone, Copy, Debug)]
pub enum Single {}

impl Recipients for Many {}
impl Recipients for Single {}

#[expect(unnameable_types, reason = "a seal is not to be named")]
mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Many {}
    impl Sealed for super::Single {}
}

//! Takes variables out of the environment of the process, so that its children do not inherit them.
//!
//! A service manager passes a socket to a service by a variable (`NOTIFY_SOCKET`), and each child that inherits the variable
//! can speak in the service's name. The standard library's `remove_var` is `unsafe` from edition 2024 on, because on Unix it
//! races with foreign code that reads the environment on another thread (reads by Rust's standard library are under its
//! lock). No sound way exists once threads run; this crate confines the one place where the project accepts that, as the
//! crate `listenfd` does for `LISTEN_FDS`. The host calls it once, while it is being built and before it has started
//! anything.

use std::ffi::{OsStr, OsString};

/// The value of a variable, which the process and its later children do not have any more.
///
/// Call it early: while other threads may run foreign code that reads the environment, it must not be called.
#[must_use]
pub fn take(name: impl AsRef<OsStr>) -> Option<OsString> {
    let name = name.as_ref();
    let value = std::env::var_os(name)?;
    std::env::remove_var(name);
    Some(value)
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_taken_is_gone() {
        // Always there where tests run, and of no use to this one.
        assert!(super::take("CARGO_PKG_DESCRIPTION").is_some());
        assert_eq!(super::take("CARGO_PKG_DESCRIPTION"), None);
    }
}

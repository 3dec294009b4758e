//! Ports for programs that have to be told one.

use std::{
    net::TcpListener,
    ops::RangeInclusive,
    sync::atomic::{AtomicU32, Ordering},
};

/// A port of 127.0.0.1 that nobody listens at.
///
/// It lies below those that systems hand out by themselves, and each is given out once by a process, so that it stays free for
/// a program that is away for a while. Another process may still take it first: whoever starts a program on it tries again.
///
/// # Panics
///
/// Never: the range is one of ports.
#[must_use]
pub fn free_port() -> u16 {
    const PORTS: RangeInclusive<u32> = 10_000..=31_999;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end() - PORTS.start();
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = PORTS.start() + (std::process::id() % 100_000 * 97 + step) % count;
        let port = u16::try_from(port).expect("the range ends below 32,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

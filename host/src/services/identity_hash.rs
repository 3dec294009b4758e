use std::hash::{BuildHasherDefault, Hasher};

/// For keys that are hashes or addresses already: `TypeId` and our own identities.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct IdentityHasher(u64);

pub(crate) type BuildIdentityHasher = BuildHasherDefault<IdentityHasher>;

impl Hasher for IdentityHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        // The table takes its tag from the upper bits, which an address leaves alike.
        self.0 = (value as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

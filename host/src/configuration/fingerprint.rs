//! What tells whether a file has changed, without reading it.

use std::fs::Metadata;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// File systems count time in steps of milliseconds up to two seconds. Within that, a second write may leave the time of
/// the first, so the content is looked at as well.
const YOUNG: Duration = Duration::from_secs(3);

/// The files of a source as they were at some time. Two of them are compared by [`is_same`](Self::is_same).
#[derive(Debug, Clone)]
pub(super) struct Fingerprint {
    /// Each path with what is there; nothing where there is no file.
    files: Vec<(PathBuf, Option<Stamp>)>,
}

impl Fingerprint {
    /// Links are followed: a link that leads elsewhere now is a change, as Kubernetes makes them.
    pub(super) fn of(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let files = paths.into_iter().map(|path| {
            let stamp = Stamp::of(&path);
            (path, stamp)
        });
        Self {
            files: files.collect(),
        }
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.files.len() == other.files.len()
            && self.files.iter().zip(&other.files).all(|(left, right)| {
                left.0 == right.0
                    && match (&left.1, &right.1) {
                        (Some(left), Some(right)) => left.is_same(right),
                        (left, right) => left.is_none() && right.is_none(),
                    }
            })
    }
}

/// One file at some time.
#[derive(Debug, Clone)]
struct Stamp {
    identity: Identity,
    /// A hash, while the file is young.
    content: Option<u64>,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let is_young = metadata.modified().is_ok_and(|modified| {
            // A time in the future is young as well.
            !SystemTime::now()
                .duration_since(modified)
                .is_ok_and(|age| age > YOUNG)
        });
        let content = is_young.then(|| std::fs::read(path).ok()).flatten();
        Some(Self {
            identity: Identity::of(&metadata),
            content: content.map(|bytes| {
                let mut hasher = DefaultHasher::new();
                hasher.write(&bytes);
                hasher.finish()
            }),
        })
    }

    /// Content that was not looked at any more is that of the last time it was.
    fn is_same(&self, other: &Self) -> bool {
        self.identity == other.identity
            && match (self.content, other.content) {
                (Some(left), Some(right)) => left == right,
                _ => true,
            }
    }
}

#[cfg(unix)]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

#[cfg(unix)]
impl Identity {
    fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self {
            file: (metadata.dev(), metadata.ino()),
            length: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(not(unix))]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity {
    length: u64,
    modified: Option<SystemTime>,
    created: Option<SystemTime>,
}

#[cfg(not(unix))]
impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            created: metadata.created().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_change_a_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let now = || Fingerprint::of([path.clone()]);

        let missing = now();
        assert!(missing.is_same(&now()));
        std::fs::write(&path, "one").unwrap();
        let first = now();
        assert!(!first.is_same(&missing));
        assert!(first.is_same(&now()));
        // The same length, and perhaps the same time.
        std::fs::write(&path, "two").unwrap();
        let second = now();
        assert!(!second.is_same(&first));
        std::fs::write(folder.path().join("b"), "two").unwrap();
        std::fs::rename(folder.path().join("b"), &path).unwrap();
        let third = now();
        assert!(!third.is_same(&second) || cfg!(not(unix)));
        std::fs::remove_file(&path).unwrap();
        assert!(!now().is_same(&third));
    }
}

//! Watching the files of certificates.

use std::fs::Metadata;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::web_server::Serving;

/// How often the files are looked at: as often as those of the configuration.
const PERIOD: Duration = Duration::from_millis(500);

/// Has certificates read again when their files have changed, until it is dropped. They are looked at, rather than events of
/// the system waited for, so that every way to replace a file is noticed: in place, by another one of its name, by a link.
pub(crate) struct CertificateWatch(AbortHandle);

impl CertificateWatch {
    pub(crate) fn start(serving: &Arc<Serving>) -> Self {
        Self(tokio::spawn(watch(Arc::downgrade(serving))).abort_handle())
    }
}

impl Drop for CertificateWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn watch(serving: Weak<Serving>) {
    let mut read = None;
    let mut seen = None;
    loop {
        let Some(serving) = serving.upgrade() else {
            return;
        };
        let now = fingerprints(&serving);
        // A change counts once the files have been left alone for a while: programs write a certificate and then its key.
        if read.as_ref().is_some_and(|read| *read != now) && seen.as_ref() == Some(&now) {
            serving.reload();
            read = Some(now.clone());
        }
        read.get_or_insert_with(|| now.clone());
        seen = Some(now);
        drop(serving);
        sleep(PERIOD).await;
    }
}

type Fingerprint = Option<(u64, Option<SystemTime>, u64)>;

fn fingerprints(serving: &Serving) -> Vec<Fingerprint> {
    let mut all = Vec::new();
    for files in serving.certificates() {
        all.push(fingerprint(&files.certificate.0));
        all.extend(files.key.as_ref().map(|(path, _)| fingerprint(path)));
    }
    all
}

fn fingerprint(path: &Path) -> Fingerprint {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok(), file(&metadata)))
}

#[cfg(unix)]
fn file(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn file(_: &Metadata) -> u64 {
    0
}

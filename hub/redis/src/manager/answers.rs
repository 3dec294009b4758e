//! What other servers are waited for: acknowledgements, and clients' answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use campanile_host::metrics::UpDownCounterSeries;
use campanile_hub::HubResult;
use campanile_hub::lifetime::TakeAnswer;
use tokio::sync::{mpsc, oneshot};

use super::answering::Piece;

pub(super) struct Waiting(Arc<Open>);

struct Open {
    /// How many of all that follows there are.
    count: UpDownCounterSeries,
    commands: AtomicI32,
    acknowledgements: Mutex<HashMap<i32, oneshot::Sender<HubResult<()>>>>,
    questions: Mutex<HashMap<Box<str>, Box<dyn TakeAnswer>>>,
    presence: Mutex<HashMap<Box<str>, mpsc::UnboundedSender<Piece>>>,
}

impl Waiting {
    /// Counts what is waited for.
    pub(super) fn new(count: UpDownCounterSeries) -> Self {
        Self(Arc::new(Open {
            count,
            commands: AtomicI32::default(),
            acknowledgements: Mutex::default(),
            questions: Mutex::default(),
            presence: Mutex::default(),
        }))
    }

    /// A number for a group command, and what its acknowledgement says.
    pub(super) fn command(
        &self,
    ) -> (
        i32,
        impl Future<Output = Option<HubResult<()>>> + Send + 'static,
    ) {
        let id = self
            .0
            .commands
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1);
        let (sender, acknowledged) = oneshot::channel();
        lock(&self.0.acknowledgements).insert(id, sender);
        let forget = ForgetCommand(Counted::new(&self.0), id);
        (id, async move {
            let _forget = forget;
            acknowledged.await.ok()
        })
    }

    /// Whether somebody waits for this acknowledgement.
    pub(super) fn acknowledge(&self, id: i32, outcome: HubResult<()>) -> bool {
        let waiting = lock(&self.0.acknowledgements).remove(&id);
        waiting.is_some_and(|waiting| waiting.send(outcome).is_ok())
    }

    /// An id that no server of the farm uses, for as long as what is returned lives.
    pub(super) fn ask(&self, answer: Box<dyn TakeAnswer>) -> Asked {
        let id = unique();
        lock(&self.0.questions).insert(id.clone(), answer);
        Asked(Counted::new(&self.0), id)
    }

    /// An id for a question to the other servers, and where their answers come.
    pub(super) fn ask_servers(&self) -> (AskedServers, mpsc::UnboundedReceiver<Piece>) {
        let id = unique();
        let (sender, pieces) = mpsc::unbounded_channel();
        lock(&self.0.presence).insert(id.clone(), sender);
        (AskedServers(Counted::new(&self.0), id), pieces)
    }

    /// Whether somebody waits for a server's answer.
    pub(super) fn server_answered(&self, id: &str, piece: Piece) -> bool {
        let presence = lock(&self.0.presence);
        let asker = presence.get(id);
        asker.is_some_and(|asker| asker.send(piece).is_ok())
    }

    pub(super) fn answered(&self, id: &str) -> Option<Box<dyn TakeAnswer>> {
        lock(&self.0.questions).remove(id)
    }
}

fn unique() -> Box<str> {
    STANDARD_NO_PAD.encode(random()).into()
}

/// Sixteen bytes that nobody else has.
pub(crate) fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}

/// One more that is waited for, until it is dropped.
struct Counted(Arc<Open>);

impl Counted {
    fn new(open: &Arc<Open>) -> Self {
        open.count.add(1);
        Self(open.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.count.add(-1);
    }
}

/// A question on its way. Dropped, it is forgotten.
pub(super) struct Asked(Counted, Box<str>);

impl Asked {
    pub(super) fn id(&self) -> &str {
        &self.1
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        lock(&self.0.0.questions).remove(&self.1);
    }
}

/// A question to the other servers. Dropped, it is forgotten.
pub(super) struct AskedServers(Counted, Box<str>);

impl AskedServers {
    pub(super) fn id(&self) -> &str {
        &self.1
    }
}

impl Drop for AskedServers {
    fn drop(&mut self) {
        lock(&self.0.0.presence).remove(&self.1);
    }
}

struct ForgetCommand(Counted, i32);

impl Drop for ForgetCommand {
    fn drop(&mut self) {
        lock(&self.0.0.acknowledgements).remove(&self.1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing in here panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

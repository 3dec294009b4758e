//! What everybody may know of a connection while it lives.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

use campanile_host::CancellationToken;
use campanile_hub_protocol::HubProtocol;

use super::calls::OpenCalls;
use super::queue::UNWAITED;
use super::{Frame, Pushed, SendQueue};
use crate::heartbeat::Times;
use crate::request::RequestHead;
use crate::{HttpTransportType, HubError, HubOptions, Items};

/// One client's connection, from its handshake to its end.
///
/// The task that owns the transport holds one of these; so do the lifetime manager and running invocations.
#[derive(Debug)]
pub struct Connection {
    pub(crate) id: Arc<str>,
    pub(crate) protocol: HubProtocol,
    pub(crate) transport: HttpTransportType,
    pub(crate) request: RequestHead,
    /// By which the lifetime manager finds its user's connections.
    pub(crate) user: Option<Box<str>>,
    pub(crate) items: Items,
    pub(crate) queue: SendQueue,
    pub(crate) beat: Beat,
    pub(crate) times: Times,
    /// How many groups it may be in.
    pub(crate) maximum_groups: usize,
    /// How long it may take to answer what it is asked; none for ever.
    pub(crate) client_result_timeout: Option<Duration>,
    aborted: OnceLock<CancellationToken>,
    /// Not there until a call can be cancelled or uploads something.
    calls: OnceLock<Box<OpenCalls>>,
    control: Mutex<Control>,
}

/// What the heartbeat looks at, in ticks of one second.
#[derive(Debug, Default)]
pub(crate) struct Beat {
    /// Set by every message of the client; cleared by the heartbeat.
    pub(crate) heard: AtomicBool,
    /// Set by the client's first ping: from then on it has to be heard of.
    pub(crate) watched: AtomicBool,
    /// While set, the client waits for us, not we for it.
    pub(crate) paused: AtomicBool,
    /// Set while a write is stuck.
    pub(crate) writing: AtomicBool,
    pub(crate) silent_ticks: AtomicU32,
    pub(crate) stuck_ticks: AtomicU32,
    pub(crate) ticks_since_ping: AtomicU32,
}

#[derive(Debug, Default)]
struct Control {
    end: Option<End>,
    /// The number of the last invocation that was begun.
    begun: u32,
    /// An invocation that holds a slot, or 0; the others are in `more`, which stays empty with one slot.
    running: u32,
    more: Vec<u32>,
    /// How many invocations go on without their slot.
    lent: u32,
    /// The connection's task, when it waits.
    task: Option<Waker>,
}

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum End {
    /// The client went, or its socket did.
    ClientGone,
    /// The client said goodbye with a Close message, perhaps with a complaint.
    ClientClosed(Option<String>),
    /// The application aborted it.
    Aborted,
    /// The server stops: the client is told to come back.
    Stopping,
    /// Something that the client is told as an error.
    Failed(HubError),
    /// `on_connected` refused it.
    Rejected(HubError),
    /// What it was authenticated with holds no longer: the client is told to come back.
    AuthenticationExpired,
    /// It cannot be written to any more.
    Stuck,
}

impl Connection {
    pub(crate) fn new(
        id: Arc<str>,
        protocol: HubProtocol,
        transport: HttpTransportType,
        request: RequestHead,
        user: Option<Box<str>>,
        options: &HubOptions,
    ) -> Self {
        Self {
            id,
            protocol,
            transport,
            request,
            user,
            items: Items::default(),
            queue: SendQueue::new(options.maximum_queued_bytes, options.slow_client),
            beat: Beat::default(),
            times: Times::of(options),
            maximum_groups: options.maximum_groups_per_connection.unwrap_or(usize::MAX),
            client_result_timeout: options.client_result_timeout,
            aborted: OnceLock::new(),
            calls: OnceLock::new(),
            control: Mutex::default(),
        }
    }

    /// Queues a message that the hub's policy may drop or make wait; `true` where the sender has to wait for room.
    pub(crate) fn send(&self, frame: Frame) -> bool {
        match self.queue.push(frame) {
            Pushed::Done => false,
            Pushed::WaitForRoom => true,
            Pushed::Overflow => {
                self.end(End::Failed(HubError::ClientTooSlow {
                    limit: self.queue.limit(),
                }));
                false
            }
        }
    }

    /// Queues a message for whose sender nobody can wait.
    pub(crate) fn send_unwaited(&self, frame: Frame) {
        if self.send(frame) && self.queue.is_behind() {
            self.end(End::Failed(HubError::ClientTooSlow {
                limit: self.queue.limit().saturating_mul(UNWAITED),
            }));
        }
    }

    /// The connection's public id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Which user the client is.
    #[must_use]
    #[doc(alias = "UserIdentifier")]
    pub fn user_identifier(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The hub protocol that the client speaks.
    #[must_use]
    pub fn protocol(&self) -> HubProtocol {
        self.protocol
    }

    /// Asks the connection to end; the first reason counts.
    pub(crate) fn end(&self, reason: End) {
        let mut control = self.control();
        control.end.get_or_insert(reason);
        wake(control);
    }

    /// Takes the reason to end, if there is one; else wakes `waker` when there is, or when an invocation is over.
    pub(crate) fn take_end(&self, waker: &Waker) -> Option<End> {
        let mut control = self.control();
        let end = control.end.take();
        if end.is_none() {
            match &mut control.task {
                Some(task) => task.clone_from(waker),
                none => *none = Some(waker.clone()),
            }
        }
        end
    }

    /// Whether one more invocation may run. Only the connection's task begins any, so a free slot stays free for it.
    pub(crate) fn can_begin_invocation(&self, limit: usize) -> bool {
        self.control().occupied() < limit
    }

    /// Gives the slot of an invocation to others while it goes on; nothing if it has none any more.
    pub(crate) fn lend_slot(&self, number: u32) {
        let mut control = self.control();
        if control.vacate(number) {
            control.lent += 1;
            wake(control);
        }
    }

    /// Counts an invocation as running; gives its number.
    pub(crate) fn begin_invocation(&self) -> u32 {
        self.control().occupy()
    }

    pub(crate) fn end_invocation(&self, number: u32) {
        let mut control = self.control();
        if !control.vacate(number) {
            control.lent = control.lent.saturating_sub(1);
        }
        wake(control);
    }

    pub(crate) fn has_invocations(&self) -> bool {
        let control = self.control();
        control.occupied() > 0 || control.lent > 0
    }

    /// Cancelled when the connection is over.
    pub(crate) fn aborted(&self) -> &CancellationToken {
        self.aborted.get_or_init(CancellationToken::new)
    }

    /// How many streams there are, both ways.
    pub(crate) fn streams(&self) -> usize {
        self.calls.get().map_or(0, |calls| calls.streams())
    }

    pub(crate) fn calls(&self) -> &OpenCalls {
        self.calls.get_or_init(Box::default)
    }

    pub(crate) fn hear(&self) {
        self.beat.heard.store(true, Ordering::Relaxed);
    }

    fn control(&self) -> MutexGuard<'_, Control> {
        // Nothing in here panics half-way through a change.
        self.control.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control {
    fn occupied(&self) -> usize {
        usize::from(self.running != 0) + self.more.len()
    }

    fn occupy(&mut self) -> u32 {
        self.begun = self.begun.checked_add(1).unwrap_or(1);
        if self.running == 0 {
            self.running = self.begun;
        } else {
            self.more.push(self.begun);
        }
        self.begun
    }

    /// Whether the invocation held a slot.
    fn vacate(&mut self, number: u32) -> bool {
        if self.running == number {
            self.running = 0;
            return true;
        }
        let found = self.more.iter().position(|it| *it == number);
        found.map(|index| self.more.swap_remove(index)).is_some()
    }
}

fn wake(mut control: MutexGuard<'_, Control>) {
    let task = control.task.take();
    drop(control);
    if let Some(task) = task {
        task.wake();
    }
}

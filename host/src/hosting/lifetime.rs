//! [`ApplicationLifetime`]: what tells that the application has started, is stopping, has stopped.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::ServicePanicked;
use super::status;
use crate::BoxError;

/// Called at each reload.
type Repeated = Arc<dyn Fn() -> Result<(), BoxError> + Send + Sync>;
type Callback = Box<dyn FnOnce() -> Result<(), BoxError> + Send>;

/// Tells a service when the application has started, is stopping and has stopped, and asks it to stop. Injectable; a
/// clone is a handle to the same lifetime.
///
/// ```
/// use campanile_host::hosting::ApplicationLifetime;
///
/// async fn after_the_last_job(lifetime: ApplicationLifetime) {
///     lifetime.stop_application();
///     lifetime.stopping().cancelled().await; // fires at once; services are stopped by the host that runs them
/// }
/// ```
///
/// # Callbacks
///
/// [`on_started`](Self::on_started) and its sisters run a function once, on the thread that brings the event about; the
/// host waits for all of them before it goes on. A callback that fails or panics is logged as critical
/// (`Microsoft.Extensions.Hosting.Internal.ApplicationLifetime`) and changes nothing else. Those for *started* run in
/// the order in which they were registered, those for *stopping* and *stopped* newest first. One that is registered
/// after the event runs at once.
#[derive(Clone)]
#[doc(alias = "IHostApplicationLifetime")]
pub struct ApplicationLifetime {
    shared: Arc<Shared>,
}

struct Shared {
    started: Event,
    stopping: Event,
    stopped: Event,
    /// Set once a start has begun: only then is there something to announce as shutting down.
    announced: AtomicBool,
    stop_asked_at: OnceLock<Instant>,
    reload: Mutex<Vec<Repeated>>,
}

struct Event {
    /// What users see; fires first.
    token: CancellationToken,
    /// Fires when the callbacks have run: what the host itself goes by, so that it is never ahead of them.
    done: CancellationToken,
    /// `None` once the event has come about.
    callbacks: Mutex<Option<Vec<Callback>>>,
    event_id: u32,
    failure: &'static str,
}

impl ApplicationLifetime {
    /// A lifetime of its own, for tests of services that ask for one; the host makes its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                started: Event::new(6, "An error occurred starting the application"),
                stopping: Event::new(7, "An error occurred stopping the application"),
                stopped: Event::new(8, "An error occurred stopping the application"),
                announced: AtomicBool::new(false),
                stop_asked_at: OnceLock::new(),
                reload: Mutex::default(),
            }),
        }
    }

    /// Fires when all services have been started.
    #[must_use]
    #[doc(alias = "ApplicationStarted")]
    pub fn started(&self) -> CancellationToken {
        self.shared.started.token.clone()
    }

    /// Fires when the application is asked to stop, before any service is stopped.
    #[must_use]
    #[doc(alias = "ApplicationStopping")]
    pub fn stopping(&self) -> CancellationToken {
        self.shared.stopping.token.clone()
    }

    /// Fires when all services have been stopped.
    #[must_use]
    #[doc(alias = "ApplicationStopped")]
    pub fn stopped(&self) -> CancellationToken {
        self.shared.stopped.token.clone()
    }

    /// Runs `callback` when all services have been started.
    pub fn on_started(&self, callback: impl FnOnce() -> Result<(), BoxError> + Send + 'static) {
        self.shared.started.register(Box::new(callback));
    }

    /// Runs `callback` when the application is asked to stop.
    pub fn on_stopping(&self, callback: impl FnOnce() -> Result<(), BoxError> + Send + 'static) {
        self.shared.stopping.register(Box::new(callback));
    }

    /// Runs `callback` when all services have been stopped.
    pub fn on_stopped(&self, callback: impl FnOnce() -> Result<(), BoxError> + Send + 'static) {
        self.shared.stopped.register(Box::new(callback));
    }

    /// Runs `callback` each time the application is told to reload (SIGHUP), after its configuration has been read again:
    /// for what else can be, such as certificates. A callback that fails or panics is logged and changes nothing else.
    pub fn on_reload(&self, callback: impl Fn() -> Result<(), BoxError> + Send + Sync + 'static) {
        self.reload().push(Arc::new(callback));
    }

    /// Asks the application to stop. May be called from anywhere and any number of times; the callbacks for *stopping*
    /// run before the first call returns. The services are stopped by whoever waits in [`Host::run`](super::Host::run)
    /// or [`Host::wait_for_shutdown`](super::Host::wait_for_shutdown).
    pub fn stop_application(&self) {
        self.shared.stop_asked_at.get_or_init(Instant::now);
        self.shared.stopping.fire(Order::NewestFirst, || {
            if self.shared.announced.load(Ordering::Acquire) {
                status::stopping();
            }
        });
    }

    /// Waits until the application was asked to stop and the callbacks for it have run.
    pub(crate) async fn stop_requested(&self) {
        self.shared.stopping.done.cancelled().await;
    }

    /// How long ago the application was asked to stop; zero if it was not.
    pub(crate) fn time_since_stop(&self) -> Duration {
        let asked_at = self.shared.stop_asked_at.get();
        asked_at.map_or(Duration::ZERO, Instant::elapsed)
    }

    pub(crate) fn is_stop_requested(&self) -> bool {
        self.shared.stopping.done.is_cancelled()
    }

    /// From now on [`stop_application`](Self::stop_application) is announced in the log and to systemd.
    pub(crate) fn announce_stopping(&self) {
        self.shared.announced.store(true, Ordering::Release);
    }

    #[cfg_attr(not(unix), allow(dead_code, reason = "only SIGHUP asks for it"))]
    pub(crate) fn notify_reload(&self) {
        let callbacks = self.reload().clone();
        for callback in callbacks {
            if let Err(error) = called(|| callback()) {
                tracing::error!(
                    target: "Microsoft.Extensions.Hosting.Internal.ApplicationLifetime",
                    error = &*error as &(dyn std::error::Error + 'static),
                    "An error occurred reloading the application"
                );
            }
        }
    }

    fn reload(&self) -> std::sync::MutexGuard<'_, Vec<Repeated>> {
        self.shared
            .reload
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn notify_started(&self) {
        self.shared.started.fire(Order::OldestFirst, || {});
    }

    pub(crate) fn notify_stopped(&self) {
        self.shared.stopped.fire(Order::NewestFirst, || {});
    }
}

impl Default for ApplicationLifetime {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ApplicationLifetime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ApplicationLifetime")
            .field("started", &self.shared.started.token.is_cancelled())
            .field("stopping", &self.shared.stopping.token.is_cancelled())
            .field("stopped", &self.shared.stopped.token.is_cancelled())
            .finish()
    }
}

#[derive(Clone, Copy)]
enum Order {
    OldestFirst,
    NewestFirst,
}

impl Event {
    fn new(event_id: u32, failure: &'static str) -> Self {
        Self {
            token: CancellationToken::new(),
            done: CancellationToken::new(),
            callbacks: Mutex::new(Some(Vec::new())),
            event_id,
            failure,
        }
    }

    fn register(&self, callback: Callback) {
        {
            let mut waiting = self
                .callbacks
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(waiting) = waiting.as_mut() {
                waiting.push(callback);
                return;
            }
        }
        self.run(callback);
    }

    fn fire(&self, order: Order, announce: impl FnOnce()) {
        let callbacks = self
            .callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut callbacks) = callbacks else {
            return;
        };
        announce();
        self.token.cancel();
        if let Order::NewestFirst = order {
            callbacks.reverse();
        }
        for callback in callbacks {
            self.run(callback);
        }
        self.done.cancel();
    }

    fn run(&self, callback: Callback) {
        if let Err(error) = called(callback) {
            tracing::error!(
                target: "Microsoft.Extensions.Hosting.Internal.ApplicationLifetime",
                critical = true,
                event_id = self.event_id,
                error = &*error as &(dyn std::error::Error + 'static),
                "{}", self.failure
            );
        }
    }
}

/// A panic is a failure.
fn called(callback: impl FnOnce() -> Result<(), BoxError>) -> Result<(), BoxError> {
    catch_unwind(AssertUnwindSafe(callback))
        .unwrap_or_else(|panic| Err(ServicePanicked::from_payload(&*panic).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_all_run_although_some_fail_and_stopping_ones_newest_first() {
        let lifetime = ApplicationLifetime::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for name in ["first", "second", "third"] {
            let seen = seen.clone();
            lifetime.on_stopping(move || {
                seen.lock().unwrap().push(name);
                match name {
                    "second" => Err("fails".into()),
                    "third" => panic!("panics"),
                    _ => Ok(()),
                }
            });
        }
        lifetime.stop_application();
        lifetime.stop_application();
        assert_eq!(*seen.lock().unwrap(), ["third", "second", "first"]);
        assert!(lifetime.is_stop_requested());
        assert!(!lifetime.started().is_cancelled());
    }

    #[test]
    fn a_callback_that_comes_late_runs_at_once() {
        let lifetime = ApplicationLifetime::new();
        lifetime.notify_started();
        let (sender, receiver) = std::sync::mpsc::channel();
        lifetime.on_started(move || Ok(sender.send(())?));
        assert!(receiver.try_recv().is_ok());
    }

    #[test]
    fn a_callback_may_ask_for_the_stop_again() {
        let lifetime = ApplicationLifetime::new();
        let again = lifetime.clone();
        lifetime.on_stopping(move || {
            again.stop_application();
            Ok(())
        });
        lifetime.stop_application();
        assert!(lifetime.stopping().is_cancelled());
    }
}

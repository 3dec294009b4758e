//! The end of a container and of its scopes.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use campanile_host::services::{
    AsyncDispose, Dispose, DisposeFailure, DisposeFailureReason, ServiceDescriptor,
    ServiceErrorKind,
};
use campanile_host::{BoxError, Inject, ServiceCollection, ServiceProvider};

type TestResult = Result<(), BoxError>;

/// What happened, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<&'static str>>>);

impl Log {
    fn write(&self, line: &'static str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A part that has nothing but `Drop`.
struct First(Arc<Log>);

impl Drop for First {
    fn drop(&mut self) {
        self.0.write("drop First");
    }
}

struct Second {
    _first: Arc<First>,
    log: Arc<Log>,
}

impl Drop for Second {
    fn drop(&mut self) {
        self.log.write("drop Second");
    }
}

fn second(first: Arc<First>, log: Arc<Log>) -> Second {
    Second { _first: first, log }
}

fn logged() -> (ServiceCollection, Arc<Log>) {
    let log = Arc::new(Log::default());
    let mut services = ServiceCollection::new();
    services.add_instance(Arc::clone(&log));
    (services, log)
}

#[tokio::test]
async fn what_is_not_declared_disposable_is_dropped_in_reverse_order() -> TestResult {
    let (mut services, log) = logged();
    services
        .add_singleton_factory(second)
        .add_singleton_factory(First);
    let provider = services.build()?;
    provider.required::<Second>()?;
    let other_handle = provider.clone();
    provider.dispose().await?;
    assert_eq!(log.take(), ["drop Second", "drop First"]);
    let error = other_handle.required::<Second>().err().ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::Disposed));
    Ok(())
}

#[test]
fn a_scope_that_is_dropped_ends_as_one_that_is_disposed() -> TestResult {
    let (mut services, log) = logged();
    services
        .add_scoped_factory(second)
        .add_scoped_factory(First);
    let provider = services.build()?;
    let scope = provider.create_scope();
    let kept = scope.services().clone();
    kept.required::<Second>()?;
    drop(scope);
    assert_eq!(log.take(), ["drop Second", "drop First"]);
    assert!(kept.required::<Second>().is_err());
    assert!(kept.is_disposed() && !provider.is_disposed());
    Ok(())
}

#[test]
fn the_container_ends_with_its_last_handle_although_a_singleton_holds_the_provider() -> TestResult {
    struct Holder {
        provider: ServiceProvider,
        _first: Arc<First>,
    }
    let (mut services, log) = logged();
    services.add_singleton_factory(First).add_singleton_factory(
        |provider: ServiceProvider, first: Arc<First>| Holder {
            provider,
            _first: first,
        },
    );
    let provider = services.build()?;
    let other = provider.clone();
    let holder = provider.required::<Holder>()?;
    drop(provider);
    assert!(holder.provider.required::<Holder>().is_ok());
    let provider = holder.provider.clone();
    drop(holder);
    drop(other);
    assert_eq!(log.take(), ["drop First"]);
    assert!(provider.is_disposed());
    Ok(())
}

struct Noisy {
    log: Arc<Log>,
    line: &'static str,
}

impl Dispose for Noisy {
    fn dispose(&self) -> Result<(), BoxError> {
        self.log.write(self.line);
        match self.line {
            "panics" => panic!("on purpose"),
            "fails" => Err("on purpose".into()),
            _ => Ok(()),
        }
    }
}

#[tokio::test]
async fn failures_and_panics_are_reported_and_end_nothing() -> TestResult {
    let (mut services, log) = logged();
    let noisy = |line| {
        let factory = move |log: Arc<Log>| Noisy { log, line };
        ServiceDescriptor::singleton_factory(factory).disposed()
    };
    services
        .add(noisy("first"))
        .add(noisy("fails"))
        .add(noisy("panics"))
        .add(noisy("last"));
    let provider = services.build()?;
    provider.all::<Noisy>()?;
    let error = provider.dispose().await.err().ok_or("no error")?;
    assert_eq!(log.take(), ["last", "panics", "fails", "first"]);
    let reasons: Vec<_> = error
        .failures()
        .iter()
        .map(DisposeFailure::reason)
        .collect();
    assert!(matches!(
        reasons[..],
        [
            DisposeFailureReason::Panicked(_),
            DisposeFailureReason::Failed(_)
        ]
    ));
    assert_eq!(
        error.to_string(),
        "`Noisy` could not be disposed: it panicked: on purpose; `Noisy` could not be disposed: on purpose"
    );
    provider.dispose().await?;
    Ok(())
}

struct Slow(Arc<Log>);

impl AsyncDispose for Slow {
    async fn dispose_async(&self) -> Result<(), BoxError> {
        self.0.write("begin Slow");
        std::future::pending::<()>().await;
        Ok(())
    }
}

#[test]
fn a_disposal_that_is_cancelled_does_the_rest_at_once() -> TestResult {
    let (mut services, log) = logged();
    let noisy = |log: Arc<Log>| Noisy { log, line: "noisy" };
    services
        .add_singleton_factory(First)
        .add(ServiceDescriptor::singleton_factory(noisy).disposed())
        .add(ServiceDescriptor::singleton_factory(Slow).disposed_async());
    let provider = services.build()?;
    provider.required::<First>()?;
    provider.required::<Noisy>()?;
    provider.required::<Slow>()?;
    let mut disposal = Box::pin(provider.dispose());
    let mut context = Context::from_waker(Waker::noop());
    assert!(matches!(
        disposal.as_mut().poll(&mut context),
        Poll::Pending
    ));
    assert_eq!(log.take(), ["begin Slow"]);
    drop(disposal);
    assert_eq!(log.take(), ["noisy", "drop First"]);
    Ok(())
}

#[test]
fn a_scope_does_not_dispose_the_singleton_that_it_passes_on() -> TestResult {
    trait Line: Send + Sync {
        fn let_go(&self) -> Result<(), BoxError>;
    }
    impl Line for Noisy {
        fn let_go(&self) -> Result<(), BoxError> {
            self.dispose()
        }
    }
    let (mut services, log) = logged();
    let noisy = |log: Arc<Log>| Noisy { log, line: "noisy" };
    services.add(ServiceDescriptor::singleton_factory(noisy).disposed());
    let forward = |it: Arc<Noisy>| -> Arc<dyn Line> { it };
    let descriptor = ServiceDescriptor::scoped_factory::<dyn Line, _>(forward);
    services.add(descriptor.disposed_by(Line::let_go));
    let provider = services.build()?;
    let scope = provider.create_scope();
    scope.services().required::<dyn Line>()?;
    scope.dispose_now()?;
    assert_eq!(log.take(), [""; 0]);
    provider.dispose_now()?;
    assert_eq!(log.take(), ["noisy"]);
    Ok(())
}

#[test]
fn disposal_can_be_awaited_on_any_thread() -> TestResult {
    fn is_send<T: Send>(_: &T) {}
    let provider = ServiceCollection::new().build()?;
    is_send(&provider.dispose());
    is_send(&provider.create_scope().dispose());
    is_send(&provider);
    Ok(())
}

#[derive(Inject)]
#[inject(dispose)]
struct Declared {
    log: Arc<Log>,
}

impl Dispose for Declared {
    fn dispose(&self) -> Result<(), BoxError> {
        self.log.write("declared");
        Ok(())
    }
}

#[test]
fn transients_are_disposed_with_the_scope_that_they_were_asked_for_in() -> TestResult {
    let (mut services, log) = logged();
    services.add_transient::<Declared>();
    let provider = services.build()?;
    let scope = provider.create_scope();
    scope.services().required::<Declared>()?;
    scope.services().required::<Declared>()?;
    provider.required::<Declared>()?;
    provider.construct::<Declared>()?;
    assert_eq!(log.take(), [""; 0]);
    scope.dispose_now()?;
    assert_eq!(log.take(), ["declared", "declared"]);
    provider.dispose_now()?;
    assert_eq!(log.take(), ["declared"]);
    Ok(())
}

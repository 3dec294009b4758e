//! Services that have to be awaited.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

use campanile_host::services::{
    AsyncDispose, GraphFinding, Lazy, ServiceDescriptor, ServiceErrorKind, ServiceKey,
};
use campanile_host::{BoxError, Inject, ServiceCollection, ServiceProvider};
use tokio::sync::Notify;
use tokio::task::yield_now;

type TestResult = Result<(), BoxError>;

/// What happened, in order.
#[derive(Default)]
struct Log(Mutex<Vec<&'static str>>);

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

#[derive(Debug)]
struct Network;

struct Database {
    _network: Arc<Network>,
}

/// Stands between what is awaited.
#[derive(Inject)]
struct Tables {
    database: Arc<Database>,
}

struct Cache;

#[derive(Inject)]
struct Orders {
    _cache: Arc<Cache>,
}

async fn network(log: Arc<Log>) -> Network {
    yield_now().await;
    log.write("network");
    Network
}

async fn database(network: Arc<Network>, log: Arc<Log>) -> Result<Database, BoxError> {
    yield_now().await;
    log.write("database");
    Ok(Database { _network: network })
}

async fn cache(tables: Arc<Tables>, log: Arc<Log>) -> Arc<Cache> {
    yield_now().await;
    let _ = &tables.database;
    log.write("cache");
    Arc::new(Cache)
}

/// Registered in the opposite of the order in which they need each other.
fn chain() -> (ServiceCollection, Arc<Log>) {
    let log = Arc::new(Log::default());
    let mut services = ServiceCollection::new();
    services
        .add_instance(Arc::clone(&log))
        .add_singleton::<Orders>()
        .add_singleton_async_factory::<Cache, _>(cache)
        .add_singleton::<Tables>()
        .add_singleton_async_factory::<Database, _>(database)
        .add_singleton_async_factory(network);
    (services, log)
}

fn error_of<S: ?Sized + Send + Sync + 'static>(provider: &ServiceProvider) -> String {
    match provider.required::<S>() {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn what_others_need_is_awaited_first_and_once() -> TestResult {
    let (services, log) = chain();
    let provider = services.build()?;
    provider.initialize().await?;
    assert_eq!(log.take(), ["network", "database", "cache"]);
    provider.required::<Orders>()?;
    let (first, second) = (
        provider.required::<Database>()?,
        provider.required::<Database>()?,
    );
    assert!(Arc::ptr_eq(&first, &second));
    provider.initialize().await?;
    assert!(log.take().is_empty(), "nothing was left to be awaited");
    Ok(())
}

#[tokio::test]
async fn each_provider_has_its_own() -> TestResult {
    let (services, _) = chain();
    let (first, second) = (services.build()?, services.build()?);
    first.initialize().await?;
    first.required::<Database>()?;
    assert!(error_of::<Database>(&second).contains("is not ready"));
    Ok(())
}

#[test]
fn what_is_not_ready_is_an_error_that_names_it() -> TestResult {
    let (services, _) = chain();
    let provider = services.build()?;
    let reason = "is not ready: its async factory is awaited when the host starts, or by `ServiceProvider::initialize`";
    assert_eq!(error_of::<Cache>(&provider), format!("`Cache` {reason}"));
    assert_eq!(
        error_of::<Orders>(&provider),
        format!("`Cache` {reason} (Orders -> Cache)")
    );
    let scope = provider.create_scope();
    assert_eq!(
        error_of::<Orders>(scope.services()),
        format!("`Cache` {reason} (Orders -> Cache)")
    );
    let error = provider.get::<Cache>().err().ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::NotReady));
    assert!(provider.is_service::<Cache>());
    Ok(())
}

#[tokio::test]
async fn a_failure_has_the_path_to_it_and_may_be_tried_again() -> TestResult {
    let (mut services, log) = chain();
    let attempts = Arc::new(AtomicU32::new(0));
    services.replace(ServiceDescriptor::singleton_async_factory::<Database, _>(
        move |network: Arc<Network>| {
            let attempt = attempts.fetch_add(1, Ordering::Relaxed);
            async move {
                match attempt {
                    0 => Err("connection refused"),
                    _ => Ok(Database { _network: network }),
                }
            }
        },
    ));
    let provider = services.build()?;
    let error = provider.initialize().await.err().ok_or("no error")?;
    assert_eq!(
        error.to_string(),
        "`Database` could not be constructed: connection refused (Orders -> Cache -> Tables -> Database)"
    );
    assert_eq!(log.take(), ["network"]);
    assert!(error_of::<Database>(&provider).contains("is not ready"));
    provider.required::<Network>()?;

    provider.initialize().await?;
    assert_eq!(log.take(), ["cache"], "the network is ready already");
    Ok(())
}

#[tokio::test]
async fn a_parameter_that_cannot_be_had_is_named_with_the_path_to_it() -> TestResult {
    struct Settings;
    let mut services = ServiceCollection::new();
    services
        .add_singleton_factory::<Settings, _>(|| Err::<Settings, _>("no such file"))
        .add_singleton_async_factory(async |_: Arc<Settings>| Cache)
        .add_singleton::<Orders>();
    let error = services.build()?.initialize().await.err();
    assert_eq!(
        error.ok_or("no error")?.to_string(),
        "`Settings` could not be constructed: no such file (Orders -> Cache -> Settings)"
    );
    Ok(())
}

#[test]
fn what_an_async_factory_needs_is_checked_by_build() -> TestResult {
    let mut services = ServiceCollection::new();
    services
        .add_singleton_async_factory(async |_: Arc<Orders>, _: Arc<Network>| Cache)
        .add_singleton::<Orders>();
    let report = services.build().err().ok_or("no error")?.to_string();
    assert_eq!(
        report,
        "the services cannot work together as they are registered:\n  \
         1. `Network` is not registered: Orders -> Cache -> Network\n  \
         2. `Cache` needs itself: Cache -> Orders -> Cache"
    );

    let mut services = ServiceCollection::new();
    services
        .add_scoped_factory(|| Network)
        .add_singleton_async_factory(async |_: Arc<Network>| Cache);
    let error = services.build().err().ok_or("no error")?;
    assert!(matches!(
        error.findings(),
        [GraphFinding::CapturedScoped { .. }]
    ));
    Ok(())
}

trait Store: Send + Sync {
    fn name(&self) -> String;
}

struct Disk(String);

impl Store for Disk {
    fn name(&self) -> String {
        self.0.clone()
    }
}

#[tokio::test]
async fn a_trait_object_may_have_keys_and_its_key_is_given() -> TestResult {
    async fn open(key: ServiceKey) -> Arc<dyn Store> {
        yield_now().await;
        Arc::new(Disk(key.to_string()))
    }
    let mut services = ServiceCollection::new();
    let store = || ServiceDescriptor::singleton_async_factory::<dyn Store, _>(open);
    services
        .add(store().keyed("red"))
        .add(store().keyed(7))
        .add(store().keyed("red"));
    let provider = services.build()?;
    let error = provider.required_keyed::<dyn Store>(7).err();
    assert!(
        error
            .ok_or("no error")?
            .to_string()
            .starts_with("`dyn Store[7]` is not ready")
    );
    provider.initialize().await?;
    assert_eq!(provider.required_keyed::<dyn Store>("red")?.name(), "red");
    assert_eq!(provider.required_keyed::<dyn Store>(7)?.name(), "7");
    assert_eq!(provider.all_keyed::<dyn Store>("red")?.len(), 2);
    assert!(provider.get::<dyn Store>()?.is_none());
    Ok(())
}

#[test]
fn none_can_be_for_every_key() -> TestResult {
    let mut services = ServiceCollection::new();
    let descriptor = ServiceDescriptor::singleton_async_factory(async || Network);
    services.add(descriptor.keyed(ServiceKey::ANY));
    assert_eq!(
        services.build().err().ok_or("no error")?.to_string(),
        "the services cannot work together as they are registered:\n  \
         1. `Network[*]` cannot be made by an async factory for every key, only for keys that are known at the start: Network[*]"
    );
    Ok(())
}

#[tokio::test]
async fn a_factory_takes_as_many_parameters_as_any() -> TestResult {
    type N = Arc<Network>;
    #[allow(clippy::too_many_arguments, reason = "that many are promised")]
    async fn all(
        _: N,
        _: N,
        _: N,
        _: N,
        _: N,
        _: N,
        _: N,
        _: N,
        _: N,
        _: Option<Arc<Cache>>,
        _: Vec<Arc<Cache>>,
        _: Lazy<Network>,
        _: ServiceProvider,
        _: N,
        _: N,
        last: N,
    ) -> Database {
        Database { _network: last }
    }
    let mut services = ServiceCollection::new();
    services
        .add_singleton_async_factory(all)
        .add_singleton_async_factory(async || Network);
    let provider = services.build()?;
    provider.initialize().await?;
    provider.required::<Database>()?;
    Ok(())
}

struct Closing(Arc<Log>, &'static str);

impl AsyncDispose for Closing {
    async fn dispose_async(&self) -> Result<(), BoxError> {
        yield_now().await;
        self.0.write(self.1);
        Ok(())
    }
}

#[tokio::test]
async fn what_was_made_is_disposed_in_reverse_also_after_a_failure() -> TestResult {
    let log = Arc::new(Log::default());
    let mut services = ServiceCollection::new();
    let closing = |name| {
        let descriptor =
            ServiceDescriptor::singleton_async_factory(move |log: Arc<Log>| async move {
                yield_now().await;
                Closing(log, name)
            });
        descriptor.keyed(name).disposed_async()
    };
    services
        .add_instance(Arc::clone(&log))
        .add(closing("first"))
        .add(closing("second"))
        .add_singleton_async_factory::<Network, _>(async || Err::<Network, _>("no route"));
    let provider = services.build()?;
    assert!(provider.initialize().await.is_err());
    assert!(log.take().is_empty(), "it may be tried again");
    provider.dispose().await?;
    assert_eq!(log.take(), ["second", "first"]);
    let error = provider.initialize().await.err().ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::Disposed));
    Ok(())
}

#[tokio::test]
async fn what_is_ready_only_when_all_is_disposed_is_disposed_too() -> TestResult {
    let log = Arc::new(Log::default());
    let go_on = Arc::new(Notify::new());
    let mut services = ServiceCollection::new();
    services
        .add_instance(Arc::clone(&log))
        .add_instance(Arc::clone(&go_on))
        .add(
            ServiceDescriptor::singleton_async_factory(
                async |log: Arc<Log>, go_on: Arc<Notify>| {
                    go_on.notified().await;
                    Closing(log, "late")
                },
            )
            .disposed_by(|it: &Closing| {
                it.0.write("late");
                Ok(())
            }),
        );
    let provider = services.build()?;
    let mut initialization = Box::pin(provider.initialize());
    let mut context = Context::from_waker(Waker::noop());
    assert!(initialization.as_mut().poll(&mut context).is_pending());
    provider.dispose().await?;
    go_on.notify_one();
    let error = initialization.await.err().ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::Disposed));
    assert_eq!(log.take(), ["late"]);
    Ok(())
}

#[tokio::test]
async fn a_dropped_initialization_begins_anew_with_what_was_awaited() -> TestResult {
    let (mut services, log) = chain();
    let go_on = Arc::new(Notify::new());
    services.add_instance(Arc::clone(&go_on));
    services.replace(ServiceDescriptor::singleton_async_factory::<Database, _>(
        async |network: Arc<Network>, log: Arc<Log>, go_on: Arc<Notify>| {
            log.write("connecting");
            go_on.notified().await;
            Database { _network: network }
        },
    ));
    let provider = services.build()?;
    let connecting = async {
        while log
            .0
            .lock()
            .is_ok_and(|it| it.last() != Some(&"connecting"))
        {
            yield_now().await;
        }
    };
    tokio::select! {
        _ = provider.initialize() => return Err("nothing was awaited".into()),
        () = connecting => {}
    }
    assert_eq!(log.take(), ["network", "connecting"]);
    go_on.notify_one();
    provider.initialize().await?;
    assert_eq!(log.take(), ["connecting", "cache"]);
    Ok(())
}

#[tokio::test]
async fn two_initializations_at_a_time_and_one_by_a_factory_are_errors() -> TestResult {
    let mut services = ServiceCollection::new();
    services.add_singleton_async_factory::<Cache, _>(async |provider: ServiceProvider| {
        provider.initialize().await?;
        Ok::<_, BoxError>(Cache)
    });
    let error = services.build()?.initialize().await.err();
    let error = error.ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::Initializing));
    assert_eq!(
        error.to_string(),
        "`Cache` is being made by its async factory, and the services are initialized one at a time (Cache -> Cache)"
    );

    let mut services = ServiceCollection::new();
    services.add_singleton_async_factory(async || {
        std::future::pending::<()>().await;
        Cache
    });
    let provider = services.build()?;
    let mut first = Box::pin(provider.initialize());
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    let error = provider.initialize().await.err().ok_or("no error")?;
    assert!(matches!(error.kind(), ServiceErrorKind::Initializing));
    Ok(())
}

#[tokio::test]
async fn what_is_asked_for_in_secret_before_it_is_ready_is_an_error_and_no_hang() -> TestResult {
    let mut services = ServiceCollection::new();
    services
        .add_singleton_async_factory::<Cache, _>(async |network: Lazy<Network>| {
            network.get().map(|_| Cache)
        })
        .add_singleton_async_factory(async || Network);
    let error = services.build()?.initialize().await.err();
    assert_eq!(
        error.ok_or("no error")?.to_string(),
        "`Network` is not ready: its async factory is awaited when the host starts, or by `ServiceProvider::initialize` (Cache -> Network)"
    );
    Ok(())
}

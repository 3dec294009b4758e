//! Async factories in a host: when they are awaited, and how a start ends that one of them does not let go on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use campanile_host::hosting::{ApplicationLifetime, HostBuilder, HostError, TestHost};
use campanile_host::options::Options;
use campanile_host::services::{AsyncDispose, ServiceDescriptor};
use campanile_host::{BoxError, CancellationToken, HostedService, Inject, ServiceCollection};
use tokio::time::sleep;

const LONG: Duration = Duration::from_secs(24 * 60 * 60);

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

    fn lines(&self) -> Vec<&'static str> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[derive(serde::Deserialize)]
struct DatabaseOptions {
    server: String,
}

struct Database {
    server: String,
    log: Arc<Log>,
}

impl AsyncDispose for Database {
    async fn dispose_async(&self) -> Result<(), BoxError> {
        tokio::task::yield_now().await;
        self.log.write("database disposed");
        Ok(())
    }
}

async fn connect(options: Options<DatabaseOptions>, log: Arc<Log>) -> Result<Database, BoxError> {
    sleep(Duration::from_secs(2)).await;
    if options.server.is_empty() {
        return Err("no server answers".into());
    }
    log.write("connected");
    Ok(Database {
        server: options.server.clone(),
        log,
    })
}

#[derive(Inject)]
struct Worker {
    database: Arc<Database>,
    log: Arc<Log>,
}

impl HostedService for Worker {
    async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
        assert_eq!(self.database.server, "db");
        self.log.write("worker started");
        Ok(())
    }

    async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
        self.log.write("worker stopped");
        Ok(())
    }
}

fn application(builder: HostBuilder, log: &Arc<Log>) -> HostBuilder {
    builder
        .add_hosted_service::<Worker>()
        .configure::<DatabaseOptions>("Database")
        .configure_services(|services| {
            services.add_instance(Arc::clone(log)).add(
                ServiceDescriptor::singleton_async_factory::<Database, _>(connect).disposed_async(),
            );
        })
}

fn with_server(server: &str) -> (HostBuilder, Arc<Log>) {
    let log = Arc::new(Log::default());
    let builder = TestHost::builder([("Database:Server", server)]);
    (application(builder, &log), log)
}

fn add_hanging(services: &mut ServiceCollection) {
    struct Vault;
    services.add(
        ServiceDescriptor::singleton_async_factory(async |log: Arc<Log>| {
            log.write("waiting");
            sleep(LONG).await;
            Vault
        })
        .keyed("main"),
    );
}

#[tokio::test(start_paused = true)]
async fn they_are_awaited_before_the_hosted_services_are_constructed() -> Result<(), BoxError> {
    let (builder, log) = with_server("db");
    let host = TestHost::start(builder).await?;
    assert_eq!(host.required::<Database>().server, "db");
    host.stop().await?;
    assert_eq!(
        log.lines(),
        [
            "connected",
            "worker started",
            "worker stopped",
            "database disposed"
        ]
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_fails_the_start_and_what_was_made_is_disposed() -> Result<(), BoxError> {
    let (builder, log) = with_server("db");
    let builder = builder.configure_services(|services| {
        services
            .add_singleton_async_factory::<u32, _>(async || {
                Err::<u32, _>("the licence has expired")
            })
            .add_singleton_factory(|_: Arc<u32>| String::new());
    });
    let error = TestHost::start(builder).await.err().ok_or("it started")?;
    assert!(matches!(error, HostError::Construction(_)));
    assert_eq!(
        error.to_string(),
        "`u32` could not be constructed: the licence has expired (String -> u32)"
    );
    assert_eq!(log.lines(), ["connected", "database disposed"]);

    let (builder, _) = with_server("");
    let host = builder.build()?;
    let (stopping, stopped) = (host.lifetime().stopping(), host.lifetime().stopped());
    assert_eq!(
        host.run().await.err().ok_or("it ran")?.to_string(),
        "`Database` could not be constructed: no server answers (dyn HostedService (Worker) -> Database)"
    );
    assert!(stopping.is_cancelled() && stopped.is_cancelled());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn invalid_options_are_reported_before_any_is_awaited() -> Result<(), BoxError> {
    let log = Arc::new(Log::default());
    let builder = application(TestHost::builder([("Database:Servers", "db")]), &log);
    let error = TestHost::start(builder).await.err().ok_or("it started")?;
    assert!(matches!(error, HostError::Validation(_)), "{error}");
    assert!(log.lines().is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_named_when_the_time_for_the_start_is_up() -> Result<(), BoxError> {
    let (builder, log) = with_server("db");
    let builder = builder
        .configure_services(add_hanging)
        .configure_host_options(|options| options.startup_timeout = Some(Duration::from_secs(5)));
    let error = TestHost::start(builder).await.err().ok_or("it started")?;
    assert_eq!(
        error.to_string(),
        "the services did not start within 5s: `Vault[main]` was not done"
    );
    assert_eq!(log.lines(), ["connected", "waiting", "database disposed"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn their_time_is_part_of_that_of_the_start() -> Result<(), BoxError> {
    struct Slow;

    impl HostedService for Slow {
        async fn start(&self, _: CancellationToken) -> Result<(), BoxError> {
            sleep(Duration::from_secs(4)).await;
            Ok(())
        }

        async fn stop(&self, _: CancellationToken) -> Result<(), BoxError> {
            Ok(())
        }
    }

    let (builder, _) = with_server("db");
    let builder = builder
        .add_hosted_service_instance(Arc::new(Slow))
        .configure_host_options(|options| options.startup_timeout = Some(Duration::from_secs(5)));
    let error = TestHost::start(builder).await.err().ok_or("it started")?;
    assert!(
        matches!(&error, HostError::StartupTimedOut { busy, .. } if busy[0].ends_with("Slow")),
        "{error}"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn being_asked_to_stop_ends_the_start_without_a_failure() -> Result<(), BoxError> {
    let (builder, log) = with_server("db");
    let host = builder.configure_services(add_hanging).build()?;
    let lifetime: ApplicationLifetime = host.lifetime().clone();
    let asked = tokio::spawn(async move {
        sleep(Duration::from_secs(60)).await;
        lifetime.stop_application();
        lifetime.stopped()
    });
    let before = tokio::time::Instant::now();
    host.run().await?;
    assert!(before.elapsed() < LONG);
    assert!(asked.await?.is_cancelled());
    assert_eq!(log.lines(), ["connected", "waiting", "database disposed"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_dropped_start_drops_what_was_awaited() -> Result<(), BoxError> {
    let (builder, log) = with_server("db");
    let host = builder.configure_services(add_hanging).build()?;
    let start = tokio::time::timeout(Duration::from_secs(60), host.start());
    assert!(start.await.is_err());
    host.stop().await?;
    host.dispose().await?;
    assert_eq!(log.lines(), ["connected", "waiting", "database disposed"]);
    Ok(())
}

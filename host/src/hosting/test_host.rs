//! [`TestHost`].

use std::any::type_name;
use std::sync::Arc;

use super::builder::HostBuilder;
use super::error::HostError;
use super::host::Host;

/// An application in a test: started, with nothing of the machine in it.
///
/// Its configuration is what the test says and nothing else: no files, no environment variables, no command line. It
/// listens to no signals, installs no log, and takes no fixed port (`urls` is `http://127.0.0.1:0`, for applications that
/// serve). Many may run side by side in one process. All its waiting is `tokio`'s, so that with
/// `#[tokio::test(start_paused = true)]` hours of back-off or of timers pass in no time.
///
/// Write what registers the application's services as a function of the [`HostBuilder`], and call it from `main` and from
/// tests.
///
/// ```
/// use std::sync::Mutex;
/// use std::time::Duration;
///
/// use campanile_host::hosting::{BackgroundService, HostBuilder, TestHost};
/// use campanile_host::options::Options;
/// use campanile_host::{BoxError, CancellationToken, Inject};
/// use std::sync::Arc;
///
/// #[derive(serde::Deserialize)]
/// struct BellOptions {
///     interval: Duration,
/// }
///
/// #[derive(Default, Inject)]
/// struct Tower {
///     #[inject(default)]
///     strokes: Mutex<u32>,
/// }
///
/// #[derive(Inject)]
/// struct Bell {
///     tower: Arc<Tower>,
///     options: Options<BellOptions>,
/// }
///
/// impl BackgroundService for Bell {
///     async fn execute(&self, stopping: CancellationToken) -> Result<(), BoxError> {
///         let mut ticks = tokio::time::interval(self.options.interval);
///         while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
///             *self.tower.strokes.lock().unwrap() += 1;
///         }
///         Ok(())
///     }
/// }
///
/// fn application(builder: HostBuilder) -> HostBuilder {
///     builder
///         .configure::<BellOptions>("Bell")
///         .configure_services(|services| {
///             services.add_singleton::<Tower>();
///         })
///         .add_hosted_service::<Bell>()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::time::pause();
/// let host = TestHost::start(application(TestHost::builder([("Bell:Interval", "01:00:00")]))).await?;
/// tokio::time::sleep(Duration::from_secs(3 * 3600 + 1)).await;
/// assert_eq!(*host.required::<Tower>().strokes.lock().unwrap(), 4);
/// host.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct TestHost {
    host: Host,
}

impl TestHost {
    /// A builder with these settings as its whole configuration, in the environment `Production`.
    ///
    /// Further sources may be added with [`HostBuilder::configure_configuration`].
    pub fn builder<K: Into<String>, V: Into<String>>(
        settings: impl IntoIterator<Item = (K, V)>,
    ) -> HostBuilder {
        let settings: Vec<(String, String)> = settings
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        HostBuilder::empty()
            .without_signals()
            .configure_configuration(move |builder| {
                builder
                    .add_in_memory([("urls", "http://127.0.0.1:0")])
                    .add_in_memory(settings.clone());
            })
    }

    /// Builds the host and starts it. Where that fails its services are disposed.
    ///
    /// # Errors
    ///
    /// As [`HostBuilder::build`] and [`Host::start`].
    pub async fn start(builder: HostBuilder) -> Result<Self, HostError> {
        let host = builder.without_signals().build()?;
        let Err(error) = host.start().await else {
            return Ok(Self { host });
        };
        let Err(disposal) = host.dispose().await else {
            return Err(error);
        };
        let failures = [error, disposal].into_iter();
        Err(HostError::Several(
            failures.flat_map(HostError::into_parts).collect(),
        ))
    }

    /// The service of that type.
    ///
    /// # Panics
    ///
    /// There is none, or it cannot be made.
    #[must_use]
    pub fn required<S: ?Sized + Send + Sync + 'static>(&self) -> Arc<S> {
        self.host
            .services()
            .required::<S>()
            .unwrap_or_else(|error| panic!("no {}: {error}", type_name::<S>()))
    }

    /// The host itself: its container, configuration and lifetime.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Stops the host and disposes its services, as the end of a process would.
    ///
    /// # Errors
    ///
    /// As [`Host::run`].
    pub async fn stop(self) -> Result<(), HostError> {
        let stopped = self.host.stop().await;
        let disposed = self.host.dispose().await;
        let failures = stopped.err().into_iter().chain(disposed.err());
        HostError::all_of(failures.flat_map(HostError::into_parts).collect()).map_or(Ok(()), Err)
    }
}

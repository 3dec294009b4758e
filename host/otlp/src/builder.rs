//! [`OtlpHostBuilderExt`].

use campanile_host::HostBuilder;

use super::pipeline::Pipeline;
use super::settings::{self, Settings};

/// What exporting adds to a [`HostBuilder`].
pub trait OtlpHostBuilderExt: Sized {
    /// Exports the traces, metrics and logs of the host by OTLP, as the variables `OTEL_*` say: see the
    /// [crate](crate#variables). Calling it twice does no more than once.
    ///
    /// Telemetry is best effort: a collector that cannot be reached or does not take what it gets costs a line in the log, and
    /// no more. What is left at the end is sent while [`Host::run`](campanile_host::Host::run) ends, within the shutdown timeout.
    ///
    /// # Errors
    ///
    /// [`build`](HostBuilder::build) fails where a variable cannot be used ([`OtlpError`](crate::OtlpError)).
    #[doc(alias = "AddOpenTelemetry")]
    #[doc(alias = "AddOtlpExporter")]
    #[doc(alias = "UseOtlpExporter")]
    #[must_use]
    fn add_otlp(self) -> Self;
}

/// Whether it has been added.
#[derive(Default)]
struct IsAdded(bool);

impl OtlpHostBuilderExt for HostBuilder {
    fn add_otlp(mut self) -> Self {
        if std::mem::replace(&mut self.extension::<IsAdded>().0, true) {
            return self;
        }
        settings::describe(self.services());
        self.add_log_providers(|builder| {
            let environment = builder.environment();
            let Some(settings) = Settings::read(builder.configuration(), &environment)? else {
                return Ok(Vec::new());
            };
            let (pipeline, providers) = Pipeline::start(settings, builder.metrics())?;
            builder.add_at_the_end(|limit| pipeline.end(limit));
            Ok(providers)
        })
    }
}

//! Logs: events of `tracing`, as the host's log has them.

use std::sync::Arc;
use std::time::SystemTime;

use campanile_host::logging::{LogLevel, LogProvider, LogRecord, LogScope};
use opentelemetry::logs::{AnyValue, LogRecord as _, Logger, LoggerProvider, Severity};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::{
    BatchConfigBuilder, BatchLogProcessor, LogBatch, LogExporter, SdkLogger, SdkLoggerProvider,
};
use prost::Message;
use serde_json::Value;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::sender::Sender;
use super::settings::Logs;
use super::spans::NAME;
use super::target::Target;

/// What collects records, and the layer that gives them to it.
pub(crate) fn start(
    logs: Logs,
    resource: &Resource,
    sender: &Sender,
) -> (SdkLoggerProvider, LogProvider) {
    let exporter = Exporter {
        target: Arc::new(logs.target),
        resource: resource.into(),
        sender: sender.clone(),
    };
    let batch = BatchConfigBuilder::default()
        .with_max_queue_size(logs.batch.queue)
        .with_max_export_batch_size(logs.batch.size)
        .with_scheduled_delay(logs.batch.delay)
        .build();
    let processor = BatchLogProcessor::builder(exporter)
        .with_batch_config(batch)
        .build();
    let provider = SdkLoggerProvider::builder()
        .with_log_processor(processor)
        .with_resource(resource.clone())
        .build();
    let layer = LogLayer {
        logger: provider.logger("campanile"),
        has_scopes: logs.has_scopes,
    };
    let log = LogProvider::new(NAME, layer);
    let log = if logs.has_scopes {
        log.with_scopes()
    } else {
        log
    };
    (provider, log)
}

#[derive(Debug)]
struct Exporter {
    target: Arc<Target>,
    resource: ResourceAttributesWithSchema,
    sender: Sender,
}

impl LogExporter for Exporter {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let request = ExportLogsServiceRequest {
            resource_logs: group_logs_by_resource_and_scope(&batch, &self.resource),
        };
        let sent = self
            .sender
            .send(self.target.clone(), request.encode_to_vec())
            .await;
        sent.map_err(OTelSdkError::from)
    }
}

struct LogLayer {
    logger: SdkLogger,
    has_scopes: bool,
}

/// This layer's own: the console keeps scopes as well.
struct ExportedScope(LogScope);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id).filter(|_| self.has_scopes) {
            let scope = ExportedScope(LogScope::new(attributes));
            span.extensions_mut().insert(scope);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(ExportedScope(scope)) = span.extensions_mut().get_mut()
        {
            scope.record(values);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let entry = LogRecord::of(event);
        let (severity, text) = severity(entry.level);
        // Nothing that exporting brings about is exported.
        if !self.logger.event_enabled(severity, &entry.category, None) {
            return;
        }
        let mut record = self.logger.create_log_record();
        record.set_timestamp(SystemTime::now());
        record.set_severity_number(severity);
        record.set_severity_text(text);
        record.set_target(entry.category);
        record.set_body(entry.message.into());
        if self.has_scopes {
            for span in context
                .event_scope(event)
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .iter()
                .rev()
            {
                if let Some(ExportedScope(scope)) = span.extensions().get() {
                    for (name, value) in scope.fields() {
                        record.add_attribute(*name, any(value));
                    }
                }
            }
        }
        if entry.event_id != 0 {
            record.add_attribute("logrecord.event.id", entry.event_id);
        }
        if let Some(error) = entry.error {
            record.add_attribute("exception.message", error);
        }
        for (name, value) in &entry.fields {
            record.add_attribute(*name, any(value));
        }
        self.logger.emit(record);
    }
}

fn severity(level: LogLevel) -> (Severity, &'static str) {
    match level {
        LogLevel::Trace => (Severity::Trace, "Trace"),
        LogLevel::Debug => (Severity::Debug, "Debug"),
        LogLevel::Information => (Severity::Info, "Information"),
        LogLevel::Warning => (Severity::Warn, "Warning"),
        LogLevel::Error => (Severity::Error, "Error"),
        LogLevel::Critical | LogLevel::None => (Severity::Fatal, "Critical"),
    }
}

fn any(value: &Value) -> AnyValue {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(broken)) => broken.into(),
            (None, None) => number.to_string().into(),
        },
        Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    }
}

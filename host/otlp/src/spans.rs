//! Traces: spans of `tracing`.

use std::sync::Arc;

use campanile_host::logging::LogProvider;
use campanile_host::trace_context::{SpanId, TraceContext, TraceId, Tracer};
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId as OtelSpanId, TraceContextExt, TraceFlags, TraceId as OtelTraceId,
    TraceState, TracerProvider,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter,
};
use prost::Message;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::sender::{NotTaken, Sender};
use super::settings::Traces;
use super::target::Target;

/// The name under which `Logging` and `Tracing` speak of what is exported.
pub(crate) const NAME: &str = "OpenTelemetry";

/// What collects spans, and the layer that gives them to it.
pub(crate) fn start(
    traces: Traces,
    resource: &Resource,
    sender: &Sender,
) -> (SdkTracerProvider, LogProvider) {
    let exporter = Exporter {
        target: Arc::new(traces.target),
        resource: resource.into(),
        sender: sender.clone(),
    };
    let batch = BatchConfigBuilder::default()
        .with_max_queue_size(traces.batch.queue)
        .with_max_export_batch_size(traces.batch.size)
        .with_scheduled_delay(traces.batch.delay)
        .build();
    let processor = BatchSpanProcessor::builder(exporter)
        .with_batch_config(batch)
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .with_sampler(traces.sampler)
        .with_resource(resource.clone())
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_tracer(provider.tracer("campanile"));
    // Fails where it has been said before, by another host of this process.
    let _ = campanile_host::trace_context::set_tracer(OtelTracer);
    (provider, LogProvider::of_spans(NAME, layer))
}

#[derive(Debug)]
struct Exporter {
    target: Arc<Target>,
    resource: ResourceAttributesWithSchema,
    sender: Sender,
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let request = ExportTraceServiceRequest {
            resource_spans: group_spans_by_resource_and_scope(batch, &self.resource),
        };
        let sent = self
            .sender
            .send(self.target.clone(), request.encode_to_vec())
            .await;
        sent.map_err(OTelSdkError::from)
    }
}

impl From<NotTaken> for OTelSdkError {
    fn from(_: NotTaken) -> Self {
        Self::InternalFailure("the collector has not taken it".to_owned())
    }
}

/// The contexts of the spans that OpenTelemetry has.
#[derive(Debug)]
struct OtelTracer;

impl Tracer for OtelTracer {
    fn context_of(&self, span: &Span) -> Option<TraceContext> {
        let context = span.context();
        let context = context.span().span_context().clone();
        let trace_id = TraceId::new(context.trace_id().to_bytes())?;
        let span_id = SpanId::new(context.span_id().to_bytes())?;
        let own = TraceContext::new(trace_id, span_id, context.is_sampled());
        Some(own.with_state(&context.trace_state().header()))
    }

    fn set_parent(&self, span: &Span, parent: &TraceContext) {
        let flags = TraceFlags::default().with_sampled(parent.is_sampled());
        let state = parent
            .tracestate()
            .and_then(|state| state.parse::<TraceState>().ok());
        let parent = SpanContext::new(
            OtelTraceId::from_bytes(parent.trace_id().to_bytes()),
            OtelSpanId::from_bytes(parent.span_id().to_bytes()),
            flags,
            true,
            state.unwrap_or_default(),
        );
        // Fails for a span that is not collected.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

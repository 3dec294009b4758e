//! Metrics: the host's instruments, as they stand at each export.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use campanile_host::metrics::{AllSeries, Metrics, Series, Snapshot};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use prost::Message;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::sender::Sender;
use super::target::Target;

/// Exports the instruments of a host.
#[derive(Clone, Debug)]
pub(crate) struct Exporter {
    metrics: Arc<Metrics>,
    target: Arc<Target>,
    resource: Resource,
    began: SystemTime,
}

impl Exporter {
    pub(crate) fn new(
        metrics: Arc<Metrics>,
        target: Target,
        resource: &opentelemetry_sdk::Resource,
    ) -> Self {
        Self {
            metrics,
            target: Arc::new(target),
            resource: Resource {
                attributes: ResourceAttributesWithSchema::from(resource).attributes.0,
                ..Resource::default()
            },
            began: SystemTime::now(),
        }
    }

    /// Exports again and again, on the sender's thread and as long as that is there.
    pub(crate) fn every(self, interval: Duration, sender: &Sender) {
        let runtime = sender.runtime().clone();
        let sender = sender.downgrade();
        runtime.spawn(async move {
            let mut ticks = interval_at(Instant::now() + interval, interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let Some(sender) = sender.upgrade() else {
                    return;
                };
                self.export(&sender).await;
            }
        });
    }

    /// Exports once.
    pub(crate) async fn export(&self, sender: &Sender) {
        let now = nanoseconds(SystemTime::now());
        let times = Times {
            from: nanoseconds(self.began),
            to: now,
        };
        let metrics = self.metrics.snapshot();
        let metrics: Vec<_> = metrics.into_iter().map(|it| metric(it, times)).collect();
        if metrics.is_empty() {
            return;
        }
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(self.resource.clone()),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(InstrumentationScope {
                        name: "campanile".to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    metrics,
                    schema_url: String::new(),
                }],
                schema_url: String::new(),
            }],
        };
        // What is not taken now is part of the next export: all of it is counted from the beginning.
        let _ = sender
            .send(self.target.clone(), request.encode_to_vec())
            .await;
    }
}

/// From when to when something was counted, in nanoseconds since 1970.
#[derive(Clone, Copy)]
struct Times {
    from: u64,
    to: u64,
}

fn metric(snapshot: Snapshot, times: Times) -> Metric {
    let cumulative = AggregationTemporality::Cumulative.into();
    let sum = |is_monotonic, data_points| {
        metric::Data::Sum(Sum {
            data_points,
            aggregation_temporality: cumulative,
            is_monotonic,
        })
    };
    let data = match snapshot.series {
        // Beyond 63 bits it is as much as can be told.
        AllSeries::Counter(all) => Some(sum(
            true,
            numbers(all, times, |it| i64::try_from(it).unwrap_or(i64::MAX)),
        )),
        AllSeries::UpDownCounter(all) => Some(sum(false, numbers(all, times, |it| it))),
        AllSeries::Histogram(all) => {
            let points = all.into_iter().map(|series| HistogramDataPoint {
                attributes: attributes(series.attributes),
                start_time_unix_nano: times.from,
                time_unix_nano: times.to,
                count: series.value.count(),
                sum: Some(series.value.sum),
                bucket_counts: series.value.counts,
                explicit_bounds: series.value.bounds,
                ..HistogramDataPoint::default()
            });
            Some(metric::Data::Histogram(Histogram {
                data_points: points.collect(),
                aggregation_temporality: cumulative,
            }))
        }
        _ => None,
    };
    Metric {
        name: snapshot.name,
        description: snapshot.description,
        unit: snapshot.unit,
        metadata: Vec::new(),
        data,
    }
}

fn numbers<V>(
    all: Vec<Series<V>>,
    times: Times,
    number: impl Fn(V) -> i64,
) -> Vec<NumberDataPoint> {
    let points = all.into_iter().map(|series| NumberDataPoint {
        attributes: attributes(series.attributes),
        start_time_unix_nano: times.from,
        time_unix_nano: times.to,
        value: Some(number_data_point::Value::AsInt(number(series.value))),
        ..NumberDataPoint::default()
    });
    points.collect()
}

fn attributes(attributes: Vec<(&'static str, String)>) -> Vec<KeyValue> {
    let pairs = attributes.into_iter().map(|(name, value)| KeyValue {
        key: name.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value)),
        }),
        ..KeyValue::default()
    });
    pairs.collect()
}

fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

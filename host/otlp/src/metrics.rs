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
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::deltas::Deltas;
use super::sender::{NotTaken, Sender};
use super::settings::{self, Temporality};
use super::target::Target;

/// Exports the instruments of a host.
#[derive(Clone, Debug)]
pub(crate) struct Exporter {
    metrics: Arc<Metrics>,
    target: Arc<Target>,
    resource: Resource,
    /// In nanoseconds since 1970.
    began: u64,
    /// What has been told, where collectors are told what has come since.
    deltas: Option<Arc<Mutex<Deltas>>>,
}

impl Exporter {
    pub(crate) fn new(
        metrics: Arc<Metrics>,
        settings: settings::Metrics,
        resource: &opentelemetry_sdk::Resource,
    ) -> Self {
        let began = now();
        let deltas = match settings.temporality {
            Temporality::Cumulative => None,
            Temporality::Delta => Some(Deltas::from(began)),
        };
        Self {
            metrics,
            target: Arc::new(settings.target),
            resource: Resource {
                attributes: ResourceAttributesWithSchema::from(resource).attributes.0,
                ..Resource::default()
            },
            began,
            deltas: deltas.map(|deltas| Arc::new(Mutex::new(deltas))),
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
        let Some(deltas) = &self.deltas else {
            let times = Times {
                temporality: AggregationTemporality::Cumulative,
                began: self.began,
                since: self.began,
                to: now(),
            };
            // What is not taken now is part of the next export: all of it is counted from the beginning.
            let _ = self.send(self.metrics.snapshot(), times, sender).await;
            return;
        };
        // One after the other: what is new is known when the one before has been taken or not.
        let mut deltas = deltas.lock().await;
        let times = Times {
            temporality: AggregationTemporality::Delta,
            began: self.began,
            since: deltas.since(),
            to: now().max(deltas.since()),
        };
        let all = self.metrics.snapshot();
        match self.send(deltas.new_in(&all), times, sender).await {
            // What is refused would be refused again.
            Ok(()) | Err(NotTaken::ForGood) => deltas.are_told(times.to, all),
            Err(NotTaken::ForNow) => {}
        }
    }

    async fn send(
        &self,
        metrics: Vec<Snapshot>,
        times: Times,
        sender: &Sender,
    ) -> Result<(), NotTaken> {
        if metrics.is_empty() {
            return Ok(());
        }
        let request = ExportMetricsServiceRequest {
            resource_metrics: vec![ResourceMetrics {
                resource: Some(self.resource.clone()),
                scope_metrics: vec![ScopeMetrics {
                    scope: Some(InstrumentationScope {
                        name: "campanile".to_owned(),
                        ..InstrumentationScope::default()
                    }),
                    metrics: metrics.into_iter().map(|it| metric(it, times)).collect(),
                    schema_url: String::new(),
                }],
                schema_url: String::new(),
            }],
        };
        sender
            .send(self.target.clone(), request.encode_to_vec())
            .await
    }
}

/// From when to when something was counted, in nanoseconds since 1970.
#[derive(Clone, Copy)]
struct Times {
    /// Of counters and histograms.
    temporality: AggregationTemporality,
    /// From when on everything is counted.
    began: u64,
    /// From when on counters and histograms are.
    since: u64,
    to: u64,
}

fn metric(snapshot: Snapshot, times: Times) -> Metric {
    let data = match snapshot.series {
        AllSeries::Counter(all) => Some(metric::Data::Sum(Sum {
            // Beyond 63 bits it is as much as can be told.
            data_points: numbers(all, times.since, times.to, |it| {
                i64::try_from(it).unwrap_or(i64::MAX)
            }),
            aggregation_temporality: times.temporality.into(),
            is_monotonic: true,
        })),
        AllSeries::UpDownCounter(all) => Some(metric::Data::Sum(Sum {
            data_points: numbers(all, times.began, times.to, |it| it),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic: false,
        })),
        AllSeries::Histogram(all) => {
            let points = all.into_iter().map(|series| HistogramDataPoint {
                attributes: attributes(series.attributes),
                start_time_unix_nano: times.since,
                time_unix_nano: times.to,
                count: series.value.count(),
                // Of what is infinite there is no difference.
                sum: Some(series.value.sum).filter(|sum| !sum.is_nan()),
                bucket_counts: series.value.counts,
                explicit_bounds: series.value.bounds,
                ..HistogramDataPoint::default()
            });
            Some(metric::Data::Histogram(Histogram {
                data_points: points.collect(),
                aggregation_temporality: times.temporality.into(),
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
    from: u64,
    to: u64,
    number: impl Fn(V) -> i64,
) -> Vec<NumberDataPoint> {
    let points = all.into_iter().map(|series| NumberDataPoint {
        attributes: attributes(series.attributes),
        start_time_unix_nano: from,
        time_unix_nano: to,
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

/// In nanoseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

//! The text that Prometheus reads.

use std::fmt::Write;

use super::attributes::Owned;
use super::registry::{Instrument, Kind, Metrics};

/// The content type of [`Metrics::to_prometheus`].
pub const PROMETHEUS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Metrics {
    /// All instruments in Prometheus' text format 0.0.4. Names are turned as OpenTelemetry's rules for Prometheus have it: `_`
    /// for what is no letter or digit, the unit at the end, then `_total` for counters.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        for instrument in self.all() {
            write_instrument(&mut text, &instrument);
        }
        text
    }
}

fn write_instrument(text: &mut String, instrument: &Instrument) {
    let mut name = metric_name(&instrument.name, &instrument.unit);
    let mut lines = String::new();
    let kind = match &instrument.kind {
        Kind::Counter(family) => {
            if !name.ends_with("_total") {
                name.push_str("_total");
            }
            let series = family.all();
            let plain = family.plain().value();
            if plain > 0 || series.is_empty() {
                line(&mut lines, &name, None, None, plain);
            }
            for (attributes, sum) in series {
                line(&mut lines, &name, Some(&attributes), None, sum.value());
            }
            "counter"
        }
        Kind::UpDownCounter(family) => {
            let series = family.all();
            let plain = family.plain();
            if plain.is_used() || series.is_empty() {
                line(&mut lines, &name, None, None, plain.value());
            }
            for (attributes, level) in series {
                line(&mut lines, &name, Some(&attributes), None, level.value());
            }
            "gauge"
        }
        Kind::Histogram(family) => {
            let mut all: Vec<_> = family
                .all()
                .into_iter()
                .map(|(attributes, series)| (Some(attributes), series))
                .collect();
            if all.is_empty() || family.plain().count() > 0 {
                all.insert(0, (None, family.plain().clone()));
            }
            for (attributes, buckets) in &all {
                let attributes = attributes.as_ref();
                let mut count = 0;
                for (bound, up_to) in buckets.cumulative() {
                    let bound = number(bound);
                    let bucket = format!("{name}_bucket");
                    line(&mut lines, &bucket, attributes, Some(&bound), up_to);
                    // The last says all, and fits the buckets even while others record.
                    count = up_to;
                }
                let sum = number(buckets.sum());
                line(&mut lines, &format!("{name}_sum"), attributes, None, sum);
                line(
                    &mut lines,
                    &format!("{name}_count"),
                    attributes,
                    None,
                    count,
                );
            }
            "histogram"
        }
    };
    if !instrument.description.is_empty() {
        let help = instrument.description.replace('\\', "\\\\");
        let help = help.replace('\n', "\\n");
        // Writing to a string does not fail, here and below.
        let _ = writeln!(text, "# HELP {name} {help}");
    }
    let _ = writeln!(text, "# TYPE {name} {kind}");
    text.push_str(&lines);
}

fn line(
    text: &mut String,
    name: &str,
    attributes: Option<&Owned>,
    bound: Option<&str>,
    value: impl std::fmt::Display,
) {
    text.push_str(name);
    let mut separator = '{';
    let attributes = attributes.into_iter().flat_map(Owned::iter);
    for (label, value) in attributes.chain(bound.map(|it| ("le", it))) {
        text.push(separator);
        separator = ',';
        sanitised(text, label);
        text.push_str("=\"");
        for letter in value.chars() {
            match letter {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                other => text.push(other),
            }
        }
        text.push('"');
    }
    if separator == ',' {
        text.push('}');
    }
    let _ = writeln!(text, " {value}");
}

fn number(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        value.to_string()
    }
}

fn metric_name(name: &str, unit: &str) -> String {
    let mut all = String::new();
    sanitised(&mut all, name);
    let suffix = match unit {
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        "1" => "ratio",
        // Units in braces are remarks.
        other if other.starts_with('{') => "",
        other => other,
    };
    if !suffix.is_empty() && !all.ends_with(&format!("_{suffix}")) {
        all.push('_');
        sanitised(&mut all, suffix);
    }
    all
}

fn sanitised(text: &mut String, name: &str) {
    for (index, letter) in name.chars().enumerate() {
        let fits = letter.is_ascii_alphabetic() || letter == '_';
        if fits || (index > 0 && letter.is_ascii_digit()) {
            text.push(letter);
        } else {
            text.push('_');
        }
    }
}

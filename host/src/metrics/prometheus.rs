//! The text that Prometheus reads.

use std::fmt::{Display, Write};

use super::registry::Metrics;
use super::snapshot::{AllSeries, Distribution, Series, Snapshot};

/// The content type of [`Metrics::to_prometheus`].
pub const PROMETHEUS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Metrics {
    /// All instruments in Prometheus' text format 0.0.4. Names are turned as OpenTelemetry's rules for Prometheus have it: `_`
    /// for what is no letter or digit, the unit at the end, then `_total` for counters.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        for instrument in self.snapshot() {
            write_instrument(&mut text, &instrument);
        }
        text
    }
}

fn write_instrument(text: &mut String, instrument: &Snapshot) {
    let mut name = metric_name(&instrument.name, &instrument.unit);
    let mut lines = String::new();
    let kind = match &instrument.series {
        AllSeries::Counter(all) => {
            if !name.ends_with("_total") {
                name.push_str("_total");
            }
            write_values(&mut lines, &name, all);
            "counter"
        }
        AllSeries::UpDownCounter(all) => {
            write_values(&mut lines, &name, all);
            "gauge"
        }
        AllSeries::Histogram(all) => {
            for series in all {
                write_distribution(&mut lines, &name, series);
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

fn write_values<V: Display>(lines: &mut String, name: &str, all: &[Series<V>]) {
    for series in all {
        line(lines, name, &series.attributes, None, &series.value);
    }
}

fn write_distribution(lines: &mut String, name: &str, series: &Series<Distribution>) {
    let Series { attributes, value } = series;
    let bucket = format!("{name}_bucket");
    let mut up_to = 0;
    let bounds = value.bounds.iter().copied().chain([f64::INFINITY]);
    for (bound, count) in bounds.zip(&value.counts) {
        up_to += count;
        line(lines, &bucket, attributes, Some(&number(bound)), up_to);
    }
    line(
        lines,
        &format!("{name}_sum"),
        attributes,
        None,
        number(value.sum),
    );
    line(lines, &format!("{name}_count"), attributes, None, up_to);
}

fn line(
    text: &mut String,
    name: &str,
    attributes: &[(&'static str, String)],
    bound: Option<&str>,
    value: impl Display,
) {
    text.push_str(name);
    let mut separator = '{';
    let attributes = attributes.iter().map(|(label, value)| (*label, &**value));
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

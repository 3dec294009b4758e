//! How health is answered.

use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::check::HealthStatus;
use super::registration::Entry;
use crate::body::Response;

/// As ASP.NET Core says that nobody is to keep the answer.
const UNCACHED: [(HeaderName, HeaderValue); 3] = [
    (
        CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-cache"),
    ),
    (PRAGMA, HeaderValue::from_static("no-cache")),
    (
        EXPIRES,
        HeaderValue::from_static("Thu, 01 Jan 1970 00:00:00 GMT"),
    ),
];

pub(super) fn answer(
    entries: &[Entry],
    is_stopping: bool,
    duration: Duration,
    in_json: bool,
) -> Response {
    let worst = entries.iter().map(|it| it.result.status).min();
    let status = match worst {
        _ if is_stopping => HealthStatus::Unhealthy,
        worst => worst.unwrap_or(HealthStatus::Healthy),
    };
    let (content_type, body) = if in_json {
        let report = report(entries, status, is_stopping, duration);
        ("application/json", report.to_string())
    } else {
        ("text/plain", status.as_str().to_owned())
    };
    let mut response = Response::new(body.into());
    if status == HealthStatus::Unhealthy {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.extend(UNCACHED);
    response
}

fn report(entries: &[Entry], status: HealthStatus, is_stopping: bool, duration: Duration) -> Value {
    let checks: Map<String, Value> = entries
        .iter()
        .map(|entry| (entry.registration.name.clone(), detail(entry)))
        .collect();
    let mut report = json!({
        "status": status.as_str(),
        "totalDuration": seconds(duration),
        "entries": checks,
    });
    if is_stopping {
        report["description"] = "the application is stopping".into();
    }
    report
}

fn detail(entry: &Entry) -> Value {
    let result = &entry.result;
    let mut detail = json!({
        "status": result.status.as_str(),
        "duration": seconds(entry.duration),
        "tags": entry.registration.tags,
        "data": result.data,
    });
    if let Some(description) = &result.description {
        detail["description"] = description.as_str().into();
    }
    detail
}

/// As .NET writes a time.
fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let ticks = duration.subsec_nanos() / 100;
    format!("{hours:02}:{minutes:02}:{:02}.{ticks:07}", seconds % 60)
}

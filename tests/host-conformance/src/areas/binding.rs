//! The area `binding`: the section `Sample` as a type with a field of each kind.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use campanile_host::configuration::ConfigurationBuilder;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::configuration::pairs;

pub(crate) fn answer(case: &Value) -> super::Answer {
    let mut builder = ConfigurationBuilder::new();
    if let Some(text) = case["json"].as_str() {
        builder.add_json_text(text);
    }
    builder.add_in_memory(pairs(&case["values"]));
    match builder.build()?.bind::<Sample>("Sample") {
        Ok(sample) => Ok(json!({ "sample": sample.answer() })),
        Err(error) => {
            eprintln!("{error}");
            Ok(json!({ "error": error.problems()[0].key() }))
        }
    }
}

#[derive(Deserialize, Debug)]
enum Size {
    Small,
    Medium,
    Large,
}

#[derive(Deserialize)]
#[serde(default)]
struct Inner {
    name: Option<String>,
    rank: i32,
    next: Option<Box<Self>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            name: None,
            rank: 1,
            next: None,
        }
    }
}

impl Inner {
    fn answer(&self) -> Value {
        let next = self.next.as_ref().map(|next| next.answer());
        json!({ "name": self.name, "rank": self.rank, "next": next })
    }
}

/// A list or a map of .NET's that nothing is added to stays null; here it is empty.
#[derive(Deserialize)]
#[serde(default)]
struct Sample {
    text: Option<String>,
    number: i32,
    big: i64,
    small: u8,
    ratio: f64,
    flag: bool,
    period: Duration,
    id: Uuid,
    size: Size,
    maybe: Option<i32>,
    pause: Option<Duration>,
    tags: Option<Vec<Option<String>>>,
    numbers: Vec<i32>,
    counts: BTreeMap<String, i32>,
    inner: Option<Inner>,
    items: Vec<Inner>,
    named: BTreeMap<String, Inner>,
    bytes: Option<Bytes>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            text: Some("default".to_owned()),
            number: 7,
            big: 0,
            small: 0,
            ratio: 0.5,
            flag: false,
            period: Duration::from_secs(1),
            id: Uuid::nil(),
            size: Size::Medium,
            maybe: None,
            pause: None,
            tags: None,
            numbers: Vec::new(),
            counts: BTreeMap::new(),
            inner: None,
            items: Vec::new(),
            named: BTreeMap::new(),
            bytes: None,
        }
    }
}

impl Sample {
    fn answer(&self) -> Value {
        let items: Vec<Value> = self.items.iter().map(Inner::answer).collect();
        let named: BTreeMap<&String, Value> = self
            .named
            .iter()
            .map(|(key, inner)| (key, inner.answer()))
            .collect();
        json!({
            "text": self.text,
            "number": self.number,
            "big": self.big,
            "small": self.small,
            "ratio": number(self.ratio),
            "flag": self.flag,
            "period": milliseconds(self.period),
            "id": self.id.to_string(),
            "size": format!("{:?}", self.size),
            "maybe": self.maybe,
            "pause": self.pause.map(milliseconds),
            "tags": self.tags,
            "numbers": Some(&self.numbers).filter(|it| !it.is_empty()),
            "counts": Some(&self.counts).filter(|it| !it.is_empty()),
            "inner": self.inner.as_ref().map(Inner::answer),
            "items": Some(items).filter(|it| !it.is_empty()),
            "named": Some(named).filter(|it| !it.is_empty()),
            "bytes": self.bytes.as_ref().map(|bytes| STANDARD.encode(bytes)),
        })
    }
}

/// What is not finite is written as .NET writes it.
fn number(number: f64) -> Value {
    if number.is_finite() {
        number.into()
    } else if number.is_nan() {
        "NaN".into()
    } else if number > 0.0 {
        "Infinity".into()
    } else {
        "-Infinity".into()
    }
}

fn milliseconds(span: Duration) -> Value {
    // In units of 100 ns, as .NET counts, the quotient is exact where the answer is.
    let ticks = u64::try_from(span.as_nanos() / 100).unwrap_or(u64::MAX);
    if ticks.is_multiple_of(10_000) {
        (ticks / 10_000).into()
    } else {
        (ticks as f64 / 10_000.0).into()
    }
}

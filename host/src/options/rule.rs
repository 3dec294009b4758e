//! What a setting has to be like, declared.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::configuration::{ByteSize, time_span};

/// Says what is wrong.
pub(super) type Check<T> = dyn Fn(&T) -> Result<(), String> + Send + Sync;

/// What a setting of the type `V` has to be like. See [`OptionsBuilder::check`](super::OptionsBuilder::check).
///
/// Made by the functions beside it, or by [`custom`] of a function of one's own.
pub struct Rule<V: ?Sized> {
    check: Box<Check<V>>,
    /// What a JSON schema says of it.
    pub(super) schema: Map<String, Value>,
}

impl<V: ?Sized> Rule<V> {
    fn with(mut self, keyword: &str, limit: impl Into<Option<Value>>) -> Self {
        if let Some(limit) = limit.into() {
            self.schema.insert(keyword.to_owned(), limit);
        }
        self
    }

    /// Checks a value; the error goes on after the key: `has to be at least 1, found 0`.
    ///
    /// # Errors
    ///
    /// Where the value is not like that.
    pub fn check(&self, value: &V) -> Result<(), String> {
        (self.check)(value)
    }
}

impl<V: ?Sized> fmt::Debug for Rule<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").finish_non_exhaustive()
    }
}

/// Whatever `check` says; its error goes on after the key: `has to be a prime`.
pub fn custom<V: ?Sized>(
    check: impl Fn(&V) -> Result<(), String> + Send + Sync + 'static,
) -> Rule<V> {
    Rule {
        check: Box::new(check),
        schema: Map::new(),
    }
}

/// At least `low` and at most `high`.
#[doc(alias = "Range")]
pub fn between<V: Quantity>(low: V, high: V) -> Rule<V> {
    let (minimum, maximum) = (low.number(), high.number());
    custom(move |value: &V| {
        let is_between = *value >= low && *value <= high;
        let what = || format!("between {} and {}", low.shown(), high.shown());
        demand(is_between, what, value)
    })
    .with("minimum", minimum)
    .with("maximum", maximum)
}

/// At least `low`.
pub fn at_least<V: Quantity>(low: V) -> Rule<V> {
    let minimum = low.number();
    custom(move |value: &V| demand(*value >= low, || format!("at least {}", low.shown()), value))
        .with("minimum", minimum)
}

/// At most `high`.
pub fn at_most<V: Quantity>(high: V) -> Rule<V> {
    let maximum = high.number();
    custom(move |value: &V| {
        demand(
            *value <= high,
            || format!("at most {}", high.shown()),
            value,
        )
    })
    .with("maximum", maximum)
}

fn demand<V: Quantity>(
    is_met: bool,
    what: impl FnOnce() -> String,
    value: &V,
) -> Result<(), String> {
    if is_met {
        return Ok(());
    }
    Err(format!("has to be {}, found {}", what(), value.shown()))
}

/// Neither empty nor, for a text, only spaces.
#[doc(alias = "Required")]
pub fn not_empty<V: Measured + ?Sized>() -> Rule<V> {
    custom(|value: &V| {
        if value.is_blank() {
            Err("must not be empty".to_owned())
        } else {
            Ok(())
        }
    })
    .with(V::LIMITS.0, Value::from(1))
}

/// From `shortest` to `longest` characters, elements or entries.
#[doc(alias = "StringLength")]
#[doc(alias = "MaxLength")]
pub fn length<V: Measured + ?Sized>(shortest: usize, longest: usize) -> Rule<V> {
    custom(move |value: &V| {
        let length = value.length();
        if (shortest..=longest).contains(&length) {
            return Ok(());
        }
        let unit = V::UNIT;
        Err(format!(
            "has to have from {shortest} to {longest} {unit}, found {length}"
        ))
    })
    .with(V::LIMITS.0, Value::from(shortest))
    .with(V::LIMITS.1, Value::from(longest))
}

/// As `rule` says, if there is a value at all.
pub fn if_given<V: 'static>(rule: Rule<V>) -> Rule<Option<V>> {
    let Rule { check, schema } = rule;
    Rule {
        schema,
        ..custom(move |value: &Option<V>| value.as_ref().map_or(Ok(()), &check))
    }
}

/// Each element as `rule` says; the first that is not is reported.
pub fn each<V: 'static>(rule: Rule<V>) -> Rule<Vec<V>> {
    let items = Value::from(rule.schema.clone());
    custom(move |values: &Vec<V>| {
        for (at, value) in values.iter().enumerate() {
            rule.check(value)
                .map_err(|error| format!("at {at} {error}"))?;
        }
        Ok(())
    })
    .with("items", items)
}

/// What can be compared with a limit.
pub trait Quantity: PartialOrd + Send + Sync + 'static {
    /// How it is written in a configuration file.
    fn shown(&self) -> String;

    /// The number that a JSON schema compares with, if it can.
    fn number(&self) -> Option<Value> {
        None
    }
}

macro_rules! quantities {
    ($($number:ty)*) => {$(
        impl Quantity for $number {
            fn shown(&self) -> String {
                self.to_string()
            }

            fn number(&self) -> Option<Value> {
                serde_json::to_value(self).ok()
            }
        }
    )*};
}

quantities!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64);

impl Quantity for ByteSize {
    fn shown(&self) -> String {
        self.to_string()
    }
}

impl Quantity for Duration {
    fn shown(&self) -> String {
        time_span::write(*self)
    }
}

/// What has a length.
pub trait Measured {
    /// What is counted.
    const UNIT: &str;

    /// What a JSON schema calls the least and the most that there may be.
    const LIMITS: (&str, &str);

    /// How many there are.
    fn length(&self) -> usize;

    /// Whether there is nothing in it that counts.
    fn is_blank(&self) -> bool {
        self.length() == 0
    }
}

const TEXT: (&str, &str) = ("minLength", "maxLength");

#[expect(
    clippy::use_self,
    reason = "units and keywords are no texts to be measured"
)]
impl Measured for str {
    const UNIT: &str = "characters";
    const LIMITS: (&str, &str) = TEXT;

    fn length(&self) -> usize {
        self.chars().count()
    }

    fn is_blank(&self) -> bool {
        self.trim().is_empty()
    }
}

impl Measured for String {
    const UNIT: &str = str::UNIT;
    const LIMITS: (&str, &str) = TEXT;

    fn length(&self) -> usize {
        self.as_str().length()
    }

    fn is_blank(&self) -> bool {
        self.as_str().is_blank()
    }
}

impl<V> Measured for Vec<V> {
    const UNIT: &str = "elements";
    const LIMITS: (&str, &str) = ("minItems", "maxItems");

    fn length(&self) -> usize {
        self.len()
    }
}

impl<K, V, S> Measured for HashMap<K, V, S> {
    const UNIT: &str = "entries";
    const LIMITS: (&str, &str) = ("minProperties", "maxProperties");

    fn length(&self) -> usize {
        self.len()
    }
}

impl<K, V> Measured for BTreeMap<K, V> {
    const UNIT: &str = "entries";
    const LIMITS: (&str, &str) = ("minProperties", "maxProperties");

    fn length(&self) -> usize {
        self.len()
    }
}

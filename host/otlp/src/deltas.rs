//! [`Deltas`]: what has come since it was last told.

use campanile_host::metrics::{AllSeries, Distribution, Series, Snapshot};

/// What collectors that add up by themselves have been told, so that they are told of each change once.
#[derive(Debug)]
pub(crate) struct Deltas {
    /// Until when, in nanoseconds since 1970.
    until: u64,
    /// What instruments said then.
    told: Vec<Snapshot>,
}

impl Deltas {
    /// Nothing has been told of what comes from now on.
    pub(crate) fn from(now: u64) -> Self {
        let told = Vec::new();
        Self { until: now, told }
    }

    /// From when on what is [`new`](Self::new_in) has come.
    pub(crate) fn since(&self) -> u64 {
        self.until
    }

    /// What has come to counters and histograms, without those to which nothing has. What goes up and down stays as it is: a
    /// collector that missed one change would be wrong about it for ever.
    pub(crate) fn new_in(&self, now: &[Snapshot]) -> Vec<Snapshot> {
        let new = now.iter().map(|snapshot| {
            let mut new = snapshot.clone();
            match (&mut new.series, self.told_of(&snapshot.name)) {
                (AllSeries::Counter(now), told) => {
                    let told = match told {
                        Some(AllSeries::Counter(told)) => &**told,
                        _ => &[],
                    };
                    subtract(now, told, |now, told| *now = now.saturating_sub(*told));
                    now.retain(|series| series.value > 0);
                }
                (AllSeries::Histogram(now), told) => {
                    let told = match told {
                        Some(AllSeries::Histogram(told)) => &**told,
                        _ => &[],
                    };
                    subtract(now, told, subtract_distribution);
                    now.retain(|series| series.value.count() > 0);
                }
                _ => {}
            }
            new
        });
        new.filter(|it| has_series(&it.series)).collect()
    }

    /// This has been told, of everything until then.
    pub(crate) fn are_told(&mut self, until: u64, now: Vec<Snapshot>) {
        self.until = until;
        self.told = now;
    }

    fn told_of(&self, name: &str) -> Option<&AllSeries> {
        // Snapshots are in the order of their names.
        let at = self.told.binary_search_by(|it| it.name.as_str().cmp(name));
        Some(&self.told[at.ok()?].series)
    }
}

/// Takes from each series what was told of it. Both are in the order of their attributes.
fn subtract<V>(now: &mut [Series<V>], told: &[Series<V>], subtract: impl Fn(&mut V, &V)) {
    for series in now {
        if let Ok(at) = told.binary_search_by(|it| it.attributes.cmp(&series.attributes)) {
            subtract(&mut series.value, &told[at].value);
        }
    }
}

fn subtract_distribution(now: &mut Distribution, told: &Distribution) {
    for (now, told) in now.counts.iter_mut().zip(&told.counts) {
        *now = now.saturating_sub(*told);
    }
    now.sum -= told.sum;
}

fn has_series(series: &AllSeries) -> bool {
    match series {
        AllSeries::Counter(all) => !all.is_empty(),
        AllSeries::UpDownCounter(all) => !all.is_empty(),
        AllSeries::Histogram(all) => !all.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use campanile_host::metrics::Metrics;

    use super::*;

    /// The instruments and their values, without what is not looked at.
    fn told(snapshots: &[Snapshot]) -> Vec<String> {
        let text = |it: &Snapshot| match &it.series {
            AllSeries::Counter(all) => all
                .iter()
                .map(|it| format!("{:?} {}", it.attributes, it.value))
                .collect(),
            AllSeries::UpDownCounter(all) => all
                .iter()
                .map(|it| format!("{:?} {}", it.attributes, it.value))
                .collect(),
            AllSeries::Histogram(all) => all
                .iter()
                .map(|it| format!("{:?} {:?} {}", it.attributes, it.value.counts, it.value.sum))
                .collect(),
            other => vec![format!("{other:?}")],
        };
        snapshots
            .iter()
            .map(|it| format!("{}: {}", it.name, text(it).join(", ")))
            .collect()
    }

    #[test]
    fn what_has_come_is_told_once_by_each_series() {
        let metrics = Metrics::new();
        let mut deltas = Deltas::from(100);
        let strikes = metrics.counter("strikes", "", "");
        let open = metrics.up_down_counter("open", "", "");
        let swing = metrics.histogram("swing", "", "", &[1.0]);
        strikes.add(2, &[("bell", "Emma")]);
        open.add(3, &[]);
        swing.record(0.5, &[]);

        let first = metrics.snapshot();
        assert_eq!(
            told(&deltas.new_in(&first)),
            [
                "open: [] 3",
                r#"strikes: [("bell", "Emma")] 2"#,
                "swing: [] [1, 0] 0.5"
            ]
        );
        // Not taken: it is new as before, with what has come to it.
        strikes.add(1, &[("bell", "Emma")]);
        let second = metrics.snapshot();
        assert_eq!(deltas.since(), 100);
        assert_eq!(
            told(&deltas.new_in(&second))[1],
            r#"strikes: [("bell", "Emma")] 3"#
        );

        deltas.are_told(200, second);
        assert_eq!(deltas.since(), 200);
        strikes.add(5, &[]);
        strikes.add(7, &[("bell", "Susanne")]);
        swing.record(4.0, &[]);
        swing.record(0.25, &[("bell", "Emma")]);
        open.add(-1, &[]);
        assert_eq!(
            told(&deltas.new_in(&metrics.snapshot())),
            [
                "open: [] 2",
                r#"strikes: [] 5, [("bell", "Susanne")] 7"#,
                r#"swing: [] [0, 1] 4, [("bell", "Emma")] [1, 0] 0.25"#
            ]
        );
    }

    #[test]
    fn where_nothing_has_come_nothing_is_told() {
        let metrics = Metrics::new();
        let mut deltas = Deltas::from(0);
        metrics.counter("strikes", "", "").add(1, &[]);
        let _unused = metrics.histogram("swing", "", "", &[1.0]);
        deltas.are_told(1, metrics.snapshot());
        assert_eq!(told(&deltas.new_in(&metrics.snapshot())), [""; 0]);
    }
}

//! The table, and what should be in it.

use std::io::{self, Write};

/// The name of a row here, and to readers.
const ROWS: [(&str, &str); 4] = [
    (
        "both",
        "processor time of both servers, µs a message that a client gets",
    ),
    ("receiving", "that of the receiving server"),
    ("single", "that of one server without Redis"),
    ("trip", "client to client and back, ms, median"),
];

/// What ours may be at most of what others are.
const OF_OTHERS: [(&str, f64); 2] = [("both", 1.0 / 3.0), ("trip", 1.0)];

/// What the receiving server may be at most of the one without Redis.
const OF_SINGLE: f64 = 1.3;

/// The values of all rounds.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Row, name, value.
    values: Vec<(&'static str, String, f64)>,
}

impl Report {
    pub(crate) fn add(&mut self, row: &'static str, name: &str, value: f64) {
        self.values.push((row, name.to_owned(), value));
    }

    /// Prints the medians of all rounds up to now, and the least and the greatest.
    pub(crate) fn print(&self, title: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{title}")?;
        for (row, text) in ROWS {
            writeln!(out, "  {text}")?;
            for name in self.names(row) {
                let values = self.sorted(row, name);
                let (least, greatest) = (values[0], values[values.len() - 1]);
                let median = median(&values);
                writeln!(
                    out,
                    "    {name:12} {median:8.3}  [{least:.3} to {greatest:.3}]"
                )?;
            }
        }
        Ok(())
    }

    /// Compares, prints, and says whether all is as it should be.
    pub(crate) fn holds(&self) -> io::Result<bool> {
        let mut out = io::stdout().lock();
        let mut all = true;
        let mut compare = |what: &str, ratio: f64, limit: f64| {
            let holds = ratio <= limit;
            all &= holds;
            let verdict = if holds { "holds" } else { "DOES NOT HOLD" };
            writeln!(out, "{what}: {ratio:.2}, at most {limit:.2}: {verdict}")
        };
        let Some(ours) = self.names("both").first().copied() else {
            return Ok(false);
        };
        let ratio = self.median("receiving", ours) / self.median("single", ours);
        compare("receiving / without Redis", ratio, OF_SINGLE)?;
        for (row, limit) in OF_OTHERS {
            for other in self.names(row).into_iter().skip(1) {
                let ratio = self.median(row, ours) / self.median(row, other);
                compare(&format!("{row}: {ours} / {other}"), ratio, limit)?;
            }
        }
        Ok(all)
    }

    /// In the order in which they came.
    fn names(&self, row: &str) -> Vec<&str> {
        let mut names = Vec::new();
        for (it, name, _) in &self.values {
            if *it == row && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    fn sorted(&self, row: &str, name: &str) -> Vec<f64> {
        let of = self.values.iter();
        let of = of.filter(|(it, whose, _)| *it == row && whose == name);
        let mut values: Vec<f64> = of.map(|(_, _, value)| *value).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    fn median(&self, row: &str, name: &str) -> f64 {
        median(&self.sorted(row, name))
    }
}

/// Of values in order, of which there is one at least.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

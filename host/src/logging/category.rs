//! The category of a target.

use std::fmt;

/// A `tracing` target as a category: `.` for `::`, because a configuration key is taken apart at its colons.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Category<'a>(pub(crate) &'a str);

impl Category<'_> {
    pub(crate) fn push_to(self, out: &mut String) {
        for (index, segment) in self.0.split("::").enumerate() {
            if index > 0 {
                out.push('.');
            }
            out.push_str(segment);
        }
    }
}

impl fmt::Display for Category<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(self.0.len());
        self.push_to(&mut text);
        formatter.write_str(&text)
    }
}

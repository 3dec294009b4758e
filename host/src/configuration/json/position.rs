//! Lines and columns of positions in a text.

/// Where the lines of a text begin.
pub(super) struct Lines {
    starts: Vec<usize>,
}

/// A place in a text, as editors count: both from 1, the column in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let behind_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            starts: std::iter::once(0).chain(behind_breaks).collect(),
        }
    }

    pub(super) fn position(&self, offset: usize) -> Position {
        // The first start is 0, so at least one is not behind the offset.
        let line = self.starts.partition_point(|start| *start <= offset);
        Position {
            line,
            column: offset - self.starts[line - 1] + 1,
        }
    }

    /// The position of what is in the given line and column of the part of the text that begins at `offset`.
    ///
    /// Column 0 is the line break before the line, as `serde_json` counts.
    pub(super) fn within(&self, offset: usize, line: usize, column: usize) -> Position {
        let offset = match line {
            0 | 1 => offset + column.saturating_sub(1),
            line => {
                let first = self.starts.partition_point(|start| *start <= offset);
                let start = self.starts.get(first + line - 2).unwrap_or(&offset);
                (start + column).saturating_sub(1)
            }
        };
        self.position(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one() {
        let lines = Lines::of("ab\n\ncd");
        for (offset, line, column) in [(0, 1, 1), (2, 1, 3), (3, 2, 1), (4, 3, 1), (5, 3, 2)] {
            assert_eq!(lines.position(offset), Position { line, column });
        }
    }

    #[test]
    fn positions_in_a_part_are_positions_in_the_whole() {
        let lines = Lines::of("ab\n{\nx\n}");
        for (line, column, expected) in [
            (1, 0, (2, 1)),
            (1, 1, (2, 1)),
            (2, 1, (3, 1)),
            (3, 0, (3, 2)),
        ] {
            let Position { line, column } = lines.within(3, line, column);
            assert_eq!((line, column), expected);
        }
    }
}

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
}

impl Position {
    /// A position that was counted from this one on, as a position in the whole.
    pub(super) fn then(self, line: usize, column: usize) -> Self {
        Self {
            line: self.line + line.saturating_sub(1),
            column: if line <= 1 {
                self.column + column.saturating_sub(1)
            } else {
                column
            },
        }
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
    fn positions_add_up() {
        let start = Position { line: 3, column: 5 };
        assert_eq!(start.then(1, 4), Position { line: 3, column: 8 });
        assert_eq!(start.then(2, 4), Position { line: 4, column: 4 });
    }
}

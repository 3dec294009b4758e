//! The first line of the first request of a connection, as its bytes come in.

use http::StatusCode;

/// How many bytes the name of a version has: `HTTP/1.1`.
const VERSION: usize = 8;

/// Refuses a first line for what hyper refuses as something else: one that goes on for too long, which hyper takes for a head that
/// does, and one of a version that is not spoken, which it takes for no line at all. As Kestrel, it looks at the first eight bytes
/// of the version only.
#[derive(Debug)]
pub(crate) struct FirstLine {
    /// So many bytes more may come until it ends.
    left: usize,
    /// How many spaces have come, of the two that part a method, a target and a version.
    spaces: u8,
    version: [u8; VERSION],
    /// How much of the version has come.
    filled: usize,
}

/// What is known of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// More of it is to come.
    Unfinished,
    /// It has ended. What else is wrong with it is for hyper to find.
    Ended,
    /// It is refused.
    Refused(StatusCode),
}

impl FirstLine {
    /// One of at most so many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            left: limit,
            spaces: 0,
            version: [0; VERSION],
            filled: 0,
        }
    }

    /// Takes the next bytes of the connection.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Progress {
        for byte in bytes {
            match (byte, self.spaces) {
                (b'\n', _) => return self.end(),
                (b' ', 0 | 1) => self.spaces += 1,
                (_, 0 | 1) => {}
                _ if self.filled < VERSION => {
                    self.version[self.filled] = *byte;
                    self.filled += 1;
                }
                _ => {}
            }
        }
        match self.left.checked_sub(bytes.len()) {
            Some(left) => {
                self.left = left;
                Progress::Unfinished
            }
            None => Progress::Refused(StatusCode::URI_TOO_LONG),
        }
    }

    fn end(&self) -> Progress {
        let is_spoken = matches!(&self.version, b"HTTP/1.0" | b"HTTP/1.1");
        if self.spaces < 2 || is_spoken {
            Progress::Ended
        } else {
            Progress::Refused(StatusCode::HTTP_VERSION_NOT_SUPPORTED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOO_LONG: Progress = Progress::Refused(StatusCode::URI_TOO_LONG);
    const NOT_SPOKEN: Progress = Progress::Refused(StatusCode::HTTP_VERSION_NOT_SUPPORTED);

    /// All that Kestrel answers in this way, and what it leaves to its parser: 400.
    #[test]
    fn versions_are_those_of_kestrel() {
        for (line, expected) in [
            ("GET / HTTP/1.0", Progress::Ended),
            ("GET / HTTP/1.1", Progress::Ended),
            ("GET / HTTP/1.1x", Progress::Ended),
            ("GET / HTTP/1.10", Progress::Ended),
            ("GET /", Progress::Ended),
            ("", Progress::Ended),
            ("GET / HTTP/1.2", NOT_SPOKEN),
            ("GET / HTTP/2.0", NOT_SPOKEN),
            ("GET / HTTP/0.9", NOT_SPOKEN),
            ("GET / HTTP/12", NOT_SPOKEN),
            ("GET / HTTP/1.", NOT_SPOKEN),
            ("GET / HTTP/1.x", NOT_SPOKEN),
            ("GET / XTTP/1.1", NOT_SPOKEN),
            ("GET / http/1.1", NOT_SPOKEN),
            ("GET /a b HTTP/1.1", NOT_SPOKEN),
        ] {
            let whole = FirstLine::new(100).read(format!("{line}\r\nHost: x\r\n").as_bytes());
            assert_eq!(whole, expected, "{line}");
            let mut first = FirstLine::new(100);
            let line = format!("{line}\r\n");
            let (last, before) = line.as_bytes().split_last().unwrap();
            for byte in before {
                assert_eq!(first.read(&[*byte]), Progress::Unfinished, "{line}");
            }
            assert_eq!(first.read(&[*last]), expected, "{line}");
        }
    }

    #[test]
    fn a_line_has_its_limit_until_it_ends() {
        let mut line = FirstLine::new(8);
        assert_eq!(line.read(b"GET /"), Progress::Unfinished);
        assert_eq!(line.read(b"abc"), Progress::Unfinished);
        assert_eq!(line.read(b"d"), TOO_LONG);
        // What ends within one piece is measured with its head.
        assert_eq!(FirstLine::new(8).read(b"GET / HTTP/1.1\n"), Progress::Ended);
    }
}

//! Time stamps in .NET's date and time formats, in the invariant culture.

use std::fmt::Write;

use chrono::{DateTime, Datelike, FixedOffset, Local, Offset, Timelike, Utc};

/// A format that has been read once, to be written often.
#[derive(Clone, Debug, Default)]
pub(crate) struct TimestampFormat {
    parts: Vec<Part>,
    utc: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Literal(String),
    /// A specifier and how often it was repeated.
    Specifier(char, usize),
}

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl TimestampFormat {
    /// Reads a format; `utc` says which time is written.
    pub(crate) fn parse(format: &str, utc: bool) -> Result<Self, &'static str> {
        let mut characters = format.chars();
        if let (Some(only), None) = (characters.next(), characters.next()) {
            let (format, as_utc) = standard(only)?;
            return Ok(Self {
                parts: custom(format)?,
                utc: utc || as_utc,
            });
        }
        Ok(Self {
            parts: custom(format)?,
            utc,
        })
    }

    /// Appends the present time.
    pub(crate) fn write_now(&self, out: &mut String) {
        if self.parts.is_empty() {
            return;
        }
        let now = if self.utc {
            Utc::now().fixed_offset()
        } else {
            Local::now().fixed_offset()
        };
        self.write(now, out);
    }

    fn write(&self, time: DateTime<FixedOffset>, out: &mut String) {
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                // Writing to a String does not fail.
                Part::Specifier('F', count) => write_short_fraction(time, *count, out),
                Part::Specifier(specifier, count) => {
                    let _ = write_part(*specifier, *count, time, out);
                }
            }
        }
    }
}

/// The custom format that a standard one stands for, and whether it writes UTC.
fn standard(specifier: char) -> Result<(&'static str, bool), &'static str> {
    Ok(match specifier {
        'd' => ("MM/dd/yyyy", false),
        'D' => ("dddd, dd MMMM yyyy", false),
        'f' => ("dddd, dd MMMM yyyy HH:mm", false),
        'F' => ("dddd, dd MMMM yyyy HH:mm:ss", false),
        'g' => ("MM/dd/yyyy HH:mm", false),
        'G' => ("MM/dd/yyyy HH:mm:ss", false),
        'm' | 'M' => ("MMMM dd", false),
        'o' | 'O' => ("yyyy-MM-ddTHH:mm:ss.fffffffzzz", false),
        'r' | 'R' => ("ddd, dd MMM yyyy HH:mm:ss 'GMT'", true),
        's' => ("yyyy-MM-ddTHH:mm:ss", false),
        't' => ("HH:mm", false),
        'T' => ("HH:mm:ss", false),
        'u' => ("yyyy-MM-dd HH:mm:ss'Z'", true),
        'y' | 'Y' => ("yyyy MMMM", false),
        _ => return Err("there is no standard format of that letter"),
    })
}

fn custom(format: &str) -> Result<Vec<Part>, &'static str> {
    let mut parts = Vec::new();
    let mut rest = format.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            'd' | 'f' | 'F' | 'g' | 'h' | 'H' | 'K' | 'm' | 'M' | 's' | 't' | 'y' | 'z' => {
                let mut count = 1;
                while character != 'K' && rest.next_if_eq(&character).is_some() {
                    count += 1;
                }
                if matches!(character, 'f' | 'F') && count > 7 {
                    return Err("a second has at most seven decimals");
                }
                parts.push(Part::Specifier(character, count));
            }
            '\'' | '"' => loop {
                match rest.next() {
                    Some(end) if end == character => break,
                    Some('\\') => push_literal(&mut parts, rest.next().ok_or(NOTHING_ESCAPED)?),
                    Some(quoted) => push_literal(&mut parts, quoted),
                    None => return Err("a quotation does not end"),
                }
            },
            '\\' => push_literal(&mut parts, rest.next().ok_or(NOTHING_ESCAPED)?),
            '%' => match rest.peek() {
                None | Some('%') => return Err("`%` stands before a specifier"),
                Some(_) => {}
            },
            literal => push_literal(&mut parts, literal),
        }
    }
    Ok(parts)
}

const NOTHING_ESCAPED: &str = "nothing follows the last `\\`";

fn push_literal(parts: &mut Vec<Part>, character: char) {
    if let Some(Part::Literal(text)) = parts.last_mut() {
        text.push(character);
    } else {
        parts.push(Part::Literal(character.to_string()));
    }
}

fn write_part(
    specifier: char,
    count: usize,
    time: DateTime<FixedOffset>,
    out: &mut String,
) -> std::fmt::Result {
    let padding = count.min(2);
    match (specifier, count) {
        ('d', 1 | 2) => write!(out, "{:0padding$}", time.day()),
        ('d', _) => {
            let name = DAYS[time.weekday().num_days_from_sunday() as usize];
            out.write_str(if count == 3 { &name[..3] } else { name })
        }
        ('M', 1 | 2) => write!(out, "{:0padding$}", time.month()),
        ('M', _) => {
            let name = MONTHS[time.month0() as usize];
            out.write_str(if count == 3 { &name[..3] } else { name })
        }
        ('y', 1 | 2) => write!(out, "{:0padding$}", time.year() % 100),
        ('y', _) => write!(out, "{:0count$}", time.year()),
        ('H', _) => write!(out, "{:0padding$}", time.hour()),
        ('h', _) => write!(out, "{:0padding$}", time.hour12().1),
        ('m', _) => write!(out, "{:0padding$}", time.minute()),
        ('s', _) => write!(out, "{:0padding$}", time.second()),
        ('f', _) => write!(out, "{:0count$}", fraction(time, count)),
        ('t', _) => {
            let half = if time.hour12().0 { "PM" } else { "AM" };
            out.write_str(&half[..padding])
        }
        ('g', _) => out.write_str("A.D."),
        ('z', _) => write_offset(time, count, out),
        ('K', _) => write_offset(time, 3, out),
        _ => Ok(()),
    }
}

fn write_offset(time: DateTime<FixedOffset>, count: usize, out: &mut String) -> std::fmt::Result {
    let minutes = time.offset().fix().local_minus_utc() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
    match count {
        1 => write!(out, "{sign}{hours}"),
        2 => write!(out, "{sign}{hours:02}"),
        _ => write!(out, "{sign}{hours:02}:{minutes:02}"),
    }
}

/// The first decimals of the second, as a number. A leap second counts as the last moment before it.
fn fraction(time: DateTime<FixedOffset>, decimals: usize) -> u32 {
    let nanoseconds = time.nanosecond().min(999_999_999);
    nanoseconds / 10_u32.pow(9 - decimals as u32)
}

/// `F`: without zeros at the end, and without the point before it if nothing is left.
fn write_short_fraction(time: DateTime<FixedOffset>, count: usize, out: &mut String) {
    let digits = format!("{:0count$}", fraction(time, count));
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() && out.ends_with('.') {
        out.pop();
    }
    out.push_str(digits);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: &str) -> String {
        let time = DateTime::parse_from_rfc3339("2026-03-07T15:04:09.0457-05:30").unwrap();
        let mut out = String::new();
        TimestampFormat::parse(format, false)
            .unwrap()
            .write(time, &mut out);
        out
    }

    // Expected: what DateTimeOffset.ToString(format, CultureInfo.InvariantCulture) gives.
    #[test]
    fn formats_give_what_dotnet_gives() {
        for (format, expected) in [
            ("yyyy-MM-dd HH:mm:ss.fff ", "2026-03-07 15:04:09.045 "),
            ("HH:mm:ss ", "15:04:09 "),
            ("d.M.yy h:m:s t", "7.3.26 3:4:9 P"),
            ("ddd dd MMM, dddd MMMM tt", "Sat 07 Mar, Saturday March PM"),
            ("%h", "3"),
            ("y yyy yyyyy", "26 2026 02026"),
            ("z zz zzz K", "-5 -05 -05:30 -05:30"),
            ("s.F s.FFF s.FFFFFFF", "9 9.045 9.0457"),
            ("'at' \"HH\" \\H x", "at HH H x"),
            ("o", "2026-03-07T15:04:09.0457000-05:30"),
            ("s", "2026-03-07T15:04:09"),
            ("T", "15:04:09"),
            ("[HH:mm] ", "[15:04] "),
        ] {
            assert_eq!(written(format), expected, "{format}");
        }
    }

    #[test]
    fn what_is_no_format_is_refused() {
        for format in ["'open", "HH\\", "HH%", "ffffffff", "x"] {
            assert!(TimestampFormat::parse(format, false).is_err(), "{format}");
        }
    }
}

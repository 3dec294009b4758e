//! Time spans as .NET writes them: `hh:mm:ss`, `hh:mm:ss.fffffff`, `d.hh:mm:ss`.

use std::time::Duration;

const HOW: &str =
    "a time span such as 00:00:30 for 30 seconds, 00:00:00.250 for 250 ms or 1.00:00:00 for a day";

/// .NET's longest: the largest signed 64-bit count of 100 ns.
const MAXIMUM: Duration = Duration::new(922_337_203_685, 477_580_700);

/// Reads a time span; the error says what is wanted, and how to write what was probably meant.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let general = || HOW.to_owned();
    if text.starts_with('-') {
        return Err(format!("{HOW} (a period cannot be negative)"));
    }
    if let Some(count) = number(text) {
        return Err(if count < 60 {
            format!(
                "a time span: write 00:00:{count:02} for {count} seconds, or {count}.00:00:00 for {count} days"
            )
        } else {
            general()
        });
    }
    let parts: Vec<&str> = text.split(':').collect();
    let (days, hours, minutes, seconds) = match parts[..] {
        [days, hours, minutes, seconds] => (days, hours, minutes, seconds),
        [hours, minutes, seconds] => {
            let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
            (days, hours, minutes, seconds)
        }
        [hours, minutes] => {
            let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
            (days, hours, minutes, "0")
        }
        _ => return Err(general()),
    };
    let days = number(days).ok_or_else(general)?;
    let hours = number(hours).ok_or_else(general)?;
    if hours > 23 {
        let (whole, rest) = (days + hours / 24, hours % 24);
        return Err(format!(
            "a time span with at most 23 hours: write {whole}.{rest:02}:{minutes}:{seconds} for {hours} hours"
        ));
    }
    let minutes = number(minutes)
        .filter(|minutes| *minutes < 60)
        .ok_or_else(general)?;
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let seconds = number(seconds)
        .filter(|seconds| *seconds < 60)
        .ok_or_else(general)?;
    let nanoseconds = nanoseconds(fraction).ok_or_else(general)?;
    let seconds = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    let span = Duration::new(seconds, nanoseconds);
    if span > MAXIMUM {
        return Err(format!("{HOW} (at most 10675199.02:48:05.4775807)"));
    }
    Ok(span)
}

/// Writes a time span as .NET does.
pub(crate) fn write(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    let mut text = format!("{hours:02}:{minutes:02}:{seconds:02}");
    if days > 0 {
        text.insert_str(0, &format!("{days}."));
    }
    match span.subsec_nanos() {
        0 => {}
        nanos if nanos % 1_000_000 == 0 => text.push_str(&format!(".{:03}", nanos / 1_000_000)),
        nanos => text.push_str(&format!(".{:07}", nanos / 100)),
    }
    text
}

/// Digits only, and few enough that no sum of them overflows.
fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.len() <= 10 && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// At most seven digits: .NET counts in 100 ns.
fn nanoseconds(fraction: &str) -> Option<u32> {
    let digits = fraction.len();
    let value = u32::try_from(number(fraction).filter(|_| digits <= 7)?).ok()?;
    Some(value * 10_u32.pow(9 - u32::try_from(digits).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_read_as_dotnet_writes_them() {
        for (text, milliseconds) in [
            ("00:00:01", 1_000),
            ("0:0:1", 1_000),
            (" 00:00:01 ", 1_000),
            ("00:00:00.250", 250),
            ("00:00:00.5", 500),
            ("1:2", 3_720_000),
            ("1.02:03", 93_780_000),
            ("1.02:03:04.5", 93_784_500),
            ("1:2:3:4", 93_784_000),
            ("10675199.02:48:05", 922_337_203_685_000),
        ] {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
        assert_eq!(
            parse("00:00:00.1234567"),
            Ok(Duration::from_nanos(123_456_700))
        );
    }

    #[test]
    fn what_could_be_misread_is_refused_with_the_way_to_write_it() {
        for (text, says) in [
            (
                "5",
                "write 00:00:05 for 5 seconds, or 5.00:00:00 for 5 days",
            ),
            ("24:00:00", "write 1.00:00:00 for 24 hours"),
            ("36:30:00", "write 1.12:30:00 for 36 hours"),
            ("-00:00:01", "cannot be negative"),
            ("1s", "00:00:30 for 30 seconds"),
            ("90", "00:00:30 for 30 seconds"),
            ("10675199.02:48:06", "at most 10675199.02:48:05.4775807"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["00:00:00", "00:00:00.250", "23:59:59.1234567", "1.02:03:04"] {
            assert_eq!(write(parse(text).unwrap()), text);
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            ":",
            "::",
            "1:2:3:4:5",
            "00:60:00",
            "00:00:60",
            "00:00:00.12345678",
            "00:00:01,5",
            "1.2",
            "PT1S",
            "500ms",
            "00:00:1.",
            "٠٠:٠٠:٠١",
            "00:00:00.-1",
            "+1:00",
            "99999999999:00",
            "1.:00:00",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

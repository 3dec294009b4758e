use std::io;

use serde::{Serialize, Serializer as _};
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

use crate::WriteError;

/// Writes a value as System.Text.Json does with the settings of SignalR: compact, `UnsafeRelaxedJsonEscaping`.
///
/// Where it fails, it may have written a part.
pub(crate) fn write_value<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
) -> Result<(), WriteError> {
    let mut serializer = serde_json::Serializer::with_formatter(out, RelaxedFormatter);
    value
        .serialize(&mut serializer)
        .map_err(|it| WriteError::Value(it.into()))
}

/// Writes a string with its quotes.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    serde_json::Serializer::with_formatter(out, RelaxedFormatter)
        .serialize_str(text)
        .expect("a string can always be written to a vector");
}

struct RelaxedFormatter;

impl Formatter for RelaxedFormatter {
    fn write_f32<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        write_float(
            writer,
            |shortest| CompactFormatter.write_f32(shortest, value),
            9,
        )
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        write_float(
            writer,
            |shortest| CompactFormatter.write_f64(shortest, value),
            17,
        )
    }

    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Quotes, backslashes and the controls below the space are no part of a fragment: serde_json has them escaped.
        if fragment.is_ascii() && memchr::memchr(0x7f, fragment.as_bytes()).is_none() {
            writer.write_all(fragment.as_bytes())
        } else {
            write_beyond_ascii(writer, fragment)
        }
    }

    fn write_char_escape<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        writer.write_all(match escape {
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"/",
            CharEscape::Backspace => b"\\b",
            CharEscape::FormFeed => b"\\f",
            CharEscape::LineFeed => b"\\n",
            CharEscape::CarriageReturn => b"\\r",
            CharEscape::Tab => b"\\t",
            CharEscape::AsciiControl(byte) => return write!(writer, "\\u{byte:04X}"),
        })
    }
}

fn write_beyond_ascii<W: io::Write + ?Sized>(writer: &mut W, mut text: &str) -> io::Result<()> {
    while let Some((index, character)) = text.char_indices().find(|&(_, it)| is_escaped(it)) {
        writer.write_all(&text.as_bytes()[..index])?;
        for unit in character.encode_utf16(&mut [0; 2]) {
            write!(writer, "\\u{unit:04X}")?;
        }
        text = &text[index + character.len_utf8()..];
    }
    writer.write_all(text.as_bytes())
}

/// What the relaxed encoder escapes beyond the controls below the space: other controls, spaces and separators other than the
/// plain one, private characters, the byte order mark, and everything beyond the basic plane. (It escapes code points that
/// Unicode has not assigned yet too, which depends on .NET's version; those are left raw here.)
fn is_escaped(character: char) -> bool {
    matches!(
        character,
        '\u{7f}'..='\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200a}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{202f}'
            | '\u{205f}'
            | '\u{3000}'
            | '\u{e000}'..='\u{f8ff}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{feff}'
            | '\u{fffe}'..
    )
}

/// Room for `serde_json`'s text of a float: sign, 17 digits, point, zeros, exponent.
const MAXIMUM_FLOAT: usize = 40;

/// Writes a finite number as .NET's shortest round-trip form does: plain up to so many digits before the point and up to four
/// zeros before the first digit behind it, otherwise scientific with an exponent of at least two digits.
///
/// The digits are those of `serde_json`'s text. (Rust's own has others where two of the shortest are equally near.)
fn write_float<W: io::Write + ?Sized>(
    writer: &mut W,
    write_shortest: impl FnOnce(&mut &mut [u8]) -> io::Result<()>,
    maximum: i32,
) -> io::Result<()> {
    let mut buffer = [0; MAXIMUM_FLOAT];
    let mut rest = &mut buffer[..];
    write_shortest(&mut rest)?;
    let length = MAXIMUM_FLOAT - rest.len();
    let Decimal {
        negative,
        digits,
        length,
        point,
    } = Decimal::parse(&buffer[..length]);
    let digits = &digits[..length];

    if negative {
        writer.write_all(b"-")?;
    }
    let Some((first, others)) = digits.split_first() else {
        return writer.write_all(b"0");
    };
    if point > maximum || point < -3 {
        writer.write_all(&[*first])?;
        if !others.is_empty() {
            writer.write_all(b".")?;
            writer.write_all(others)?;
        }
        let exponent = point - 1;
        return write!(
            writer,
            "E{}{:02}",
            if exponent < 0 { '-' } else { '+' },
            exponent.abs()
        );
    }
    match usize::try_from(point) {
        Err(_) | Ok(0) => {
            writer.write_all(b"0.")?;
            writer.write_all(&b"000"[..point.unsigned_abs() as usize])?;
            writer.write_all(digits)
        }
        Ok(point) if point < digits.len() => {
            writer.write_all(&digits[..point])?;
            writer.write_all(b".")?;
            writer.write_all(&digits[point..])
        }
        Ok(point) => {
            writer.write_all(digits)?;
            writer.write_all(&[b'0'; 17][..point - digits.len()])
        }
    }
}

/// A number as digits, the first and the last of which are not 0, and the place of the point: 0.125 is `125` and 0.
struct Decimal {
    negative: bool,
    digits: [u8; MAXIMUM_FLOAT],
    length: usize,
    point: i32,
}

impl Decimal {
    /// From any of `-1.25e-7`, `0.05`, `100.0`.
    fn parse(text: &[u8]) -> Self {
        let mut it = Self {
            negative: false,
            digits: [0; MAXIMUM_FLOAT],
            length: 0,
            point: 0,
        };
        let mut behind_point = false;
        for (index, &byte) in text.iter().enumerate() {
            match byte {
                b'-' => it.negative = true,
                b'.' => behind_point = true,
                b'e' => {
                    let exponent = std::str::from_utf8(&text[index + 1..])
                        .ok()
                        .and_then(|it| it.parse::<i32>().ok());
                    it.point += exponent.unwrap_or(0);
                    break;
                }
                b'0' if it.length == 0 => it.point -= i32::from(behind_point),
                digit => {
                    it.digits[it.length] = digit;
                    it.length += 1;
                    it.point += i32::from(!behind_point);
                }
            }
        }
        while it.length > 0 && it.digits[it.length - 1] == b'0' {
            it.length -= 1;
        }
        it
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text<T: Serialize>(value: T) -> String {
        let mut out = Vec::new();
        write_value(&mut out, &value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles() {
        #[rustfmt::skip]
        let cases = [
            (0.0, "0"), (-0.0, "-0"), (1.0, "1"), (-1.25, "-1.25"), (0.5, "0.5"), (0.1, "0.1"), (100.0, "100"),
            (0.30000000000000004, "0.30000000000000004"), (123456.789, "123456.789"),
            (1e14, "100000000000000"), (1e15, "1000000000000000"), (1e16, "10000000000000000"), (1e17, "1E+17"),
            (123456789012345680.0, "1.2345678901234568E+17"), (12345678901234568.0, "12345678901234568"),
            (999999999999999.9, "999999999999999.9"), (9007199254740993.0, "9007199254740992"),
            (0.001, "0.001"), (0.0001, "0.0001"), (0.00012345, "0.00012345"), (0.00001, "1E-05"), (0.000012345, "1.2345E-05"), (1e-7, "1E-07"),
            (1.5e300, "1.5E+300"), (5e-324, "5E-324"), (f64::MAX, "1.7976931348623157E+308"), (f64::MIN, "-1.7976931348623157E+308"),
            (92665837461519.12, "92665837461519.12"), (-580475489850893.2, "-580475489850893.2"), (2.2250738585072014e-308, "2.2250738585072014E-308"), (1e21, "1E+21"), (1e100, "1E+100"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected);
            assert_eq!(expected.parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
    }

    #[test]
    fn singles() {
        #[rustfmt::skip]
        let cases = [
            (0.0f32, "0"), (0.1, "0.1"), (42.0, "42"), (16777216.0, "16777216"), (1e8, "100000000"), (1e9, "1E+09"), (1e-5, "1E-05"),
            (f32::MAX, "3.4028235E+38"), (f32::MIN_POSITIVE, "1.1754944E-38"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn what_is_not_a_number_is_null() {
        assert_eq!(text([f64::NAN, f64::INFINITY]), "[null,null]");
    }

    #[test]
    fn relaxed_escaping() {
        #[rustfmt::skip]
        let cases = [
            ("é<>&'\"\\\n/", r#""é<>&'\"\\\n/""#), ("", r#""""#), ("a\u{8}\t\n\u{c}\rb", r#""a\b\t\n\f\rb""#),
            ("\u{0}\u{1e}\u{1f}", r#""\u0000\u001E\u001F""#), ("a\u{7f}b", r#""a\u007Fb""#), ("\u{80}\u{a0}¡", r#""\u0080\u00A0¡""#),
            ("☃", r#""☃""#), ("a😀é", r#""a\uD83D\uDE00é""#), ("\u{2028}x\u{3000}\u{feff}", r#""\u2028x\u3000\uFEFF""#),
            ("\u{10000}\u{10ffff}", r#""\uD800\uDC00\uDBFF\uDFFF""#),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected);
            assert_eq!(serde_json::from_str::<String>(expected).unwrap(), value);
            let mut out = Vec::new();
            write_string(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
        assert_eq!(
            text(std::collections::BTreeMap::from([("a\n😀", 'é')])),
            r#"{"a\n\uD83D\uDE00":"é"}"#
        );
    }
}

//! Values of .NET types in both protocols.

use campanile_hub_protocol::payload::{ByteArray, Timestamp, date_time_offset};
use campanile_hub_protocol::{CompletionOutcome, HubProtocol, IncomingMessage};
use chrono::{DateTime, FixedOffset, Local, TimeZone, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A completion's result as it is written: text, or hex.
fn written<T: Serialize>(protocol: HubProtocol, value: &T) -> (String, Vec<u8>) {
    let mut out = Vec::new();
    protocol
        .write_completion_result(&mut out, "1", value)
        .unwrap();
    let text = match protocol {
        HubProtocol::Json => {
            let text = String::from_utf8(out.clone()).unwrap();
            let value = text.split_once("\"result\":").unwrap().1;
            value.strip_suffix("}\u{1e}").unwrap().to_owned()
        }
        _ => out[7..].iter().map(|it| format!("{it:02x}")).collect(),
    };
    (text, out)
}

fn read<T: DeserializeOwned>(protocol: HubProtocol, message: &[u8]) -> Result<T, String> {
    let frame = protocol.next_frame(message, None).unwrap().unwrap();
    let IncomingMessage::Completion(completion) = protocol.parse(frame.body).unwrap() else {
        panic!("not a completion")
    };
    let CompletionOutcome::Result(result) = completion.outcome else {
        panic!("not a result")
    };
    result.deserialize().map_err(|it| it.to_string())
}

/// Reads a MessagePack value.
fn read_hex<T: DeserializeOwned>(value: &str) -> Result<T, String> {
    let value: Vec<u8> = (0..value.len())
        .step_by(2)
        .map(|it| u8::from_str_radix(&value[it..it + 2], 16).unwrap())
        .collect();
    let body = [b"\x95\x03\x80\xa1\x31\x03", value.as_slice()].concat();
    let message = [&[u8::try_from(body.len()).unwrap()], body.as_slice()].concat();
    read(HubProtocol::MessagePack, &message)
}

fn utc(seconds: i64, nanoseconds: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, nanoseconds).unwrap()
}

#[test]
fn times_take_the_shortest_timestamp() {
    #[rustfmt::skip]
    let cases = [
        (utc(0, 0), "\"1970-01-01T00:00:00Z\"", "d6ff00000000"),
        (utc(1_709_210_096, 0), "\"2024-02-29T12:34:56Z\"", "d6ff65e079f0"),
        (utc(u32::MAX.into(), 0), "\"2106-02-07T06:28:15Z\"", "d6ffffffffff"),
        (utc(i64::from(u32::MAX) + 1, 0), "\"2106-02-07T06:28:16Z\"", "d7ff0000000100000000"),
        (utc(1, 500_000_000), "\"1970-01-01T00:00:01.500Z\"", "d7ff7735940000000001"),
        (utc((1 << 34) - 1, 999_999_999), "\"2514-05-30T01:53:03.999999999Z\"", "d7ffee6b27ffffffffff"),
        (utc(1 << 34, 0), "\"2514-05-30T01:53:04Z\"", "c70cff000000000000000400000000"),
        (utc(-1, 1), "\"1969-12-31T23:59:59.000000001Z\"", "c70cff00000001ffffffffffffffff"),
    ];
    for (time, json, messagepack) in cases {
        for (protocol, expected) in [
            (HubProtocol::Json, json),
            (HubProtocol::MessagePack, messagepack),
        ] {
            let (text, message) = written(protocol, &Timestamp(time));
            assert_eq!(text, expected);
            assert_eq!(
                read::<Timestamp<Utc>>(protocol, &message),
                Ok(Timestamp(time))
            );
            let local = read::<Timestamp<Local>>(protocol, &message).unwrap();
            assert_eq!(local.0, time);
        }
    }
}

#[test]
fn what_is_not_a_time_is_refused() {
    for value in [
        "d5ff0000",
        "d6fe00000000",
        "d7ffffffffff00000000",
        "2a",
        "a3616263",
        "c0",
        "90",
        "91d6ff00000000",
    ] {
        assert!(read_hex::<Timestamp<Utc>>(value).is_err(), "{value}");
    }
    let far = "c70cff000000007fffffffffffffff";
    assert!(read_hex::<Timestamp<Utc>>(far).is_err());
    assert_eq!(
        read_hex("b4323032342d30322d32395431323a33343a35365a"),
        Ok(Timestamp(utc(1_709_210_096, 0)))
    );
    assert_eq!(read_hex("c0"), Ok(None::<Timestamp<Utc>>));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Offset {
    #[serde(with = "date_time_offset")]
    at: DateTime<FixedOffset>,
}

#[test]
fn a_time_with_an_offset_keeps_it() {
    let offset = FixedOffset::west_opt(90 * 60).unwrap();
    let value = Offset {
        at: offset.with_ymd_and_hms(2024, 2, 29, 12, 34, 56).unwrap(),
    };
    let expected = [
        (HubProtocol::Json, "{\"at\":\"2024-02-29T12:34:56-01:30\"}"),
        (HubProtocol::MessagePack, "81a2617492d6ff65e079f0d0a6"),
    ];
    for (protocol, expected) in expected {
        let (text, message) = written(protocol, &value);
        assert_eq!(text, expected);
        let back: Offset = read(protocol, &message).unwrap();
        assert_eq!((back.at, *back.at.offset()), (value.at, offset));
    }
}

#[test]
fn bytes_are_base64_or_bin() {
    for (protocol, expected) in [
        (HubProtocol::Json, "\"AQL/\""),
        (HubProtocol::MessagePack, "c4030102ff"),
    ] {
        let (text, message) = written(protocol, &ByteArray(vec![1, 2, 255]));
        assert_eq!(text, expected);
        assert_eq!(read(protocol, &message), Ok(ByteArray(vec![1, 2, 255])));
    }
    assert_eq!(read_hex("930102ccff"), Ok(ByteArray(vec![1, 2, 255])));
    assert!(read_hex::<ByteArray>("a3412a2a").is_err());
}

#[test]
fn json_is_json_again_after_a_panic_in_messagepack() {
    struct Panics;

    impl Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("as a user's code may")
        }
    }

    let panicked = std::panic::catch_unwind(|| written(HubProtocol::MessagePack, &Panics));
    assert!(panicked.is_err());
    assert_eq!(
        written(HubProtocol::Json, &ByteArray(vec![1])).0,
        "\"AQ==\""
    );
}

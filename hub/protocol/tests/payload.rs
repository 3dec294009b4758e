//! Values of .NET types in both protocols.

use std::collections::BTreeMap;

use campanile_hub_protocol::payload::{ByteArray, Timestamp, date_time_offset, enumeration};
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

enumeration! {
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    enum Stroke {
        Toll,
        /// After it, numbers go on.
        Chime = 7,
        Peal,
        Muffled = -1,
    }
}

#[test]
fn enumerations_are_numbers_in_json_and_names_in_messagepack() {
    for (stroke, json, messagepack) in [
        (Stroke::Toll, "0", "a4546f6c6c"),
        (Stroke::Chime, "7", "a54368696d65"),
        (Stroke::Peal, "8", "a45065616c"),
        (Stroke::Muffled, "-1", "a74d7566666c6564"),
    ] {
        for (protocol, expected) in [
            (HubProtocol::Json, json),
            (HubProtocol::MessagePack, messagepack),
        ] {
            let (text, message) = written(protocol, &stroke);
            assert_eq!(text, expected);
            assert_eq!(read(protocol, &message), Ok(stroke));
        }
    }
}

#[test]
fn enumerations_are_read_in_either_form_in_both() {
    let json = |value| {
        let message = format!("{{\"type\":3,\"invocationId\":\"1\",\"result\":{value}}}\u{1e}");
        read::<Stroke>(HubProtocol::Json, message.as_bytes())
    };
    assert_eq!(json("\"Chime\""), Ok(Stroke::Chime));
    assert_eq!(read_hex("07"), Ok(Stroke::Chime));
    assert_eq!(read_hex("ff"), Ok(Stroke::Muffled));
    assert_eq!(read_hex("d1ffff"), Ok(Stroke::Muffled));
    let known = "expected one of Stroke: Toll (0), Chime (7), Peal (8), Muffled (-1)";
    for (found, wrong) in [
        ("integer `1`", json("1")),
        ("integer `-2`", json("-2")),
        (
            "integer `18446744073709551615`",
            json("18446744073709551615"),
        ),
        ("string \"chime\"", json("\"chime\"")),
        ("string \"chime\"", read_hex("a56368696d65")),
    ] {
        let wrong = wrong.unwrap_err();
        assert!(
            wrong.starts_with(&format!("invalid value: {found}, {known}")),
            "{wrong}"
        );
    }
    for wrong in [json("7.0"), json("null"), json("[7]"), read_hex("c0")] {
        let wrong = wrong.unwrap_err();
        assert!(wrong.starts_with("invalid type: "), "{wrong}");
    }
}

#[test]
fn enumerations_are_fields_and_keys() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Plan {
        first: Option<Stroke>,
        times: BTreeMap<Stroke, u32>,
    }

    let plan = Plan {
        first: Some(Stroke::Peal),
        times: BTreeMap::from([(Stroke::Toll, 12)]),
    };
    let (text, message) = written(HubProtocol::Json, &plan);
    // .NET reads such keys as well.
    assert_eq!(text, "{\"first\":8,\"times\":{\"0\":12}}");
    assert_eq!(read(HubProtocol::Json, &message).as_ref(), Ok(&plan));
    let named = text.replace("\"0\"", "\"Toll\"");
    let message = format!("{{\"type\":3,\"invocationId\":\"1\",\"result\":{named}}}\u{1e}");
    assert_eq!(
        read(HubProtocol::Json, message.as_bytes()).as_ref(),
        Ok(&plan)
    );
    let (_, message) = written(HubProtocol::MessagePack, &plan);
    assert_eq!(read(HubProtocol::MessagePack, &message).as_ref(), Ok(&plan));
}

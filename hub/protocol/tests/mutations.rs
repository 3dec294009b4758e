//! Bytes from strangers, by the hundred thousand: messages that are damaged at random are refused or read, and nothing else.
//!
//! The seed is fixed, so that a failure comes again. Coverage-guided fuzzing of the same parsers is in `fuzz/`.

use campanile_hub_protocol::handshake::HandshakeRequest;
use campanile_hub_protocol::{
    CompletionOutcome, HubProtocol, IncomingMessage, InvocationKind, OutgoingCall,
};
use serde::de::IgnoredAny;

/// How many damaged inputs each parser gets.
const INPUTS: usize = 400_000;

/// A small generator of numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Damages a seed at one to four places, with bytes that mean something to one of the parsers more often than not.
fn damaged(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    const TELLING: &[u8] = b"{}[]\",:\\u09-.eEtfn \x1e\x00\x7f\x80\x8f\x90\x9f\xa0\xc0\xc1\xc4\xc7\xca\xcf\xd3\xd6\xd9\xdb\xdc\xdd\xde\xdf\xff";
    let mut input = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        let place = random.below(input.len());
        let telling = TELLING[random.below(TELLING.len())];
        match random.below(6) {
            _ if input.is_empty() => input.push(telling),
            0 => input[place] = telling,
            1 => input[place] ^= 1 << random.below(8),
            2 => input.insert(place, telling),
            3 => drop(input.remove(place)),
            4 => input.truncate(place),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len());
                input.truncate(place);
                input.extend_from_slice(&other[from..]);
            }
        }
    }
    input
}

/// Messages of all types, without frames.
fn messages(protocol: HubProtocol) -> Vec<Vec<u8>> {
    let arguments = ("té\n\"", -1, 0.5, vec![Some(true), None], 70_000);
    let mut framed: Vec<Vec<u8>> = vec![Vec::new(); 12];
    let [a, b, c, d, e, f, g, h, i, j, k, l] = framed.as_mut_slice() else {
        unreachable!("there are twelve")
    };
    protocol.write_invocation(a, "Add", &(1, 2)).unwrap();
    protocol
        .write_invocation_with_id(b, "7", "Add", &arguments)
        .unwrap();
    protocol
        .write_call(
            c,
            &OutgoingCall {
                kind: InvocationKind::Stream,
                id: Some("8"),
                target: "Count",
                stream_ids: &["1", "2"],
                headers: &[("traceparent", "00")],
            },
            &arguments,
        )
        .unwrap();
    protocol
        .write_stream_item(d, "8", &"x".repeat(300))
        .unwrap();
    protocol
        .write_completion_result(e, "9", &arguments)
        .unwrap();
    protocol.write_completion_error(f, "9", "no");
    protocol.write_completion_void(g, "9");
    protocol.write_cancel_invocation(h, "9");
    protocol.write_ping(i);
    protocol.write_close(j, Some("over"), true);
    protocol.write_ack(k, 5);
    protocol.write_sequence(l, 300);
    framed
}

/// Reads all that is in a message. Damage may be noticed at any step.
fn read_all(message: &IncomingMessage<'_>) -> usize {
    match message {
        IncomingMessage::Invocation(invocation) => {
            let mut reader = invocation.arguments.reader(5);
            let read = [
                reader.next::<Option<&str>>().is_ok(),
                reader.next::<i64>().is_ok(),
                reader.next::<f64>().is_ok(),
                reader.next::<Vec<Option<bool>>>().is_ok(),
                reader.next::<IgnoredAny>().is_ok(),
            ];
            usize::from(reader.finish().is_ok()) + read.iter().filter(|&&it| it).count()
        }
        IncomingMessage::StreamItem { item, .. } => item.deserialize::<String>().is_ok().into(),
        IncomingMessage::Completion(completion) => match &completion.outcome {
            CompletionOutcome::Result(value) => value.deserialize::<IgnoredAny>().is_ok().into(),
            _ => 1,
        },
        _ => 1,
    }
}

fn survives_damage(protocol: HubProtocol) {
    let framed = messages(protocol);
    let bodies: Vec<Vec<u8>> = framed
        .iter()
        .map(|it| {
            protocol
                .next_frame(it, None)
                .unwrap()
                .unwrap()
                .body
                .to_vec()
        })
        .collect();
    let mut random = Random(0x0123_4567_89ab_cdef);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..INPUTS {
        let body = damaged(&mut random, &bodies);
        match protocol.parse(&body) {
            Ok(message) => read += usize::from(read_all(&message) > 0),
            Err(error) => refused += usize::from(!error.to_string().is_empty()),
        }
    }
    assert!(
        read > INPUTS / 100 && refused > INPUTS / 100,
        "{read} read, {refused} refused"
    );
    for _ in 0..INPUTS {
        let input = damaged(&mut random, &framed);
        let mut rest = input.as_slice();
        while let Ok(Some(frame)) = protocol.next_frame(rest, Some(400)) {
            assert!(frame.consumed > frame.body.len() && frame.consumed <= 400);
            rest = &rest[frame.consumed..];
        }
    }
}

#[test]
fn json_survives_damage() {
    survives_damage(HubProtocol::Json);
}

#[test]
fn messagepack_survives_damage() {
    survives_damage(HubProtocol::MessagePack);
}

#[test]
fn the_handshake_survives_damage() {
    let seeds = [
        b"{\"protocol\":\"json\",\"version\":1}\x1e".to_vec(),
        b"{\"protocol\":\"messagepack\",\"version\":2,\"other\":[{\"a\":null}]}\x1e\x02\x91\x06"
            .to_vec(),
    ];
    let mut random = Random(0xfedc_ba98_7654_3210);
    let mut read = 0;
    for _ in 0..INPUTS {
        let input = damaged(&mut random, &seeds);
        if let Ok(Some((_, consumed))) = HandshakeRequest::parse(&input) {
            assert!(consumed <= input.len());
            read += 1;
        }
    }
    assert!(read > INPUTS / 100, "{read} read");
}

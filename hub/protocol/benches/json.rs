//! What a call costs at the protocol: the frame, the message, the arguments, and the reply.

use std::hint::black_box;

use campanile_hub_protocol::{HubProtocol, IncomingMessage};
use criterion::{Criterion, criterion_group, criterion_main};

const ECHO: &[u8] = b"{\"type\":1,\"invocationId\":\"42\",\"target\":\"Echo\",\"arguments\":[\"hello, world\"]}\x1e";

/// Reads `Echo(string)` and writes its completion.
fn echo(protocol: HubProtocol, input: &[u8], out: &mut Vec<u8>) {
    let frame = protocol
        .next_frame(input, Some(32 * 1024))
        .unwrap()
        .unwrap();
    let Ok(IncomingMessage::Invocation(invocation)) = protocol.parse(frame.body) else {
        panic!()
    };
    let mut arguments = invocation.arguments.reader(1);
    let text: String = arguments.next().unwrap();
    arguments.finish().unwrap();
    protocol
        .write_completion_result(out, invocation.invocation_id.as_deref().unwrap(), &text)
        .unwrap();
}

fn benches(criterion: &mut Criterion) {
    let mut out = Vec::with_capacity(1024);

    criterion.bench_function("json/frame", |bencher| {
        bencher.iter(|| black_box(HubProtocol::Json.next_frame(black_box(ECHO), Some(32 * 1024))));
    });
    criterion.bench_function("json/parse", |bencher| {
        bencher.iter(|| {
            black_box(
                HubProtocol::Json
                    .parse(black_box(&ECHO[..ECHO.len() - 1]))
                    .unwrap(),
            )
        });
    });
    criterion.bench_function("json/echo", |bencher| {
        bencher.iter(|| {
            out.clear();
            echo(HubProtocol::Json, black_box(ECHO), &mut out);
        });
    });
    criterion.bench_function("json/write invocation", |bencher| {
        bencher.iter(|| {
            out.clear();
            HubProtocol::Json
                .write_invocation(&mut out, "Receive", black_box(&("hello, world", 42)))
                .unwrap();
        });
    });

    let large = "x".repeat(16 * 1024);
    let mut input = Vec::new();
    HubProtocol::Json
        .write_invocation_with_id(&mut input, "42", "Echo", &(&large,))
        .unwrap();
    criterion.bench_function("json/echo 16 KiB", |bencher| {
        bencher.iter(|| {
            out.clear();
            echo(HubProtocol::Json, black_box(&input), &mut out);
        });
    });

    input.clear();
    HubProtocol::MessagePack
        .write_invocation_with_id(&mut input, "42", "Echo", &("hello, world",))
        .unwrap();
    criterion.bench_function("messagepack/echo", |bencher| {
        bencher.iter(|| {
            out.clear();
            echo(HubProtocol::MessagePack, black_box(&input), &mut out);
        });
    });
}

criterion_group!(json, benches);
criterion_main!(json);

//! What calls and streamed items cost: `client-bench URL [json|messagepack] [CONNECTIONS]`, against a server whose hub at
//! `/hubs/bench` has `Echo(text) -> text` and `Counter(count) -> stream of numbers`.
//!
//! One connection, or as many as are asked for, has a hundred calls in flight, then reads streams of numbers. Of each it tells
//! the processor time of this process for a million, where the system tells it (Linux), and how many a second there were.

use std::error::Error;
use std::io::Write;
use std::time::{Duration, Instant};

use campanile_hub_client::{ClientError, HubConnection, HubConnectionBuilder, HubProtocol};

const IN_FLIGHT: usize = 100;
const PERIOD: Duration = Duration::from_secs(4);
const TEXT: &str = "0123456789abcdef0123456789abcdef";
const ITEMS: u64 = 200_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or("which URL?")?;
    let protocol = match arguments.next() {
        Some(name) => HubProtocol::from_name(&name).ok_or("json, or messagepack?")?,
        None => HubProtocol::Json,
    };
    let count = arguments.next().map_or(Ok(1), |it| it.parse())?;
    let mut connections = Vec::new();
    for _ in 0..count {
        let url = format!("{}/hubs/bench", url.trim_end_matches('/'));
        let connection = HubConnectionBuilder::new(url).protocol(protocol).build()?;
        connection.start().await?;
        connections.push(connection);
    }
    let first = connections.first().ok_or("how many connections?")?;
    // The first round is to warm up.
    echo(&connections).await?;
    report("echo", &Measure::of(echo(&connections)).await?)?;
    stream(first).await?;
    report("stream item", &Measure::of(stream(first)).await?)?;
    for connection in connections {
        connection.stop().await;
    }
    Ok(())
}

async fn echo(connections: &[HubConnection]) -> Result<u64, ClientError> {
    let since = Instant::now();
    let callers: Vec<_> = connections
        .iter()
        .cycle()
        .take(IN_FLIGHT)
        .map(|connection| {
            let connection = connection.clone();
            tokio::spawn(async move {
                let mut count = 0;
                while since.elapsed() < PERIOD {
                    let _: String = connection.invoke("Echo", (TEXT,)).await?;
                    count += 1;
                }
                Ok::<u64, ClientError>(count)
            })
        })
        .collect();
    let mut count = 0;
    for caller in callers {
        count += caller.await.map_err(|_| ClientError::Cancelled)??;
    }
    Ok(count)
}

async fn stream(connection: &HubConnection) -> Result<u64, ClientError> {
    let since = Instant::now();
    let mut count = 0;
    while since.elapsed() < PERIOD {
        let mut items = connection.stream::<i32>("Counter", (ITEMS,)).await?;
        while let Some(item) = items.next().await {
            item?;
            count += 1;
        }
    }
    Ok(count)
}

struct Measure {
    count: u64,
    cpu: Option<Duration>,
    wall: Duration,
}

impl Measure {
    async fn of(run: impl Future<Output = Result<u64, ClientError>>) -> Result<Self, ClientError> {
        let (before, since) = (processor_time(), Instant::now());
        let count = run.await?;
        Ok(Self {
            count,
            cpu: processor_time()
                .zip(before)
                .map(|(after, before)| after - before),
            wall: since.elapsed(),
        })
    }
}

fn report(what: &str, measure: &Measure) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    write!(out, "{what}: ")?;
    #[expect(clippy::cast_precision_loss, reason = "there are not so many")]
    let count = measure.count as f64;
    if let Some(cpu) = measure.cpu {
        write!(
            out,
            "{:.2} CPU s per million, ",
            cpu.as_secs_f64() / count * 1e6
        )?;
    }
    writeln!(out, "{:.0} a second", count / measure.wall.as_secs_f64())
}

/// What this process has used of the processors so far, in user mode and in the kernel.
fn processor_time() -> Option<Duration> {
    // `man 5 proc`: fields 14 and 15, in hundredths of a second; the second field may have spaces.
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let fields = stat.rsplit_once(')')?.1;
    let ticks = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().ok());
    Some(Duration::from_millis(ticks.sum::<Option<u64>>()? * 10))
}

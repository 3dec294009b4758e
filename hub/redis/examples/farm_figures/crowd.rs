//! The load: one client that sends, many that listen, and two that answer each other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use end_to_end::Member;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::Failure;
use crate::servers::{HUB, Server};

/// How many exchanges come before those whose times are taken, and how many these are.
const WARM_UP: usize = 500;
const TRIPS: usize = 200;

/// The pause after each of them: nothing waits for anything else then.
const QUIET: Duration = Duration::from_millis(20);

#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) clients: usize,
    pub(crate) period: Duration,
    pub(crate) window: u64,
    pub(crate) payload: usize,
}

/// What the listeners have got.
#[derive(Debug, Default)]
struct Heard {
    messages: AtomicU64,
    more: Notify,
}

impl Load {
    /// Microseconds of processor time of each of `measured` for a message that a client of `listened` gets of those that a client
    /// of `sender` sends to all.
    pub(crate) async fn run(
        &self,
        sender: &Server,
        measured: &[&Server],
        listened: &Server,
    ) -> Result<Vec<f64>, Failure> {
        let heard = Arc::new(Heard::default());
        let mut speaker = Member::join(sender.address, HUB).await?;
        let mut listening = JoinSet::new();
        for _ in 0..self.clients {
            let member = Member::join(listened.address, HUB).await?;
            listening.spawn(listen(member, self.clients as u64, heard.clone()));
        }
        // Joined is who has been greeted; the farm may know a little later.
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.speak(&mut speaker, &heard).await?;
        let before: Vec<Duration> = measured.iter().map(|it| it.processor()).collect();
        let count = self.speak(&mut speaker, &heard).await?;
        let used = measured.iter().zip(before).map(|(it, before)| {
            let used = it.processor() - before;
            used.as_secs_f64() * 1e6 / count as f64
        });
        let used = used.collect();
        if let Some(ended) = listening.try_join_next() {
            return Err(format!("a client has not listened to the end: {:?}", ended?).into());
        }
        Ok(used)
    }

    /// Sends to all for a while, never more at once than the window takes; how many messages clients got.
    async fn speak(&self, speaker: &mut Member, heard: &Heard) -> io::Result<u64> {
        let clients = self.clients as u64;
        let begun = Instant::now();
        let before = heard.messages.load(Ordering::Relaxed);
        let call = broadcast(&"x".repeat(self.payload));
        let mut sent = 0;
        loop {
            let heard_by_all = (heard.messages.load(Ordering::Relaxed) - before) / clients;
            let is_over = begun.elapsed() > self.period;
            if is_over && heard_by_all == sent {
                return Ok(sent * clients);
            }
            if !is_over && sent - heard_by_all < self.window {
                speaker.send(&call).await?;
                sent += 1;
                continue;
            }
            tokio::select! {
                () = heard.more.notified() => {}
                // It hears itself, too.
                message = speaker.message() => drop(message?.ok_or(io::ErrorKind::UnexpectedEof)?),
                () = tokio::time::sleep(Duration::from_secs(10)) => {
                    return Err(io::Error::other("a message has not reached all clients"));
                }
            }
        }
    }
}

async fn listen(mut member: Member, clients: u64, heard: Arc<Heard>) -> io::Result<()> {
    while let Some(message) = member.message().await? {
        if is_received(&message) {
            let before = heard.messages.fetch_add(1, Ordering::Relaxed);
            if (before + 1).is_multiple_of(clients) {
                heard.more.notify_one();
            }
        }
    }
    Ok(())
}

/// Milliseconds from a client of one server to one of the other and back: the median.
pub(crate) async fn round_trip(one: &Server, other: &Server) -> Result<f64, Failure> {
    let mut caller = Member::join(one.address, HUB).await?;
    let answering = tokio::spawn(answer(other.address));
    let mut times = Vec::with_capacity(TRIPS);
    for number in 0..WARM_UP + TRIPS {
        if number >= WARM_UP {
            tokio::time::sleep(QUIET).await;
        }
        let ask = broadcast(&format!("ping {number}"));
        let expected = format!(r#"["pong {number}"]"#);
        let begun = Instant::now();
        caller.send(&ask).await?;
        loop {
            let waiting = caller.message();
            match tokio::time::timeout(Duration::from_secs(1), waiting).await {
                Ok(message) => {
                    let message = message?.ok_or("the server has closed the connection")?;
                    if message.contains(&expected) {
                        break;
                    }
                }
                // It is not there yet.
                Err(_) if number < WARM_UP => caller.send(&ask).await?,
                Err(_) => return Err("a message did not come back".into()),
            }
        }
        if number >= WARM_UP {
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    answering.abort();
    times.sort_unstable_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

async fn answer(address: SocketAddr) -> io::Result<()> {
    let mut member = Member::join(address, HUB).await?;
    while let Some(message) = member.message().await? {
        if let Some((_, rest)) = message.split_once(r#"["ping "#)
            && let Some((number, _)) = rest.split_once('"')
        {
            member.send(&broadcast(&format!("pong {number}"))).await?;
        }
    }
    Ok(())
}

/// A call that nobody answers.
fn broadcast(text: &str) -> String {
    format!(r#"{{"type":1,"target":"Broadcast","arguments":["{text}"]}}"#)
}

fn is_received(message: &str) -> bool {
    message.starts_with(r#"{"type":1,"#)
}

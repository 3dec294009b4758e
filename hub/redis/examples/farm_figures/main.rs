//! What a farm costs: `farm_figures [OPTIONS] [NAME=COMMAND …]`.
//!
//! Starts a redis-server, two servers that share it and 1,000 clients on the second one, and has a client of the first one send to
//! all. Then it takes the times of a message from a client of one server to one of the other and back. It tells
//!
//! - the processor time of both servers for each message that a client gets,
//! - that of the second server alone, beside that of one server without Redis which does the same,
//! - the time there and back, where nothing else goes on.
//!
//! Our servers are the conformance server, built by cargo. Others are named with the command that starts one, and are measured in
//! the same run, turn about: `{port}` in it is the port of 127.0.0.1 to listen on, `{redis}` the host and port of Redis. They have
//! to offer a hub at `/hubs/bench` with `Broadcast(text)`, which sends `Receive(text)` to all. A command that is a script has to
//! `exec` the server, since it is its process that is measured.
//!
//! | option | default | |
//! | --- | --- | --- |
//! | `--clients N` | 1000 | clients of the second server |
//! | `--seconds N` | 4 | how long is measured, each time; as long again is to warm up |
//! | `--rounds N` | 3 | how often everybody's turn comes |
//! | `--window N` | 4 | messages on their way at once |
//! | `--payload N` | 32 | bytes of text in a message |
//! | `--farm COMMAND` | the conformance server | a server of ours in a farm |
//! | `--single COMMAND` | the same without `{redis}` | a server of ours alone |
//!
//! It exits with 1 where a figure is not what it should be. With a window of 1, whoever serves the clients has to write each message
//! by itself, so that most of the time is the system's and servers are nearer to each other.

mod crowd;
mod report;
mod servers;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use end_to_end::{Redis, conformance_server, raise_descriptor_limit};

use crowd::{Load, round_trip};
use report::Report;
use servers::Server;

type Failure = Box<dyn Error>;

#[derive(Debug)]
struct Settings {
    load: Load,
    rounds: usize,
    single: String,
    /// The name of each kind of server, and how one is started. Ours is the first.
    farms: Vec<(String, String)>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let settings = settings(std::env::args().skip(1))?;
    let needed = settings.load.clients as u64 + 100;
    if raise_descriptor_limit() < needed {
        return Err(format!("{needed} files have to be open at once").into());
    }
    let mut report = Report::default();
    for round in 1..=settings.rounds {
        for (name, command) in &settings.farms {
            farm(name, command, &settings.load, &mut report).await?;
        }
        let (name, _) = &settings.farms[0];
        single(name, &settings.single, &settings.load, &mut report).await?;
        report.print(&format!("round {round} of {}", settings.rounds))?;
    }
    Ok(if report.holds()? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Two servers and one Redis.
async fn farm(name: &str, command: &str, load: &Load, report: &mut Report) -> Result<(), Failure> {
    let redis = Redis::start("farm_figures").await;
    let redis = redis.ok_or("there is no redis-server")?;
    let start = async || Server::start(command, &redis.address()).await;
    let (sender, receiver) = (start().await?, start().await?);
    let cost = load.run(&sender, &[&sender, &receiver], &receiver).await?;
    report.add("both", name, cost[0] + cost[1]);
    report.add("receiving", name, cost[1]);
    report.add("trip", name, round_trip(&sender, &receiver).await?);
    Ok(())
}

/// One server, and nothing else.
async fn single(
    name: &str,
    command: &str,
    load: &Load,
    report: &mut Report,
) -> Result<(), Failure> {
    let server = Server::start(command, "").await?;
    let cost = load.run(&server, &[&server], &server).await?;
    report.add("single", name, cost[0]);
    Ok(())
}

fn settings(arguments: impl Iterator<Item = String>) -> Result<Settings, Failure> {
    let (mut farm, mut single) = (None, None);
    let mut settings = Settings {
        load: Load {
            clients: 1000,
            period: Duration::from_secs(4),
            window: 4,
            payload: 32,
        },
        rounds: 3,
        single: String::new(),
        farms: Vec::new(),
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let Some(option) = argument.strip_prefix("--") else {
            let named = argument.split_once('=');
            let (name, command) =
                named.ok_or_else(|| format!("'{argument}' is no NAME=COMMAND"))?;
            settings.farms.push((name.to_owned(), command.to_owned()));
            continue;
        };
        let value = arguments.next();
        let value = value.ok_or_else(|| format!("--{option} wants a value"))?;
        match option {
            "clients" => settings.load.clients = value.parse()?,
            "seconds" => settings.load.period = Duration::from_secs_f64(value.parse()?),
            "window" => settings.load.window = value.parse()?,
            "payload" => settings.load.payload = value.parse()?,
            "rounds" => settings.rounds = value.parse()?,
            "farm" => farm = Some(value),
            "single" => single = Some(value),
            _ => return Err(format!("there is no option --{option}").into()),
        }
    }
    let ours = |more: &str| {
        let program = conformance_server().display();
        format!("{program} --urls http://127.0.0.1:{{port}}{more}")
    };
    settings.single = single.unwrap_or_else(|| ours(""));
    let farm = farm.unwrap_or_else(|| ours(" --redis {redis}"));
    settings.farms.insert(0, ("ours".to_owned(), farm));
    Ok(settings)
}

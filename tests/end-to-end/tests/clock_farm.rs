//! Two clocks on one Redis, and a worker that ticks for both: whichever of the four is killed and comes back, both show the same
//! time again.

use std::{
    collections::HashSet,
    process::{Child, Command, Stdio},
    time::Instant,
};

use chrono::{DateTime, Utc};
use end_to_end::{Clock, HubConnection, Launch, PATIENCE, Redis, clock_worker};

#[tokio::test]
async fn both_show_the_same_time_again_whoever_was_killed() {
    let test = "both_show_the_same_time_again_whoever_was_killed";
    let Some(mut redis) = Redis::start(test).await else {
        return;
    };
    let address = redis.address();
    let mut clocks = [clock(&address, 0), clock(&address, 0)];
    let mut worker = Worker::start(&address);
    let mut faces = [
        HubConnection::open(clocks[0].address()),
        HubConnection::open(clocks[1].address()),
    ];
    let begun = Utc::now();
    show_the_same(&mut faces, begun);

    redis.kill();
    let since = Utc::now();
    redis.restart().await;
    show_the_same(&mut faces, since);

    drop(worker);
    let since = Utc::now();
    worker = Worker::start(&address);
    show_the_same(&mut faces, since);

    for which in [0, 1] {
        let port = clocks[which].address().port();
        clocks[which].signal("KILL");
        let since = Utc::now();
        // Whoever looks at the other one notices nothing.
        shown(&mut faces[1 - which], since);
        clocks[which] = clock(&address, port);
        let since = Utc::now();
        faces[which] = HubConnection::open(clocks[which].address());
        show_the_same(&mut faces, since);
    }
    drop(worker);
}

/// A clock that does not tick itself, on that port or a free one.
fn clock(redis: &str, port: u16) -> Clock {
    Launch::new()
        .argument("--ConnectionStrings:Redis")
        .argument(redis)
        .argument("--Clock:Worker")
        .argument("false")
        .start_on(port)
}

/// The process that ticks; it is killed when dropped.
struct Worker(Child);

impl Worker {
    fn start(redis: &str) -> Self {
        let process = Command::new(clock_worker())
            .args(["--ConnectionStrings:Redis", redis])
            .args(["--Clock:Interval", "00:00:00.200"])
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the worker's binary can be started");
        Self(process)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Nothing is to be done about a process that has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The next time that is shown and was not on its way before.
fn shown(face: &mut HubConnection, since: DateTime<Utc>) -> DateTime<Utc> {
    let until = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < until, "the time stands still");
        let time = face.time().parse().expect("a time is one");
        if time > since {
            return time;
        }
    }
}

/// Waits until both show one and the same time that was not on its way before.
fn show_the_same(faces: &mut [HubConnection; 2], since: DateTime<Utc>) {
    let until = Instant::now() + PATIENCE;
    let [one, other] = faces;
    let (mut here, mut there) = (HashSet::new(), HashSet::new());
    while here.is_disjoint(&there) {
        assert!(Instant::now() < until, "{here:?} here, {there:?} there");
        here.insert(shown(one, since));
        there.insert(shown(other, since));
    }
}

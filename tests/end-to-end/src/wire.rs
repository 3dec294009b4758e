//! A wire between clients and a server that can be cut.

use std::{
    io::{self, BufRead, BufReader, Write},
    mem,
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Forwards every connection to a server, until it is told otherwise by one line on its control address:
///
/// - `cut`: the connections of this moment are broken, without a word to either side;
/// - `down`: the same, and new ones are broken at once;
/// - `hold`: the same, but new ones are kept waiting;
/// - `up`: new ones are forwarded again, first those that wait.
///
/// It answers `done` when that is so.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    control: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    server: SocketAddr,
    mode: Mode,
    forwarded: Vec<TcpStream>,
    waiting: Vec<TcpStream>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Up,
    Down,
    Held,
}

impl Wire {
    /// Begins to forward; it does so as long as the process of the test runs.
    ///
    /// # Panics
    ///
    /// Where no port can be listened on.
    #[must_use]
    pub fn to(server: SocketAddr) -> Self {
        let listen = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
            let address = listener.local_addr().expect("a listener has an address");
            (listener, address)
        };
        let (clients, address) = listen();
        let (commands, control) = listen();
        let state = Arc::new(Mutex::new(State {
            server,
            mode: Mode::Up,
            forwarded: Vec::new(),
            waiting: Vec::new(),
        }));

        let shared = Arc::clone(&state);
        let commanded = Arc::clone(&state);
        thread::spawn(move || {
            for client in clients.incoming().map_while(Result::ok) {
                lock(&shared).accept(client);
            }
        });
        thread::spawn(move || {
            for commander in commands.incoming().map_while(Result::ok) {
                let state = Arc::clone(&commanded);
                thread::spawn(move || obey(commander, &state));
            }
        });
        Self {
            address,
            control,
            state,
        }
    }

    /// Forwards new connections to another server.
    pub fn lead_to(&self, server: SocketAddr) {
        lock(&self.state).server = server;
    }

    /// Breaks the connections of this moment.
    pub fn cut(&self) {
        lock(&self.state).obey("cut");
    }

    /// The URL to connect to in place of the server's.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it takes commands.
    #[must_use]
    pub fn control(&self) -> String {
        self.control.to_string()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn accept(&mut self, client: TcpStream) {
        match self.mode {
            Mode::Down => {}
            Mode::Held => self.waiting.push(client),
            // What cannot be forwarded is closed, as on a network where nothing answers.
            Mode::Up => drop(self.forward(client)),
        }
    }

    fn forward(&mut self, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(self.server)?;
        for (mut from, mut to) in [
            (client.try_clone()?, server.try_clone()?),
            (server.try_clone()?, client.try_clone()?),
        ] {
            to.set_nodelay(true)?;
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = to.shutdown(Shutdown::Write);
            });
        }
        self.forwarded.extend([client, server]);
        Ok(())
    }

    fn obey(&mut self, command: &str) {
        self.mode = match command {
            "down" => Mode::Down,
            "hold" => Mode::Held,
            _ => Mode::Up,
        };
        if command != "up" {
            for stream in self.forwarded.drain(..) {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
        if self.mode != Mode::Held {
            for client in mem::take(&mut self.waiting) {
                self.accept(client);
            }
        }
    }
}

fn obey(commander: TcpStream, state: &Mutex<State>) -> io::Result<()> {
    let mut answers = commander.try_clone()?;
    for command in BufReader::new(commander).lines() {
        lock(state).obey(&command?);
        answers.write_all(b"done\n")?;
    }
    Ok(())
}

//! Two servers behind nginx and behind HAProxy, with the configurations that the documentation shows.

mod support;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use campanile_hub_client::Transport;
use end_to_end::{Balancer, Redis};
use socket2::{Domain, Socket, Type};
use support::{Client, Server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_every_transport_are_served_through_nginx() {
    let test = "clients_of_every_transport_are_served_through_nginx";
    let Some(farm) = Farm::start(test).await else {
        return;
    };
    let Some(nginx) = Balancer::nginx(test, farm.addresses()) else {
        return;
    };
    farm.serves_all_transports(&nginx).await;
    let sides = sides(&nginx);
    assert_eq!(sides.len(), 2, "addresses are spread: {sides:?}");
    farm.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_every_transport_are_served_through_haproxy() {
    let test = "clients_of_every_transport_are_served_through_haproxy";
    let Some(farm) = Farm::start(test).await else {
        return;
    };
    let Some(haproxy) = Balancer::haproxy(test, farm.addresses()) else {
        return;
    };
    farm.serves_all_transports(&haproxy).await;
    let sides = sides(&haproxy);
    assert_eq!(sides.len(), 2, "addresses are spread: {sides:?}");

    // Whoever keeps the cookie stays where it was made, at whatever address.
    for (from, here, cookie) in &sides {
        let cookie = cookie.as_deref().expect("a cookie is set");
        for (elsewhere, ..) in &sides {
            let answer = ask(haproxy.address(), *elsewhere, Some(cookie));
            assert_eq!(answer.here, *here, "{cookie} of {from} from {elsewhere}");
        }
    }
    farm.stop().await;
}

/// Two servers, on a Redis of their own.
struct Farm {
    _redis: Redis,
    servers: [Server; 2],
}

impl Farm {
    async fn start(test: &str) -> Option<Self> {
        let redis = Redis::start(test).await?;
        let servers = [
            Server::start(&redis.address()).await,
            Server::start(&redis.address()).await,
        ];
        Some(Self {
            _redis: redis,
            servers,
        })
    }

    fn addresses(&self) -> [SocketAddr; 2] {
        [self.servers[0].address(), self.servers[1].address()]
    }

    async fn serves_all_transports(&self, balancer: &Balancer) {
        let url = balancer.url("/hub");
        let mut clients = Vec::new();
        for transport in Transport::ALL {
            clients.push(Client::connect(&url, |it| it.transports([transport])).await);
        }
        // What needs no session goes anywhere: there are clients on both servers in the end.
        let mut seen = BTreeSet::new();
        while seen.len() < 2 && clients.len() < 100 {
            let client = Client::connect(&url, |it| {
                it.transports([Transport::WebSockets]).skip_negotiation()
            });
            clients.push(client.await);
            seen.insert(clients[clients.len() - 1].here().await);
        }
        assert_eq!(seen.len(), 2, "all are on {seen:?}");
        // Several calls, each of which is a request of its own with some transports.
        for client in &clients {
            let here = client.here().await;
            for _ in 0..3 {
                assert_eq!(client.here().await, here);
            }
        }
        let count = i32::try_from(clients.len()).unwrap();
        for number in 0..count {
            clients[usize::try_from(number).unwrap()]
                .tell_all(number)
                .await;
        }
        for client in &mut clients {
            for number in 0..count {
                assert_eq!(client.told().await, number);
            }
        }
        for client in clients {
            client.connection.stop().await;
        }
    }

    async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
    }
}

/// One address for each server that answers, with the cookie that comes with the answer.
fn sides(balancer: &Balancer) -> Vec<(Ipv4Addr, String, Option<String>)> {
    let mut sides: Vec<(Ipv4Addr, String, Option<String>)> = Vec::new();
    for last in 2..=100 {
        let from = Ipv4Addr::new(127, 0, 0, last);
        let first = ask(balancer.address(), from, None);
        for _ in 0..3 {
            let again = ask(balancer.address(), from, None);
            assert_eq!(again.here, first.here, "one address, one server");
        }
        if sides.iter().all(|(_, here, _)| *here != first.here) {
            sides.push((from, first.here, first.cookie));
        }
        if sides.len() == 2 {
            break;
        }
    }
    sides
}

struct Answer {
    here: String,
    cookie: Option<String>,
}

/// Asks from that address which server answers.
fn ask(balancer: SocketAddr, from: Ipv4Addr, cookie: Option<&str>) -> Answer {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    socket.connect(&balancer.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    let cookie = cookie.map_or(String::new(), |it| format!("Cookie: {it}\r\n"));
    write!(
        stream,
        "GET /where HTTP/1.1\r\nHost: farm\r\n{cookie}Connection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
    let cookie = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .and_then(|(_, value)| value.split(';').next());
    Answer {
        here: body.to_owned(),
        cookie: cookie.map(ToOwned::to_owned),
    }
}

//! A Redis cluster of a test's own.

use crate::{Redis, free_port, soon};

/// The slots of a cluster: all of them belong to somebody, or it refuses to work.
const SLOTS: [(u32, u32); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];

/// Three masters without replicas, on ports of 127.0.0.1; killed when dropped.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: [Redis; 3],
}

impl RedisCluster {
    /// Starts one, and returns when each node hears each other. None where there is no redis-server and the test is left out.
    ///
    /// # Panics
    ///
    /// Where it does not start, and where redis-server is missing and may not be.
    pub async fn start(test: &str) -> Option<Self> {
        let buses = [free_port(), free_port(), free_port()];
        let node = async |bus: u16| {
            let arguments = move |port: u16| {
                let (port, bus) = (port.to_string(), bus.to_string());
                let on = [
                    "--cluster-enabled",
                    "yes",
                    "--cluster-port",
                    &bus,
                    "--port",
                    &port,
                ];
                on.map(ToOwned::to_owned).to_vec()
            };
            Redis::start_with(test, arguments).await
        };
        let nodes = [
            node(buses[0]).await?,
            node(buses[1]).await?,
            node(buses[2]).await?,
        ];
        for (node, (first, last)) in nodes.iter().zip(SLOTS) {
            let answer = node
                .ask(&format!("CLUSTER ADDSLOTSRANGE {first} {last}"))
                .await;
            assert!(answer.starts_with("+OK"), "{answer}");
        }
        for (node, bus) in nodes.iter().zip(buses).skip(1) {
            let meet = format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.port());
            let answer = nodes[0].ask(&meet).await;
            assert!(answer.starts_with("+OK"), "{answer}");
        }
        let cluster = Self { nodes };
        soon(cluster.is_whole()).await;
        Some(cluster)
    }

    /// The hosts and ports of all nodes, as a connection string.
    #[must_use]
    pub fn address(&self) -> String {
        let nodes: Vec<String> = self.nodes.iter().map(Redis::address).collect();
        nodes.join(",")
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Redis; 3] {
        &self.nodes
    }

    /// Ends the first node as a crash does.
    ///
    /// # Panics
    ///
    /// Where the system does not let it be ended.
    pub fn kill_first(&mut self) {
        self.nodes[0].kill();
    }

    /// Ends when what is published on any node is heard on each other one.
    async fn is_whole(&self) {
        for node in &self.nodes {
            while !node.ask("CLUSTER INFO").await.contains("cluster_state:ok") {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        for (here, from) in self.nodes.iter().enumerate() {
            for (there, to) in self.nodes.iter().enumerate() {
                if here == there {
                    continue;
                }
                let channel = format!("hello:{here}:{there}");
                let mut subscriber = to.subscriber(&channel).await;
                let heard = subscriber.hears();
                tokio::pin!(heard);
                loop {
                    from.publish(&channel, b"hello").await;
                    let wait = std::time::Duration::from_millis(50);
                    if tokio::time::timeout(wait, &mut heard).await.is_ok() {
                        break;
                    }
                }
            }
        }
    }
}

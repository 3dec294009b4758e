//! The nodes of a Redis cluster. Each passes messages on to all others, and counts its own subscribers only.

use std::collections::HashMap;

use redis::aio::MultiplexedConnection;
use redis::{RedisError, cmd};
use tokio::sync::Mutex;

use super::Link;
use crate::connect::connect_to_node;

/// Connections to nodes that have been asked, by host and port.
#[derive(Debug, Default)]
pub(super) struct Nodes(Mutex<HashMap<(String, u16), MultiplexedConnection>>);

impl Nodes {
    /// How many subscribers a channel has on all nodes; none where one of them does not say.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost but the answer.
    pub(super) async fn subscribers(&self, link: &Link, channel: &str) -> Option<u64> {
        let mut command = cmd("CLUSTER");
        command.arg("NODES");
        let nodes = link.request(command, 0).await.ok()?;
        let nodes: String = redis::from_redis_value(nodes).ok()?;
        let own = link.node();
        let mut connections = self.0.lock().await;
        let mut sum = 0;
        for node in addresses(&nodes, &own) {
            match ask(link, &mut connections, &node, channel).await {
                Ok(count) => sum += count,
                Err(error) => {
                    tracing::debug!(host = node.0, port = node.1, %error, "a node of the cluster cannot be asked for its subscribers");
                    connections.remove(&node);
                    return None;
                }
            }
        }
        Some(sum)
    }
}

async fn ask(
    link: &Link,
    connections: &mut HashMap<(String, u16), MultiplexedConnection>,
    node: &(String, u16),
    channel: &str,
) -> Result<u64, RedisError> {
    let mut connection = match connections.get(node) {
        Some(connection) => connection.clone(),
        None => {
            let connection = connect_to_node(&link.options, &node.0, node.1).await?;
            connections.insert(node.clone(), connection.clone());
            connection
        }
    };
    let mut command = cmd("PUBSUB");
    command.arg("NUMSUB").arg(channel);
    let (_, count): (String, u64) = command.query_async(&mut connection).await?;
    Ok(count)
}

/// The host and the port of each node of an answer to `CLUSTER NODES` that others do not hold for lost. `own` is where the node is
/// that has answered: it may not know its address.
fn addresses(nodes: &str, own: &str) -> Vec<(String, u16)> {
    let lines = nodes.lines().filter_map(|line| {
        // <id> <ip:port@cport[,hostname[,...]]> <flags> ...
        let mut fields = line.split(' ').skip(1);
        let (address, flags) = (fields.next()?, fields.next()?);
        let lost = ["fail", "noaddr", "handshake"];
        if flags.split(',').any(|flag| lost.contains(&flag)) {
            return None;
        }
        let (address, _) = address.split_once('@')?;
        let (host, port) = address.rsplit_once(':')?;
        let host = if host.is_empty() { own } else { host };
        Some((host.to_owned(), port.parse().ok()?))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_read_from_what_a_cluster_says() {
        let nodes = "\
            07c37df 127.0.0.1:30004@31004,host4 slave e7d1eec 0 1426238317239 4 connected\n\
            67ed2db ::1:30002@31002 master - 0 1426238316232 2 connected 5461-10922\n\
            292f8b3 10.0.0.3:30003@31003,,shard-id=6 master,fail - 0 1426238318243 3 connected 10923-16383\n\
            6ec2392 10.0.0.5:30005@31005 slave,fail? 67ed2db 0 1426238316232 5 connected\n\
            824fe11 :0@0 master,noaddr - 1426238316232 1426238315000 6 disconnected\n\
            e7d1eec :30001@31001 myself,master - 0 0 1 connected 0-5460\n";
        let node = |host: &str, port| (host.to_owned(), port);
        assert_eq!(
            addresses(nodes, "redis-1"),
            [
                node("127.0.0.1", 30004),
                node("::1", 30002),
                node("10.0.0.5", 30005),
                node("redis-1", 30001),
            ]
        );
        assert!(addresses("garbage\n\n1 2 3", "x").is_empty());
    }
}

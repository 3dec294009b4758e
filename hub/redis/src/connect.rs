//! Finding a Redis and connecting to it: a pair of connections, as pub/sub has it.

#[cfg(feature = "tls")]
mod certificates;

use redis::aio::{MultiplexedConnection, PubSub};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, cmd,
};

use crate::RedisOptions;

/// One connection for what is sent, one for what is heard.
pub(crate) struct Pair {
    pub(crate) commands: MultiplexedConnection,
    pub(crate) heard: PubSub,
    /// Whether it is a node of a cluster: then it knows of its own subscribers only.
    pub(crate) is_cluster: bool,
    pub(crate) host: String,
    pub(crate) endpoint: String,
}

/// Why there is no connection to Redis.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// It does not answer, or not what it should.
    #[error("{endpoint}: {source}")]
    Redis {
        /// The host and the port.
        endpoint: String,
        /// What happened.
        source: RedisError,
    },
    /// It takes too long.
    #[error("{endpoint}: no connection within {timeout:?}")]
    Timeout {
        /// The host and the port.
        endpoint: String,
        /// How long it had.
        timeout: std::time::Duration,
    },
    /// It is a replica: what is published there goes nowhere else.
    #[error("{endpoint}: this is a replica")]
    Replica {
        /// The host and the port.
        endpoint: String,
    },
    /// The sentinels know of no such master.
    #[error("the sentinel {endpoint} knows no master '{service}'")]
    NoMaster {
        /// The sentinel.
        endpoint: String,
        /// The name of the service.
        service: String,
    },
}

/// Connects to the first endpoint that will do; the error is that of the last one.
pub(crate) async fn connect(options: &RedisOptions) -> Result<Pair, ConnectError> {
    let mut last = None;
    for (host, port) in &options.endpoints {
        match connect_within(options, host, *port).await {
            Ok(pair) => return Ok(pair),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or(ConnectError::Timeout {
        endpoint: "no endpoint".to_owned(),
        timeout: options.connect_timeout,
    }))
}

async fn connect_within(
    options: &RedisOptions,
    host: &str,
    port: u16,
) -> Result<Pair, ConnectError> {
    let connecting = async {
        match &options.service_name {
            None => connect_to(options, host, port).await,
            Some(service) => {
                let (host, port) = master(options, host, port, service).await?;
                connect_to(options, &host, port).await
            }
        }
    };
    let timeout = options.connect_timeout;
    tokio::time::timeout(timeout, connecting)
        .await
        .unwrap_or_else(|_| {
            Err(ConnectError::Timeout {
                endpoint: format!("{host}:{port}"),
                timeout,
            })
        })
}

async fn connect_to(options: &RedisOptions, host: &str, port: u16) -> Result<Pair, ConnectError> {
    let endpoint = format!("{host}:{port}");
    let failed = |source| ConnectError::Redis {
        endpoint: endpoint.clone(),
        source,
    };
    let client = open(options, info(options, host, port).map_err(failed)?).await;
    let client = client.map_err(failed)?;
    let mut commands = client
        .get_multiplexed_async_connection_with_config(&config(options))
        .await
        .map_err(failed)?;
    // Both may be forbidden to us; then it is taken for an ordinary master.
    let cluster: Result<String, _> = cmd("INFO").arg("cluster").query_async(&mut commands).await;
    let is_cluster = cluster.is_ok_and(|it| it.contains("cluster_enabled:1"));
    let role: Result<Vec<redis::Value>, _> = cmd("ROLE").query_async(&mut commands).await;
    let is_replica = role.is_ok_and(
        |role| matches!(role.first(), Some(redis::Value::BulkString(name)) if name == b"slave"),
    );
    if is_replica && !is_cluster {
        return Err(ConnectError::Replica { endpoint });
    }
    let heard = client.get_async_pubsub().await.map_err(failed)?;
    Ok(Pair {
        commands,
        heard,
        is_cluster,
        host: host.to_owned(),
        endpoint,
    })
}

/// A connection for commands to one node of a cluster.
pub(crate) async fn connect_to_node(
    options: &RedisOptions,
    host: &str,
    port: u16,
) -> Result<MultiplexedConnection, RedisError> {
    open(options, info(options, host, port)?)
        .await?
        .get_multiplexed_async_connection_with_config(&config(options))
        .await
}

fn config(options: &RedisOptions) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(options.connect_timeout))
        .set_response_timeout(Some(options.response_timeout))
}

/// Asks a sentinel, as who we are, and where that is not known there, as nobody.
async fn master(
    options: &RedisOptions,
    host: &str,
    port: u16,
    service: &str,
) -> Result<(String, u16), ConnectError> {
    let endpoint = format!("{host}:{port}");
    let failed = |source| ConnectError::Redis {
        endpoint: endpoint.clone(),
        source,
    };
    let named = info(options, host, port).map_err(failed)?;
    let nobody = named
        .clone()
        .set_redis_settings(RedisConnectionInfo::default());
    let connect = async |info: ConnectionInfo| {
        open(options, info)
            .await?
            .get_multiplexed_async_connection_with_config(&config(options))
            .await
    };
    let mut sentinel = match connect(named).await {
        Ok(sentinel) => sentinel,
        Err(_) => connect(nobody).await.map_err(failed)?,
    };
    let address: Option<(String, u16)> = cmd("SENTINEL")
        .arg("get-master-addr-by-name")
        .arg(service)
        .query_async(&mut sentinel)
        .await
        .map_err(failed)?;
    address.ok_or_else(|| ConnectError::NoMaster {
        endpoint,
        service: service.to_owned(),
    })
}

/// What opens connections. Files of certificates are read each time: whoever renews them restarts nothing.
#[cfg_attr(
    not(feature = "tls"),
    allow(clippy::unused_async, reason = "files are read for TLS only")
)]
async fn open(options: &RedisOptions, info: ConnectionInfo) -> Result<Client, RedisError> {
    #[cfg(feature = "tls")]
    if options.tls {
        // The client takes that of the process, and panics where there is none. Another one that is set stays.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        return Client::build_with_tls(info, certificates::read(options).await?);
    }
    #[cfg(not(feature = "tls"))]
    let _ = options;
    Client::open(info)
}

fn info(options: &RedisOptions, host: &str, port: u16) -> Result<ConnectionInfo, RedisError> {
    let address = if options.tls {
        ConnectionAddr::TcpTls {
            host: host.to_owned(),
            port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(host.to_owned(), port)
    };
    let mut login = RedisConnectionInfo::default().set_db(options.database);
    if let Some(user) = &options.user {
        login = login.set_username(user);
    }
    if let Some(password) = &options.password {
        login = login.set_password(password);
    }
    Ok(address.into_connection_info()?.set_redis_settings(login))
}

//! Hub options from the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use campanile_host::BoxError;
use campanile_host::configuration::{ByteSize, Configuration};
use serde::Deserialize;

use crate::{HubOptions, SlowClientPolicy};

/// The section, and within it the one of a single hub.
const SECTION: &str = "SignalR";

/// Declares the settings once, for all hubs and for one: a field each, and how it is applied.
macro_rules! settings {
    ($($field:ident: $kind:ty => $apply:expr;)+) => {
        /// The settings of one hub.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct HubSettings {
            $($field: Option<$kind>,)+
        }

        /// The settings of all hubs, and those of single ones.
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        struct SignalRSettings {
            hubs: BTreeMap<String, HubSettings>,
            $($field: Option<$kind>,)+
        }

        impl HubSettings {
            fn apply(&self, options: &mut HubOptions) {
                $(if let Some(value) = &self.$field {
                    let apply: fn(&mut HubOptions, &$kind) = $apply;
                    apply(options, value);
                })+
            }
        }

        impl SignalRSettings {
            fn apply(&self, options: &mut HubOptions) {
                $(if let Some(value) = &self.$field {
                    let apply: fn(&mut HubOptions, &$kind) = $apply;
                    apply(options, value);
                })+
            }
        }
    };
}

settings! {
    handshake_timeout: Duration => |options, value| options.handshake_timeout = *value;
    keep_alive_interval: Duration => |options, value| options.keep_alive_interval = *value;
    client_timeout_interval: Duration => |options, value| options.client_timeout_interval = *value;
    maximum_receive_message_size: ByteSize => |options, value| {
        options.maximum_receive_message_size = (value.0 > 0).then(|| bytes(value));
    };
    enable_detailed_errors: bool => |options, value| options.enable_detailed_errors = *value;
    maximum_parallel_invocations_per_client: usize => |options, value| {
        options.maximum_parallel_invocations_per_client = *value;
    };
    maximum_invocations_per_second: u32 => |options, value| {
        options.maximum_invocations_per_second = (*value > 0).then_some(*value);
    };
    maximum_streams_per_connection: usize => |options, value| {
        options.maximum_streams_per_connection = (*value > 0).then_some(*value);
    };
    maximum_groups_per_connection: usize => |options, value| {
        options.maximum_groups_per_connection = (*value > 0).then_some(*value);
    };
    stream_buffer_capacity: usize => |options, value| options.stream_buffer_capacity = *value;
    maximum_queued_bytes: ByteSize => |options, value| options.maximum_queued_bytes = bytes(value);
    application_max_buffer_size: ByteSize => |options, value| options.application_max_buffer_size = bytes(value);
    slow_client: SlowClient => |options, value| options.slow_client = (*value).into();
    client_result_timeout: Duration => |options, value| {
        options.client_result_timeout = (!value.is_zero()).then_some(*value);
    };
    transport_send_timeout: Duration => |options, value| {
        options.transport_send_timeout = (!value.is_zero()).then_some(*value);
    };
    close_timeout: Duration => |options, value| options.close_timeout = *value;
    long_polling_timeout: Duration => |options, value| options.long_polling_timeout = *value;
    disconnect_timeout: Duration => |options, value| options.disconnect_timeout = *value;
    allow_stateful_reconnects: bool => |options, value| options.allow_stateful_reconnects = *value;
    close_on_authentication_expiration: bool => |options, value| {
        options.close_on_authentication_expiration = *value;
    };
    allowed_origins: Vec<String> => |options, value| options.allowed_origins.clone_from(value);
    stateful_reconnect_buffer_size: ByteSize => |options, value| {
        options.stateful_reconnect_buffer_size = bytes(value);
    };
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum SlowClient {
    Wait,
    DropOldest,
    KeepNewest,
    Disconnect,
}

impl From<SlowClient> for SlowClientPolicy {
    fn from(policy: SlowClient) -> Self {
        match policy {
            SlowClient::Wait => Self::Wait,
            SlowClient::DropOldest => Self::DropOldest,
            SlowClient::KeepNewest => Self::KeepNewest,
            SlowClient::Disconnect => Self::Disconnect,
        }
    }
}

fn bytes(size: &ByteSize) -> usize {
    usize::try_from(size.0).unwrap_or(usize::MAX)
}

/// What the program says of all hubs.
pub(crate) type Common = Arc<dyn Fn(&mut HubOptions) + Send + Sync>;

/// The options of the hub `name`: the defaults, over them what the program says of all hubs, over that the section `SignalR`,
/// over that what the program says of this hub, and over all the section `SignalR:Hubs:{name}`.
pub(crate) fn options(
    configuration: &Configuration,
    name: &str,
    common: &[Common],
    configure: impl FnOnce(&mut HubOptions),
) -> Result<HubOptions, BoxError> {
    let settings: SignalRSettings = configuration.bind(SECTION)?;
    let mut options = HubOptions::default();
    for configure in common {
        configure(&mut options);
    }
    settings.apply(&mut options);
    configure(&mut options);
    for (hub, own) in &settings.hubs {
        if hub.eq_ignore_ascii_case(name) {
            own.apply(&mut options);
        }
    }
    check(&options, &format!("the hub {name}"))?;
    Ok(options)
}

/// Refuses sections of hubs that there are none of.
pub(crate) fn check_names(
    configuration: &Configuration,
    hubs: &[&'static str],
) -> Result<(), BoxError> {
    for child in configuration.section(&format!("{SECTION}:Hubs")).children() {
        let key = child.key();
        if !hubs.iter().any(|hub| hub.eq_ignore_ascii_case(key)) {
            let known = hubs.join(", ");
            return Err(
                format!("unknown hub '{key}' in '{SECTION}:Hubs': the hubs are {known}").into(),
            );
        }
    }
    Ok(())
}

/// Refuses what makes no sense, of whatever is named.
pub(crate) fn check(options: &HubOptions, name: &str) -> Result<(), BoxError> {
    let positive = [
        ("HandshakeTimeout", !options.handshake_timeout.is_zero()),
        ("KeepAliveInterval", !options.keep_alive_interval.is_zero()),
        (
            "ClientTimeoutInterval",
            !options.client_timeout_interval.is_zero(),
        ),
        (
            "MaximumParallelInvocationsPerClient",
            options.maximum_parallel_invocations_per_client > 0,
        ),
        (
            "MaximumInvocationsPerSecond",
            options.maximum_invocations_per_second != Some(0),
        ),
        ("StreamBufferCapacity", options.stream_buffer_capacity > 0),
        (
            "MaximumReceiveMessageSize",
            options.maximum_receive_message_size != Some(0),
        ),
        (
            "LongPollingTimeout",
            !options.long_polling_timeout.is_zero(),
        ),
        ("DisconnectTimeout", !options.disconnect_timeout.is_zero()),
    ];
    match positive.iter().find(|(_, fits)| !fits) {
        Some((setting, _)) => {
            Err(format!("the option {setting} of {name} has to be greater than zero").into())
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use campanile_host::configuration::ConfigurationBuilder;

    use super::*;

    fn configuration(pairs: &[(&str, &str)]) -> Configuration {
        let mut builder = ConfigurationBuilder::new();
        builder.add_in_memory(pairs.iter().copied());
        builder.build().unwrap()
    }

    #[test]
    fn the_nearer_to_the_hub_and_the_operator_the_stronger() {
        let configuration = configuration(&[
            ("SignalR:KeepAliveInterval", "00:00:05"),
            ("SignalR:ClientTimeoutInterval", "00:00:10"),
            ("SignalR:MaximumReceiveMessageSize", "1 MiB"),
            ("SignalR:Hubs:clockHub:KeepAliveInterval", "00:00:02"),
            ("SignalR:Hubs:clockHub:SlowClient", "dropOldest"),
            ("SignalR:Hubs:Other:KeepAliveInterval", "00:00:09"),
        ]);
        let common: Common = Arc::new(|options| {
            options.keep_alive_interval = Duration::from_secs(4);
            options.maximum_receive_message_size = Some(1);
            options.handshake_timeout = Duration::from_secs(6);
        });
        let options = options(&configuration, "ClockHub", &[common], |options| {
            options.keep_alive_interval = Duration::from_secs(3);
            options.client_timeout_interval = Duration::from_secs(4);
        })
        .unwrap();
        assert_eq!(options.handshake_timeout, Duration::from_secs(6));
        assert_eq!(options.keep_alive_interval, Duration::from_secs(2));
        assert_eq!(options.client_timeout_interval, Duration::from_secs(4));
        assert_eq!(options.maximum_receive_message_size, Some(1024 * 1024));
        assert_eq!(options.slow_client, SlowClientPolicy::DropOldest);
        assert!(check_names(&configuration, &["ClockHub", "Other"]).is_ok());
        let error = check_names(&configuration, &["ClockHub"])
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "unknown hub 'Other' in 'SignalR:Hubs': the hubs are ClockHub"
        );
    }

    #[test]
    fn zero_lifts_the_size_limit_and_is_refused_where_it_means_nothing() {
        let unlimited = configuration(&[("SignalR:MaximumReceiveMessageSize", "0")]);
        assert_eq!(
            options(&unlimited, "H", &[], |_| {})
                .unwrap()
                .maximum_receive_message_size,
            None
        );
        let limits = configuration(&[
            ("SignalR:MaximumInvocationsPerSecond", "50"),
            ("SignalR:MaximumStreamsPerConnection", "0"),
            ("SignalR:Hubs:H:MaximumGroupsPerConnection", "7"),
        ]);
        let limits = options(&limits, "H", &[], |_| {}).unwrap();
        assert_eq!(limits.maximum_invocations_per_second, Some(50));
        assert_eq!(limits.maximum_streams_per_connection, None);
        assert_eq!(limits.maximum_groups_per_connection, Some(7));
        let never = configuration(&[("SignalR:KeepAliveInterval", "00:00:00")]);
        let error = options(&never, "H", &[], |_| {}).unwrap_err().to_string();
        assert_eq!(
            error,
            "the option KeepAliveInterval of the hub H has to be greater than zero"
        );
        let misspelled = configuration(&[("SignalR:KeepAliveIntervall", "00:00:01")]);
        let error = options(&misspelled, "H", &[], |_| {})
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("KeepAliveIntervall") && error.contains("KeepAliveInterval"),
            "{error}"
        );
    }
}

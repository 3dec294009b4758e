//! The phases of a hosted service's life.

use std::fmt;

/// What the host was doing with a service: the six phases of a [`HostedService`](super::HostedService) and the execution
/// of a [`BackgroundService`](super::BackgroundService).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// `HostedService::starting`.
    Starting,
    /// `HostedService::start`.
    Start,
    /// `HostedService::started`.
    Started,
    /// `BackgroundService::execute`.
    Execute,
    /// `HostedService::stopping`.
    Stopping,
    /// `HostedService::stop`.
    Stop,
    /// `HostedService::stopped`.
    Stopped,
}

impl fmt::Display for Phase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Starting => "starting",
            Self::Start => "start",
            Self::Started => "started",
            Self::Execute => "execute",
            Self::Stopping => "stopping",
            Self::Stop => "stop",
            Self::Stopped => "stopped",
        })
    }
}

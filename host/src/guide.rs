//! How it is done.
//!
//! | page | |
//! | --- | --- |
//! | [`first_service`] | for people who do not know .NET: from an empty project to a service under systemd |
//! | [`moving_from_dotnet`] | for people who do: where every type is, and what is different on purpose |

#[doc = include_str!("docs/first_service.md")]
pub mod first_service {}

#[doc = include_str!("docs/moving_from_dotnet.md")]
pub mod moving_from_dotnet {}

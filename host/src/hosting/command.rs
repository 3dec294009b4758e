//! What the command line of any application may ask for in place of running it.

use std::io::Write;

use crate::services::{ServiceCollection, ServiceProvider};
use crate::{BoxError, options};

/// Something to be printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `--print-config-schema`: what editors complete appsettings files by.
    ConfigSchema,
    /// `--services`, or `--services=text`: what is registered, for people.
    Services,
    /// `--services=dot`: the same for Graphviz.
    ServicesDot,
}

impl Command {
    /// Takes it out of the arguments. What is left are settings: a `services` with any other value is one of them.
    pub(crate) fn take(arguments: &mut Vec<String>) -> Option<Self> {
        let last = arguments.len().checked_sub(1)?;
        let commands = arguments
            .iter()
            .enumerate()
            .filter_map(|(index, argument)| {
                let command = match argument.as_str() {
                    "--print-config-schema" => Self::ConfigSchema,
                    // What follows it may be its value.
                    "--services" if index == last || arguments[index + 1].starts_with("--") => {
                        Self::Services
                    }
                    "--services=text" => Self::Services,
                    "--services=dot" => Self::ServicesDot,
                    _ => return None,
                };
                Some((index, command))
            });
        let commands: Vec<_> = commands.collect();
        for (index, _) in commands.iter().rev() {
            arguments.remove(*index);
        }
        commands.first().map(|(_, command)| *command)
    }

    /// Prints it and ends the process, as `--help` of other programs does: with exit code 0, or 1 where services could not
    /// work together.
    pub(crate) fn run(self, services: &ServiceCollection) -> ! {
        let (text, code) = match self {
            Self::ConfigSchema => match schema(services) {
                Ok(schema) => (schema, 0),
                Err(error) => {
                    // There is nobody to tell about an output that is closed, here and below.
                    let _ = writeln!(
                        std::io::stderr(),
                        "the schema of the settings cannot be had: {error}"
                    );
                    std::process::exit(1)
                }
            },
            Self::Services | Self::ServicesDot => {
                let graph = services.graph();
                let code = i32::from(!graph.findings().is_empty());
                match self {
                    Self::ServicesDot => (graph.to_dot(), code),
                    _ => (graph.to_string(), code),
                }
            }
        };
        let _ = write!(std::io::stdout(), "{text}");
        std::process::exit(code)
    }
}

fn schema(services: &ServiceCollection) -> Result<String, BoxError> {
    let mut services = services.clone();
    super::settings_schema::describe(&mut services);
    let services: ServiceProvider = services.build()?;
    Ok(format!("{:#}\n", options::schema(&services)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(arguments: &[&str]) -> (Option<Command>, Vec<String>) {
        let mut arguments = arguments.iter().map(ToString::to_string).collect();
        let command = Command::take(&mut arguments);
        (command, arguments)
    }

    #[test]
    fn what_is_asked_for_is_no_setting() {
        for (arguments, command, left) in [
            (&["--services"][..], Some(Command::Services), &[][..]),
            (&["--services=text"], Some(Command::Services), &[]),
            (
                &["--urls", "http://a", "--services=dot", "--x=y"],
                Some(Command::ServicesDot),
                &["--urls", "http://a", "--x=y"],
            ),
            (
                &["--services", "--urls=http://a"],
                Some(Command::Services),
                &["--urls=http://a"],
            ),
            (
                &["--print-config-schema", "--environment", "Development"],
                Some(Command::ConfigSchema),
                &["--environment", "Development"],
            ),
        ] {
            let left = left.iter().map(ToString::to_string).collect();
            assert_eq!(taken(arguments), (command, left), "{arguments:?}");
        }
    }

    #[test]
    fn settings_of_that_name_stay_settings() {
        for arguments in [
            &[][..],
            &["--services", "many"],
            &["--services=many"],
            &["services=dot"],
            &["--services:mail=on"],
        ] {
            let (command, left) = taken(arguments);
            assert_eq!(command, None, "{arguments:?}");
            assert_eq!(left, arguments);
        }
    }
}

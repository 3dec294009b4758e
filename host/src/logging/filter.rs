//! [`LogFilter`]: which levels of which categories are written.

use tracing::metadata::LevelFilter;

use super::error::LoggingError;
use super::level::LogLevel;
use crate::configuration::{Configuration, ConfigurationSection};

/// The names under which `Logging:{name}:LogLevel` speaks of the console.
const CONSOLE: [&str; 2] = [
    "Console",
    "Microsoft.Extensions.Logging.Console.ConsoleLoggerProvider",
];

/// The category of the lines that each request has, in lower case.
const REQUESTS: &str = "microsoft.aspnetcore.hosting.diagnostics";

/// The rules that say from which level on a category is written, as .NET reads them.
///
/// `Logging:LogLevel:{category}` is a rule for every provider, `Logging:Console:LogLevel:{category}` one for the console.
/// A category stands for all that begin with it, ignoring case and without regard to its segments (`Clock` is also
/// `Clockwork`); it may contain one `*`; `Default` stands for all. The rule that counts for a category is one for the
/// console if any matches, else a general one; the longest of these; the last of equally long ones. Without any rule it
/// is [`LogLevel::Information`]. The two lines that a web server has for each request
/// (`Microsoft.AspNetCore.Hosting.Diagnostics`) are written only where a rule names their category, or one that it is a part
/// of: .NET's templates switch them off in appsettings.json.
///
/// The category of a `tracing` event is its target with `.` for `::`, so that `clock_app::worker` is configured as
/// `clock_app.worker`.
///
/// ```
/// use campanile_host::configuration::ConfigurationBuilder;
/// use campanile_host::logging::{LogFilter, LogLevel};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let configuration = ConfigurationBuilder::new()
///     .add_in_memory([
///         ("Logging:LogLevel:Default", "Warning"),
///         ("Logging:LogLevel:clock_app", "Debug"),
///     ])
///     .build()?;
/// let filter = LogFilter::from_configuration(&configuration)?;
/// assert_eq!(filter.lowest("clock_app.worker"), LogLevel::Debug);
/// assert_eq!(filter.lowest("hyper.client"), LogLevel::Warning);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// From the weakest to the strongest: the last that matches counts.
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    /// What a category begins with and ends with, in lower case.
    prefix: String,
    suffix: String,
    level: LogLevel,
}

impl LogFilter {
    /// Reads the rules of the section `Logging`.
    ///
    /// # Errors
    ///
    /// A value is no level, or a category has more than one `*`.
    pub fn from_configuration(configuration: &Configuration) -> Result<Self, LoggingError> {
        let mut rules = Vec::new();
        for section in configuration.section("Logging").children() {
            if section.key().eq_ignore_ascii_case("LogLevel") {
                read(&section, false, &mut rules)?;
            } else if CONSOLE
                .iter()
                .any(|name| name.eq_ignore_ascii_case(section.key()))
            {
                read(&section.section("LogLevel"), true, &mut rules)?;
            }
        }
        // Stable, so that of equally strong rules the later one stays later.
        rules.sort_by_key(|(strength, _)| *strength);
        Ok(Self {
            rules: rules.into_iter().map(|(_, rule)| rule).collect(),
        })
    }

    /// The lowest level that is written for a category; `None` if nothing is.
    #[must_use]
    pub fn lowest(&self, category: &str) -> LogLevel {
        let category = category.to_lowercase();
        let rule = self.rules.iter().rfind(|rule| rule.matches(&category));
        let level = rule.map_or(LogLevel::Information, |rule| rule.level);
        if category.starts_with(REQUESTS) && rule.is_none_or(Rule::is_for_all) {
            return level.max(LogLevel::Warning);
        }
        level
    }

    /// What `tracing` may skip without asking.
    pub(crate) fn most_verbose(&self) -> LevelFilter {
        let lowest = self
            .rules
            .iter()
            .map(|rule| rule.level)
            .chain([LogLevel::Information])
            .min()
            .unwrap_or(LogLevel::Information);
        match lowest {
            LogLevel::Trace => LevelFilter::TRACE,
            LogLevel::Debug => LevelFilter::DEBUG,
            _ => LevelFilter::INFO,
        }
    }
}

impl Rule {
    /// Whether it names no category.
    fn is_for_all(&self) -> bool {
        self.prefix.is_empty() && self.suffix.is_empty()
    }

    fn matches(&self, category: &str) -> bool {
        category.len() >= self.prefix.len()
            && category.starts_with(&self.prefix)
            && category.ends_with(&self.suffix)
    }
}

/// What a rule wins by: being for the console, naming a category, that category's length.
type Strength = (bool, bool, usize);

fn read(
    levels: &ConfigurationSection,
    for_console: bool,
    rules: &mut Vec<(Strength, Rule)>,
) -> Result<(), LoggingError> {
    for entry in levels.children() {
        let text = entry.text().unwrap_or_default();
        if text.is_empty() {
            continue;
        }
        let level = text.parse().map_err(|source| LoggingError::Level {
            key: entry.path().to_owned(),
            source,
        })?;
        let is_default = entry.key().eq_ignore_ascii_case("Default");
        let category = if is_default { "" } else { entry.key() };
        let (prefix, suffix) = category.split_once('*').unwrap_or((category, ""));
        if suffix.contains('*') {
            return Err(LoggingError::Category {
                key: entry.path().to_owned(),
            });
        }
        rules.push((
            (for_console, !is_default, category.len()),
            Rule {
                prefix: prefix.to_lowercase(),
                suffix: suffix.to_lowercase(),
                level,
            },
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::ConfigurationBuilder;

    #[test]
    fn requests_are_written_where_a_rule_names_them() {
        for (category, level, expected) in [
            ("Default", "Information", LogLevel::Warning),
            ("Default", "Debug", LogLevel::Warning),
            ("Default", "Error", LogLevel::Error),
            ("Microsoft.AspNetCore", "Information", LogLevel::Information),
            (
                "Microsoft.AspNetCore.Hosting.Diagnostics",
                "Debug",
                LogLevel::Debug,
            ),
            ("clock_app", "Debug", LogLevel::Warning),
        ] {
            let key = format!("Logging:LogLevel:{category}");
            let mut builder = ConfigurationBuilder::new();
            builder.add_in_memory([(key.as_str(), level)]);
            let configuration = builder.build().unwrap();
            let filter = LogFilter::from_configuration(&configuration).unwrap();
            let lowest = filter.lowest("Microsoft.AspNetCore.Hosting.Diagnostics");
            assert_eq!(lowest, expected, "{category}: {level}");
            assert!(filter.lowest("clock_app") <= LogLevel::Error);
        }
    }
}

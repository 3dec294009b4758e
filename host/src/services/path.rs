use std::any::{TypeId, type_name};
use std::fmt;

use super::key::ServiceKey;

/// Which service: its type, and the key if it has one.
///
/// It is shown by the type's name without the modules, `dyn Greeter`, and with a key as `dyn Greeter[fr]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceId {
    type_id: TypeId,
    type_name: &'static str,
    key: Option<ServiceKey>,
}

impl ServiceId {
    /// The service `S` without a key.
    pub fn of<S: ?Sized + 'static>() -> Self {
        Self {
            type_id: TypeId::of::<S>(),
            type_name: type_name::<S>(),
            key: None,
        }
    }

    /// The same service with `key`, or without one.
    #[must_use]
    pub fn with_key(self, key: Option<ServiceKey>) -> Self {
        Self { key, ..self }
    }

    /// The identity of the service's type.
    pub fn type_id(&self) -> TypeId {
        self.type_id
    }

    /// The full name of the service's type, as [`std::any::type_name`] gives it.
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// The key, if the service has one.
    pub fn key(&self) -> Option<&ServiceKey> {
        self.key.as_ref()
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", ShortName(self.type_name))?;
        match &self.key {
            Some(key) => write!(f, "[{key}]"),
            None => Ok(()),
        }
    }
}

/// In which form a service is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceForm {
    /// As itself: `Arc<S>`.
    One,
    /// If it is registered: `Option<Arc<S>>`.
    Optional,
    /// Every registration of it: `Vec<Arc<S>>`.
    All,
    /// When it is first used: `Lazy<S>`.
    Lazy,
    /// A value that no service can be, as an argument that is given by hand.
    Value,
}

/// One step of a [`ServicePath`]: a service, and what it is implemented by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceStep {
    service: ServiceId,
    implementation: Option<&'static str>,
    form: ServiceForm,
}

impl ServiceStep {
    pub(crate) fn new(service: ServiceId, form: ServiceForm) -> Self {
        Self {
            service,
            implementation: None,
            form,
        }
    }

    pub(crate) fn implemented_by(self, implementation: &'static str) -> Self {
        Self {
            implementation: Some(implementation),
            ..self
        }
    }

    pub(crate) fn with_form(self, form: ServiceForm) -> Self {
        Self { form, ..self }
    }

    /// The service.
    pub fn service(&self) -> &ServiceId {
        &self.service
    }

    /// The full name of the type that implements the service, if that is known and another than the service's.
    pub fn implementation(&self) -> Option<&'static str> {
        self.implementation
            .filter(|name| *name != self.service.type_name)
    }

    /// In which form it is needed by the step before.
    pub fn form(&self) -> ServiceForm {
        self.form
    }
}

impl fmt::Display for ServiceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            ServiceForm::One | ServiceForm::Value => self.service.fmt(f)?,
            ServiceForm::Optional => write!(f, "Option<{}>", self.service)?,
            ServiceForm::All => write!(f, "Vec<{}>", self.service)?,
            ServiceForm::Lazy => write!(f, "Lazy<{}>", self.service)?,
        }
        match self.implementation() {
            Some(name) => write!(f, " ({})", ShortName(name)),
            None => Ok(()),
        }
    }
}

/// Who needs whom, from what was asked for to the service that the error is about: `Worker -> Mailer -> SmtpClient`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePath(Vec<ServiceStep>);

impl ServicePath {
    pub(crate) fn prepend(&mut self, step: ServiceStep) {
        self.0.insert(0, step);
    }

    /// The steps, in order.
    pub fn steps(&self) -> &[ServiceStep] {
        &self.0
    }
}

impl FromIterator<ServiceStep> for ServicePath {
    fn from_iter<I: IntoIterator<Item = ServiceStep>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for ServicePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" -> ")?;
            }
            step.fmt(f)?;
        }
        Ok(())
    }
}

/// A type's name without the modules: `Arc<dyn Greeter>` for `alloc::sync::Arc<dyn app::greet::Greeter>`.
pub(crate) struct ShortName<'a>(pub(crate) &'a str);

impl fmt::Display for ShortName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Braces are those of `{{closure}}`, which is where a type in an async function is.
        let is_path = |c: char| c.is_alphanumeric() || "_:{}#".contains(c);
        let mut rest = self.0;
        while !rest.is_empty() {
            let path = rest.find(|c| !is_path(c)).unwrap_or(rest.len());
            let (name, after) = rest.split_at(path);
            f.write_str(name.rsplit("::").next().unwrap_or(name))?;
            let between = after.find(is_path).unwrap_or(after.len());
            f.write_str(&after[..between])?;
            rest = &after[between..];
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_without_their_modules() {
        for (full, short) in [
            ("app::A", "A"),
            (
                "alloc::sync::Arc<dyn app::greet::Greeter>",
                "Arc<dyn Greeter>",
            ),
            ("(u8, app::B<app::C, &str>)", "(u8, B<C, &str>)"),
            ("dyn app::Source<Item = app::A>", "dyn Source<Item = A>"),
            ("[app::A; 3]", "[A; 3]"),
            ("app::main::{{closure}}::A", "A"),
            ("a::Pump<b::c::Tick, Vec<d::E>>", "Pump<Tick, Vec<E>>"),
        ] {
            assert_eq!(ShortName(full).to_string(), short);
        }
    }
}

//! The JSON schema of everything that is configured, for editors to complete appsettings files.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::family::Family;
use crate::configuration::schema as reading;
use crate::services::{ServiceCollection, ServiceDescriptor, ServiceError, ServiceProvider};

/// Something that says which settings there are. All that are registered as `dyn SettingsSchema` are asked.
///
/// Options that are bound to a section have theirs by themselves; [`ServiceCollection::describe_section`] adds others.
pub trait SettingsSchema: Send + Sync {
    /// The key of each section with its JSON schema.
    ///
    /// # Errors
    ///
    /// Where what it needs cannot be had.
    fn sections(&self, services: &ServiceProvider) -> Result<Vec<(String, Value)>, ServiceError>;
}

/// The JSON schema (draft 7) of all sections that options are bound to, and of all that is described besides, as one
/// document. A host prints it for the argument `--print-config-schema`.
///
/// It is for editors to complete, to explain, and to mark what the host would refuse when it starts: values of other types and
/// forms, and in sections that are bound strictly names that are not known. Keys may be written in any case, but it is what
/// stands here that is completed and whose values are looked at. Types need nothing for it: what they have serde ask for is what is known of them.
/// [Rules](super::rule) are in it.
///
/// # Errors
///
/// Where a service that is needed for it cannot be had.
pub fn schema(services: &ServiceProvider) -> Result<Value, ServiceError> {
    let mut document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {},
    });
    for source in services.all::<dyn SettingsSchema>()?.iter() {
        for (section, schema) in source.sections(services)? {
            reading::merge(&mut document, around(&section, schema));
        }
    }
    reading::allow_any_case(&mut document);
    Ok(document)
}

impl ServiceCollection {
    /// Adds what a `T` reads of a section, or of a single key, to the [schema](crate::options::schema()) of the whole
    /// configuration: for an extension that binds it by itself rather than as options.
    ///
    /// An extension of the host's builder calls it when it registers itself: `builder.services().describe_section::<T>(..)`,
    /// with the same `T` and the same section that it gives to
    /// [`Configuration::bind`](crate::configuration::Configuration::bind). Sections below each other may be described apart, and
    /// what is described twice is both.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use campanile_host::ServiceCollection;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Endpoint {
    ///     url: String,
    /// }
    ///
    /// #[derive(serde::Deserialize)]
    /// #[serde(default)]
    /// struct Limits {
    ///     max_concurrent_connections: Option<u64>,
    /// }
    ///
    /// # fn check(endpoint: Endpoint, limits: Limits) -> (String, Option<u64>) {
    /// #     (endpoint.url, limits.max_concurrent_connections)
    /// # }
    /// # impl Default for Limits {
    /// #     fn default() -> Self {
    /// #         Self { max_concurrent_connections: None }
    /// #     }
    /// # }
    /// fn describe(services: &mut ServiceCollection) {
    ///     services
    ///         .describe_section::<String>("Urls")
    ///         .describe_section::<BTreeMap<String, Endpoint>>("Kestrel:Endpoints")
    ///         .describe_section::<Limits>("Kestrel:Limits");
    /// }
    /// # describe(&mut ServiceCollection::new());
    /// ```
    pub fn describe_section<T: DeserializeOwned>(
        &mut self,
        section: impl Into<String>,
    ) -> &mut Self {
        let section: String = section.into();
        let schema = reading::of::<T>(&pointer(&section));
        self.describe_settings(section, schema)
    }

    /// Adds the JSON schema of a section, or of a single key, to that of the whole configuration: for settings that no
    /// type describes ([`describe_section`](Self::describe_section)).
    pub fn describe_settings(&mut self, section: impl Into<String>, schema: Value) -> &mut Self {
        let described = Described {
            section: section.into(),
            schema,
        };
        self.add(
            ServiceDescriptor::instance_as::<dyn SettingsSchema, _>(
                std::sync::Arc::new(described),
                |it| it,
            )
            .internal(),
        )
    }
}

struct Described {
    section: String,
    schema: Value,
}

impl SettingsSchema for Described {
    fn sections(&self, _: &ServiceProvider) -> Result<Vec<(String, Value)>, ServiceError> {
        Ok(vec![(self.section.clone(), self.schema.clone())])
    }
}

/// The options `T` of all names.
pub(super) struct OptionsSchema<T>(PhantomData<fn() -> T>);

impl<T> OptionsSchema<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Send + Sync + 'static> SettingsSchema for OptionsSchema<T> {
    fn sections(&self, services: &ServiceProvider) -> Result<Vec<(String, Value)>, ServiceError> {
        let all = services.required::<Family<T>>()?;
        let sections = all.recipes().flat_map(|recipe| recipe.schemas(pointer));
        Ok(sections
            .map(|(section, schema)| (section.to_owned(), schema))
            .collect())
    }
}

/// The segments of a section's key.
fn segments(section: &str) -> impl DoubleEndedIterator<Item = &str> {
    section.split(':').filter(|segment| !segment.is_empty())
}

/// Where the schema of a section stands in the document.
fn pointer(section: &str) -> String {
    segments(section)
        .map(|segment| {
            let segment = segment.replace('~', "~0").replace('/', "~1");
            format!("/properties/{segment}")
        })
        .collect()
}

/// The schema of a section as part of a document.
fn around(section: &str, schema: Value) -> Value {
    segments(section).rev().fold(
        schema,
        |schema, segment| json!({ "type": "object", "properties": { segment: schema } }),
    )
}

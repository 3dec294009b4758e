//! The JSON schema of everything that is configured, for editors to complete appsettings files.

use std::marker::PhantomData;

use serde_json::{Value, json};

use super::family::Family;
use crate::configuration::schema::merge;
use crate::services::{ServiceCollection, ServiceDescriptor, ServiceError, ServiceProvider};

/// Something that says which settings there are. All that are registered as `dyn SettingsSchema` are asked.
///
/// Options that are bound to a section have theirs by themselves; [`ServiceCollection::describe_settings`] adds others.
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
/// It is for editors to complete and explain, and refuses next to nothing: keys may be written in any case, and what is unknown
/// is reported when the host starts. Types need nothing for it: what they have serde ask for is what is known of them.
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
    for source in services.all::<dyn SettingsSchema>()? {
        for (section, schema) in source.sections(services)? {
            merge(&mut document, around(&section, schema));
        }
    }
    Ok(document)
}

impl ServiceCollection {
    /// Adds the JSON schema of a section, or of a single key, to that of the whole configuration: for settings that are
    /// read by other means than options.
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

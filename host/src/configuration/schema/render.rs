//! What is known of a type as a JSON schema.

use serde_json::{Map, Value, json};

use super::record::{NodeId, Record, Shape};
use crate::configuration::binding::field;

/// What .NET's time spans look like.
const TIME_SPAN: &str = r"^\s*((\d{1,8}\.)?([01]?\d|2[0-3]):[0-5]?\d(:[0-5]?\d(\.\d{1,7})?)?|\d{1,8}:([01]?\d|2[0-3]):[0-5]?\d:[0-5]?\d(\.\d{1,7})?)\s*$";

const INTEGER: &str = r"^\s*([-+]?\d+|0[xX][0-9a-fA-F]+)\s*$";

/// The schema of a value that stands at `pointer` in its document.
///
/// It is for editors to complete, and refuses nothing that can be bound but nulls: numbers may be texts. That the names of
/// fields may be written in any case is added to the whole document by [`allow_any_case`].
pub(super) fn schema(record: &Record, node: NodeId, pointer: &str) -> Value {
    let mut places = Vec::new();
    render(record, node, pointer, &mut places)
}

/// `places` are those of the values around.
fn render(
    record: &Record,
    node: NodeId,
    pointer: &str,
    places: &mut Vec<(NodeId, String)>,
) -> Value {
    places.push((node, pointer.to_owned()));
    let schema = match record.shape(node) {
        Shape::Any => json!({}),
        Shape::Bool => {
            json!({ "type": ["boolean", "string"], "pattern": any_case(&["true", "false"]) })
        }
        Shape::Integer(None) => json!({ "type": ["integer", "string"], "pattern": INTEGER }),
        Shape::Integer(Some((minimum, maximum))) => json!({
            "type": ["integer", "string"],
            "minimum": minimum,
            "maximum": maximum,
            "pattern": INTEGER,
        }),
        Shape::Number => json!({ "type": ["number", "string"] }),
        Shape::Text(wanted) => text(&wanted),
        Shape::Bytes => json!({ "type": "string", "description": "bytes as base64" }),
        Shape::TimeSpan => json!({
            "type": "string",
            "pattern": TIME_SPAN,
            "description": "a time span: hh:mm:ss, hh:mm:ss.fff or d.hh:mm:ss",
        }),
        Shape::Nullable(inner) => nullable(render(record, inner, pointer, places)),
        Shape::List(element) => {
            let items = render(record, element, &format!("{pointer}/items"), places);
            json!({
                "type": ["array", "object"],
                "items": items,
                "properties": { "$replace": { "type": "array" } },
            })
        }
        Shape::Tuple(members) => {
            let items: Vec<Value> = members
                .iter()
                .enumerate()
                .map(|(at, member)| {
                    render(record, *member, &format!("{pointer}/items/{at}"), places)
                })
                .collect();
            json!({ "type": ["array", "object"], "items": items, "maxItems": items.len() })
        }
        Shape::Map(value) => {
            let below = format!("{pointer}/additionalProperties");
            json!({
                "type": "object",
                "properties": { "$replace": { "type": "object" } },
                "additionalProperties": render(record, value, &below, places),
            })
        }
        Shape::Struct(members) => {
            let mut properties = Map::new();
            for (name, member) in members {
                let name = field::display(name);
                let below = format!("{pointer}/properties/{}", escape(&name));
                let member = render(record, member, &below, places);
                properties.insert(name, member);
            }
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        }
        Shape::Enum(variants) => enumeration(record, &variants, pointer, places),
        Shape::Again(outer) => {
            let place = places.iter().find(|(node, _)| *node == outer);
            match place {
                Some((_, pointer)) => json!({ "$ref": format!("#{pointer}") }),
                None => json!({}),
            }
        }
    };
    places.pop();
    schema
}

fn text(wanted: &str) -> Value {
    // A number in the file is the text that stands there.
    let mut schema = json!({ "type": ["string", "number", "boolean"] });
    if !["a string", "a character", "path string"].contains(&wanted) {
        schema["description"] = wanted.into();
    }
    schema
}

fn enumeration(
    record: &Record,
    variants: &[(&'static str, Option<NodeId>)],
    pointer: &str,
    places: &mut Vec<(NodeId, String)>,
) -> Value {
    let mut choices = Vec::new();
    let names: Vec<&str> = variants
        .iter()
        .filter(|(_, content)| content.is_none())
        .map(|(name, _)| *name)
        .collect();
    if !names.is_empty() {
        choices.push(json!({ "enum": names }));
        choices.push(json!({ "type": "string", "pattern": any_case(&names) }));
    }
    for (name, content) in variants {
        let Some(content) = content else { continue };
        let at = choices.len();
        let below = format!("{pointer}/anyOf/{at}/properties/{}", escape(name));
        let content = render(record, *content, &below, places);
        choices.push(json!({ "type": "object", "properties": { *name: content } }));
    }
    json!({ "anyOf": choices })
}

/// A value that may be null as well, without moving any part of it.
fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema.get_mut("type") {
        let mut kinds = match kind.take() {
            Value::Array(kinds) => kinds,
            single => vec![single],
        };
        if !kinds.contains(&"null".into()) {
            kinds.push("null".into());
        }
        *kind = kinds.into();
        // An empty text is none as well.
        if let Some(Value::String(pattern)) = schema.get_mut("pattern") {
            pattern.insert_str(0, r"^\s*$|");
        }
    } else if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.push(json!({ "type": "null" }));
    }
    schema
}

/// Has a schema refuse nothing that it does not know, as a section that is bound leniently.
pub(crate) fn open(schema: &mut Value) {
    if let Value::Object(members) = schema
        && members.get("additionalProperties") == Some(&Value::Bool(false))
    {
        members.remove("additionalProperties");
    }
    each(schema, open);
}

/// Has what is refused for its name be only what no spelling of a known one is: keys may be written in any case, and several
/// levels of them as one, as in `Limits:MaxRequestBodySize`.
pub(crate) fn allow_any_case(schema: &mut Value) {
    each(schema, allow_any_case);
    let Value::Object(members) = schema else {
        return;
    };
    if members.get("additionalProperties") != Some(&Value::Bool(false)) {
        return;
    }
    let known = members.get("properties").and_then(Value::as_object);
    let names: Vec<&str> = known
        .into_iter()
        .flat_map(|it| it.keys().map(String::as_str))
        .collect();
    let mut patterns = Map::new();
    patterns.insert(":".to_owned(), json!({}));
    if !names.is_empty() {
        patterns.insert(any_case(&names), json!({}));
    }
    members.insert("patternProperties".to_owned(), patterns.into());
}

/// Every schema within a schema, wherever it stands.
fn each(schema: &mut Value, change: fn(&mut Value)) {
    match schema {
        Value::Object(members) => members.values_mut().for_each(change),
        Value::Array(items) => items.iter_mut().for_each(change),
        _ => {}
    }
}

/// A regular expression for these names in any case, with or without underscores.
pub(crate) fn any_case(names: &[&str]) -> String {
    let letter = |letter: char| {
        let (lower, upper) = (letter.to_lowercase(), letter.to_uppercase());
        match letter {
            '_' => "_*".to_owned(),
            _ if letter.is_alphabetic() => format!("[{lower}{upper}]_*"),
            // Others than those may not be escaped everywhere.
            _ if r"^$\.*+?()[]{}|/".contains(letter) => format!("\\{letter}_*"),
            _ => format!("{letter}_*"),
        }
    };
    let names: Vec<String> = names
        .iter()
        .map(|name| name.chars().map(letter).collect())
        .collect();
    format!(r"^\s*({})\s*$", names.join("|"))
}

/// A name as a part of a JSON pointer in a reference.
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Puts what `more` says into a schema: members of objects are added, all else is replaced.
pub(crate) fn merge(schema: &mut Value, more: Value) {
    match (schema, more) {
        (Value::Object(schema), Value::Object(more)) => {
            for (name, value) in more {
                merge(schema.entry(name).or_insert(Value::Null), value);
            }
        }
        (schema, more) => *schema = more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_matched_in_any_case() {
        assert_eq!(
            any_case(&["Red_1", "a-b"]),
            r"^\s*([rR]_*[eE]_*[dD]_*_*1_*|[aA]_*-_*[bB]_*)\s*$"
        );
    }

    #[test]
    fn a_section_of_known_names_takes_them_in_any_case() {
        let mut schema = json!({
            "properties": {
                "A": { "properties": { "B": {} }, "additionalProperties": false },
            },
            "additionalProperties": { "additionalProperties": false },
        });
        allow_any_case(&mut schema);
        assert_eq!(schema.get("patternProperties"), None);
        assert_eq!(
            schema["properties"]["A"]["patternProperties"],
            json!({ ":": {}, r"^\s*([bB]_*)\s*$": {} })
        );
        assert_eq!(
            schema["additionalProperties"]["patternProperties"],
            json!({ ":": {} })
        );
        open(&mut schema);
        assert_eq!(schema["properties"]["A"].get("additionalProperties"), None);
    }

    #[test]
    fn what_is_merged_adds_to_what_is_there() {
        let mut schema = json!({ "a": { "b": 1 }, "c": [1] });
        merge(&mut schema, json!({ "a": { "d": 2 }, "c": [2] }));
        assert_eq!(schema, json!({ "a": { "b": 1, "d": 2 }, "c": [2] }));
    }
}

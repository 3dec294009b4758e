//! Names on the wire.

use syn::{Attribute, LitStr, Result};

/// Takes `#[hub_method(name = "...")]` out of `attributes`; gives its name, else that of `ident` in PascalCase.
pub(crate) fn wire_name(ident: &syn::Ident, attributes: &mut Vec<Attribute>) -> Result<LitStr> {
    let mut name = None;
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("hub_method"))
    {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("name") {
                return Err(meta.error("write #[hub_method(name = \"...\")]"));
            }
            let given: LitStr = meta.value()?.parse()?;
            if given.value().is_empty() {
                return Err(syn::Error::new(given.span(), "a method needs a name"));
            }
            name = Some(given);
            Ok(())
        })?;
    }
    attributes.retain(|attribute| !attribute.path().is_ident("hub_method"));
    Ok(name.unwrap_or_else(|| LitStr::new(&pascal_case(&unraw(ident)), ident.span())))
}

/// The name without `r#`.
pub(crate) fn unraw(ident: &syn::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text).to_owned()
}

fn pascal_case(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters
                .next()
                .map(|letter| letter.to_uppercase().collect::<String>());
            first.into_iter().chain([letters.collect()])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::pascal_case;

    #[test]
    fn snake_case_becomes_pascal_case() {
        for (rust, wire) in [
            ("show_time", "ShowTime"),
            ("add", "Add"),
            ("send_time_to_clients", "SendTimeToClients"),
            ("echo_2", "Echo2"),
            ("_leading__double_", "LeadingDouble"),
            ("schließen", "Schließen"),
        ] {
            assert_eq!(pascal_case(rust), wire);
        }
    }
}

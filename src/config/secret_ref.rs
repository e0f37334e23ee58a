//! A secret in a file of ours: the value itself, or a reference to where it is kept. What a reference leads to is found
//! out where credentials are obtained.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::secret::Secret;

/// A secret, or where it is, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// The value itself.
    Value(Secret),
    /// A reference that is looked up when it is needed. Boxed, because it is rare and large.
    Reference(Box<SecretRef>),
    /// Neither.
    Missing,
}

/// Where a secret is kept outside the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SecretRef {
    /// The kind of place: `env`, `file` or `exec`.
    pub source: String,
    /// Name of the configured place; a variable needs none and has `default`.
    #[serde(default = "default_place")]
    pub provider: String,
    /// Name within the place, like the variable's.
    pub id: String,
}

fn default_place() -> String {
    "default".to_owned()
}

impl SecretRef {
    /// A variable of the environment.
    pub fn variable(name: &str) -> Self {
        Self { source: "env".to_owned(), provider: default_place(), id: name.to_owned() }
    }

    /// The reference that a text like `${NAME}` is.
    pub fn in_text(text: &Secret) -> Option<Self> {
        variable_of(text.expose().trim()).map(Self::variable)
    }
}

impl<'de> Deserialize<'de> for Material {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueOrReference;

        impl<'de> Visitor<'de> for ValueOrReference {
            type Value = Material;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret or a reference { source, provider, id }")
            }

            fn visit_str<E>(self, text: &str) -> Result<Material, E> {
                let text = text.trim();
                Ok(match (text, variable_of(text)) {
                    ("", _) => Material::Missing,
                    (_, Some(name)) => Material::Reference(Box::new(SecretRef::variable(name))),
                    _ => Material::Value(Secret::new(text)),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Material, A::Error> {
                SecretRef::deserialize(MapAccessDeserializer::new(map)).map(Box::new).map(Material::Reference)
            }

            fn visit_unit<E>(self) -> Result<Material, E> {
                Ok(Material::Missing)
            }
        }

        deserializer.deserialize_any(ValueOrReference)
    }
}

/// The variable in `${NAME}`.
fn variable_of(text: &str) -> Option<&str> {
    let name = text.strip_prefix("${")?.strip_suffix('}')?;
    let well_formed =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    well_formed.then_some(name)
}

impl JsonSchema for Material {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretOrReference".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "A secret: the text itself, `${VARIABLE}`, or a reference to where it is kept.",
            "anyOf": [{ "type": "string" }, generator.subschema_for::<SecretRef>()],
        })
    }
}

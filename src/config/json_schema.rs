//! The config as a JSON Schema, made from its types: editors complete and check a file by it, and unknown keys are found
//! by it.

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform as _};
use serde_json::{Value, json};

use super::Config;

/// The schema of `fased.json` (JSON Schema draft 7, which every editor knows).
pub fn json_schema() -> Value {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<Config>();
    // What is absent is absent: no key has a default of `null` that anybody would write.
    RecursiveTransform(|schema: &mut schemars::Schema| {
        if schema.get("default").is_some_and(Value::is_null) {
            schema.remove("default");
        }
    })
    .transform(&mut schema);
    schema.insert("title".to_owned(), "fased.json".into());
    let mut schema = schema.to_value();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let address = json!({ "type": "string", "description": "Where this schema is, for editors." });
        properties.insert("$schema".to_owned(), address);
    }
    schema
}

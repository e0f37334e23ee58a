//! `env`: variables for those who start the program without them. Direct entries win over those of `vars`; a name the
//! process has already keeps the process's value.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::secret::Secret;

/// Keys of `env` that are no variables, but settings of the TypeScript program.
const SETTINGS: [&str; 1] = ["shellEnv"];
/// The key that holds further variables.
const VARS: &str = "vars";

/// `env`. Numbers are the texts they are written as; lists and objects are passed over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables(Vec<(String, Secret)>);

impl Variables {
    /// Names and values; of two with one name the first counts.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

impl<'de> Deserialize<'de> for Variables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut entries = IndexMap::<String, Value>::deserialize(deserializer)?;
        let further = entries.shift_remove(VARS);
        entries.retain(|name, _| !SETTINGS.contains(&name.as_str()));
        let further = match further {
            Some(Value::Object(further)) => further,
            _ => Map::new(),
        };
        let texts = entries.into_iter().chain(further).filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, Secret::new(text))),
            Value::Number(number) => Some((name, Secret::new(number.to_string()))),
            Value::Bool(truth) => Some((name, Secret::new(truth.to_string()))),
            _ => None,
        });
        Ok(Self(texts.collect()))
    }
}

impl JsonSchema for Variables {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Variables".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "Variables for requests and references, where the process has none of the name.",
            "type": "object",
            "properties": {
                "vars": {
                    "type": "object",
                    "additionalProperties": { "type": ["string", "number", "boolean"] },
                    "description": "Further variables; entries beside it win.",
                },
                "shellEnv": { "type": "object", "description": "A setting of the TypeScript program, not used." },
            },
            "additionalProperties": { "type": ["string", "number", "boolean"] },
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::load::parse;

    #[test]
    fn direct_entries_come_before_those_of_vars_and_lists_and_objects_are_passed_over() {
        let config = parse(
            "{env:{vars:{A:'1',B:'2',odd:3},A:'0',n:1,x:-1.5,t:true,u:null,l:[1,['x']],o:{C:'3'},
                shellEnv:{enabled:true,timeoutMs:5}}}",
        );
        let env = config.unwrap().env;
        let shown: Vec<_> = env.iter().map(|(name, value)| (name, value.expose())).collect();
        assert_eq!(
            shown,
            [("A", "0"), ("n", "1"), ("x", "-1.5"), ("t", "true"), ("A", "1"), ("B", "2"), ("odd", "3")]
        );
    }
}

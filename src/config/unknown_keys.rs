//! Keys of the config that nobody reads: most often a slip of the pen. They are found by the schema, with their place and
//! the known name that is nearest. Keys of the TypeScript program that have no use here are no slip.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value};

use super::key_path::Segment;

/// How alike two names must be, from 0 to 1, for one to be offered for the other.
const ALIKE: f64 = 0.8;

/// Names of keys by the object they are in, like `agents.list[]` or `models.providers.*`; the outermost is empty.
pub type KeysByPlace = IndexMap<String, Vec<String>>;

/// A key that nobody reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownKey {
    /// Where it is.
    pub path: Vec<Segment>,
    /// The known name it may be meant for.
    pub nearest: Option<String>,
}

/// An unknown key as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnknownKeyAt {
    /// The key, with its path.
    pub key: String,
    /// The file it stands in.
    pub file: std::path::PathBuf,
    /// Counted from one; of the key's value.
    pub line: Option<usize>,
    /// Counted from one.
    pub column: Option<usize>,
    /// The known name it may be meant for.
    pub nearest: Option<String>,
}

/// Finds the keys of a config that neither its schema nor the other program's list knows.
pub(super) fn unknown_keys(config: &Value, schema: &Value, foreign: &KeysByPlace) -> Vec<UnknownKey> {
    let mut walk = Walk { root: schema, foreign, path: Vec::new(), found: Vec::new() };
    walk.value(config, &[schema], "");
    walk.found
}

struct Walk<'s> {
    root: &'s Value,
    foreign: &'s KeysByPlace,
    path: Vec<Segment>,
    found: Vec<UnknownKey>,
}

impl<'s> Walk<'s> {
    fn value(&mut self, value: &Value, schemas: &[&'s Value], place: &str) {
        let mut forms = Vec::new();
        schemas.iter().for_each(|schema| self.forms_of(schema, &mut forms));
        match value {
            Value::Object(entries) => self.object(entries, &forms, place),
            Value::Array(elements) => {
                let items: Vec<&Value> = forms.iter().filter_map(|form| form.get("items")).collect();
                let place = format!("{place}[]");
                for (index, element) in elements.iter().enumerate().filter(|_| !items.is_empty()) {
                    self.path.push(index.into());
                    self.value(element, &items, &place);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, entries: &Map<String, Value>, forms: &[&'s Value], place: &str) {
        let known: Vec<&Map<String, Value>> =
            forms.iter().filter_map(|form| form.get("properties")?.as_object()).collect();
        let others: Vec<&Value> = forms
            .iter()
            .filter_map(|form| form.get("additionalProperties"))
            .filter(|it| it.is_object())
            .collect();
        if known.is_empty() && others.is_empty() {
            return;
        }
        let inside = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
        for (key, value) in entries {
            self.path.push(key.as_str().into());
            let named: Vec<&Value> = known.iter().filter_map(|properties| properties.get(key)).collect();
            if !named.is_empty() {
                self.value(value, &named, &inside(key));
            } else if !others.is_empty() {
                self.value(value, &others, &inside("*"));
            } else if key != "$include" && !self.foreign.get(place).is_some_and(|keys| keys.contains(key)) {
                let names = known.iter().flat_map(|properties| properties.keys());
                let nearest = nearest(key, names.map(String::as_str));
                self.found.push(UnknownKey { path: self.path.clone(), nearest });
            }
            self.path.pop();
        }
    }

    /// The schemas a schema stands for, references and alternatives resolved.
    fn forms_of(&self, schema: &'s Value, forms: &mut Vec<&'s Value>) {
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            if let Some(target) = target {
                self.forms_of(target, forms);
            }
        }
        for word in ["allOf", "anyOf", "oneOf"] {
            let parts = schema.get(word).and_then(Value::as_array).into_iter().flatten();
            parts.for_each(|part| self.forms_of(part, forms));
        }
        forms.push(schema);
    }
}

/// The name that is most alike, when one is alike enough.
pub fn nearest<'n>(key: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let alike = |name: &str| strsim::jaro_winkler(&key.to_lowercase(), &name.to_lowercase());
    let best = names.map(|name| (alike(name), name)).max_by(|one, other| one.0.total_cmp(&other.0));
    best.filter(|(alike, _)| *alike >= ALIKE).map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::json_schema::json_schema;
    use super::super::key_path::shown;
    use super::*;

    fn unknown(text: &str) -> Vec<(String, Option<String>)> {
        let foreign = [
            ("", "channels"),
            ("agents.list[]", "workspace"),
            ("models.providers.*", "auth"),
            ("agents.defaults.models.*.params", "transport"),
        ];
        let foreign = foreign.map(|(place, key)| (place.to_owned(), vec![key.to_owned()])).into();
        let value: Value = json5::from_str(text).unwrap();
        let found = unknown_keys(&value, &json_schema(), &foreign);
        found.into_iter().map(|key| (shown(&key.path), key.nearest)).collect()
    }

    #[test]
    fn every_key_that_has_a_use_or_belongs_to_the_other_program_is_known() {
        let text = "{$schema:'x',$include:'y',channels:{any:{thing:1}},env:{A:'1',vars:{B:'2'}},
            agents:{$include:'z',defaults:{model:'m',models:{'a/b':{alias:'x',params:{cacheRetention:'long',transport:1}}}},
                list:[{id:'a',workspace:'w',model:{primary:'m',fallbacks:[]},taskModels:{coding:'c'}}]},
            auth:{order:{x:['x:1']},profiles:{'x:1':{provider:'x'}},cooldowns:{billingBackoffHoursByProvider:{x:1}}},
            models:{providers:{x:{auth:1,apiKey:{source:'env',id:'A'},headers:{'any-name':'x'},models:[{id:'m',cost:{input:1}}]}}},
            secrets:{providers:{f:{source:'file',path:'x',mode:'json'},e:{source:'exec',command:'x',env:{A:'b'}}}}}";
        assert_eq!(unknown(text), []);
    }

    #[test]
    fn a_slip_is_told_with_the_name_it_may_be_meant_for() {
        let text = "{agent:{},agents:{defaults:{modle:'m',models:{'a/b':{parms:{}}}},list:[{id:'a'},{id:'b',Params:{},zzz:1}]},
            models:{providers:{x:{base_url:'u',models:[{id:'m',contextwindow:1}]}}},auth:{cooldowns:{failureHours:2}}}";
        let found = unknown(text);
        let told: Vec<_> = found.iter().map(|(key, near)| (key.as_str(), near.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("agent", Some("agents")),
                ("agents.defaults.modle", Some("model")),
                ("agents.defaults.models[\"a/b\"].parms", Some("params")),
                ("agents.list[1].Params", Some("params")),
                ("agents.list[1].zzz", None),
                ("models.providers.x.base_url", Some("baseUrl")),
                ("models.providers.x.models[0].contextwindow", Some("contextWindow")),
                ("auth.cooldowns.failureHours", Some("failureWindowHours")),
            ]
        );
    }
}

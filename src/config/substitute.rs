//! `${NAME}` in the texts of a config: the variable's value, which must be set. `$${NAME}` is the text `${NAME}`. A key of
//! a provider that is a variable and nothing else stays a reference and is looked up when it is used, so that a provider
//! nobody asks does not need its key.

use serde_json::Value;

use super::key_path::Segment;
use crate::env::Env;

/// Keys whose value may be a reference.
const REFERENCES: [&str; 1] = ["apiKey"];

/// A variable that the config names is not set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    /// The variable.
    pub(super) name: String,
    /// Where it is named.
    pub(super) path: Vec<Segment>,
}

/// Whether there is anything to do in a text.
pub(super) fn is_needed(text: &str) -> bool {
    text.contains("${")
}

/// Puts the values of variables in place.
///
/// # Errors
/// The first variable that is not set; the value is half done then.
pub(super) fn substitute(value: &mut Value, env: &Env) -> Result<(), Missing> {
    walk(value, env, &mut Vec::new())
}

fn walk(value: &mut Value, env: &Env, path: &mut Vec<Segment>) -> Result<(), Missing> {
    match value {
        Value::String(text) if is_needed(text) && !is_reference(text, path) => {
            *text = in_text(text, env).map_err(|name| Missing { name, path: path.clone() })?;
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                path.push(index.into());
                walk(element, env, path)?;
                path.pop();
            }
        }
        Value::Object(entries) => {
            for (key, entry) in entries.iter_mut() {
                path.push(key.as_str().into());
                walk(entry, env, path)?;
                path.pop();
            }
        }
        _ => {}
    }
    Ok(())
}

fn is_reference(text: &str, path: &[Segment]) -> bool {
    let holds_one = matches!(path.last(), Some(Segment::Key(key)) if REFERENCES.contains(&key.as_str()));
    let whole = text.trim();
    let name = whole.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    holds_one && name.is_some_and(|name| name_at_start(name).is_some_and(|found| found == name))
}

/// The text with values for variables, or the name of one that is not set.
fn in_text(text: &str, env: &Env) -> Result<String, String> {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        let name = name_at_start(after).filter(|name| after[name.len()..].starts_with('}'));
        match (name, before.strip_suffix('$')) {
            (Some(name), Some(before)) => {
                result.push_str(before);
                result.extend(["${", name, "}"]);
            }
            (Some(name), None) => {
                result.push_str(before);
                result.push_str(env.get(name).ok_or_else(|| name.to_owned())?);
            }
            // Something else that begins like one.
            (None, _) => {
                result.push_str(before);
                result.push_str("${");
            }
        }
        rest = name.map_or(after, |name| &after[name.len() + 1..]);
    }
    result.push_str(rest);
    Ok(result)
}

/// The name of a variable a text begins with: upper case, digits and underscores.
fn name_at_start(text: &str) -> Option<&str> {
    let is_part = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    let end = text.bytes().position(|b| !is_part(b)).unwrap_or(text.len());
    let name = &text[..end];
    name.bytes().next().is_some_and(|b| !b.is_ascii_digit()).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn env() -> Env {
        Env::from_pairs([("A", "one"), ("B_2", "${A}")])
    }

    #[test]
    fn variables_are_put_in_and_escapes_taken_off() {
        for (text, expected) in [
            ("${A}", "one"),
            ("x${A}y${A}", "xoneyone"),
            ("$${A}", "${A}"),
            ("$$${A}", "$${A}"),
            ("${B_2}", "${A}"),
            ("${a} ${} ${A ${1A} $A {A}", "${a} ${} ${A ${1A} $A {A}"),
            ("é${A}é", "éoneé"),
        ] {
            assert_eq!(in_text(text, &env()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_unset_variable_is_told_with_its_place() {
        let mut value = json!({"agents": {"list": [{"id": "a"}, {"id": "${GONE}"}]}});
        let missing = substitute(&mut value, &env()).unwrap_err();
        assert_eq!(
            (missing.name.as_str(), super::super::key_path::shown(&missing.path)),
            ("GONE", "agents.list[1].id".into())
        );
    }

    #[test]
    fn a_providers_key_stays_a_reference() {
        let mut value = json!({"apiKey": " ${GONE} ", "other": {"apiKey": "x${A}"}});
        substitute(&mut value, &env()).unwrap();
        assert_eq!(value, json!({"apiKey": " ${GONE} ", "other": {"apiKey": "xone"}}));
    }

    proptest! {
        #[test]
        fn a_text_without_variables_stays_and_an_escaped_one_comes_out_as_written(text in "[a-z${}A]{0,12}") {
            let escaped = text.replace("${", "$${");
            if !text.contains("$${") {
                prop_assert_eq!(in_text(&escaped, &Env::default()).map(|it| it.replace("$${", "${")), Ok(text));
            }
        }
    }
}

//! What a change of the config would come to, told before it is made.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Edit, EditError, Paths, Segment, redact, shown};
use crate::clock::Clock;
use crate::env::Env;

/// What a change would come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// Names the texts it was worked out from; see [`Edit::stamp`].
    pub stamp: String,
    /// The files that would be written.
    pub files: Vec<PathBuf>,
    /// What would be different, in the order of the config.
    pub changes: Vec<Difference>,
}

/// A value that would be different. Secrets are masked in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Where it stands.
    pub key: String,
    /// What is there; `None` for nothing.
    pub before: Option<Value>,
    /// What would be there; `None` for nothing.
    pub after: Option<Value>,
}

/// Makes a change on the config as it is now, and writes nothing.
///
/// # Errors
/// Whatever `change` returns, or what reading the config comes to.
pub fn preview<E: From<EditError>>(
    paths: &Paths,
    process: &Env,
    clock: &dyn Clock,
    change: impl FnOnce(&mut Edit) -> Result<(), E>,
) -> Result<Preview, E> {
    let mut edit = Edit::read(paths, process, clock)?;
    let before = edit.value().clone();
    change(&mut edit)?;
    let mut changes = Vec::new();
    compare(&mut Vec::new(), Some(&before), Some(edit.value()), &mut changes);
    let files = edit.files_before().map(|(path, _)| path.to_owned()).collect();
    Ok(Preview { stamp: edit.stamp(), files, changes })
}

impl Edit {
    /// A short name for the texts of all files as they were when they were read.
    pub fn stamp(&self) -> String {
        let mut hash = Sha256::new();
        for text in &self.before {
            hash.update(text.len().to_le_bytes());
            hash.update(text);
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Notes what is different at a place and below it. Lists are told as a whole where their length differs.
fn compare(
    path: &mut Vec<Segment>,
    before: Option<&Value>,
    after: Option<&Value>,
    changes: &mut Vec<Difference>,
) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            let added = new.keys().filter(|key| !old.contains_key(*key));
            for key in old.keys().chain(added) {
                path.push(key.as_str().into());
                compare(path, old.get(key), new.get(key), changes);
                path.pop();
            }
        }
        (Some(Value::Array(old)), Some(Value::Array(new))) if old.iter().chain(new).any(Value::is_object) => {
            for index in 0..old.len().max(new.len()) {
                path.push(index.into());
                compare(path, old.get(index), new.get(index), changes);
                path.pop();
            }
        }
        (before, after) => {
            let masked = |value: Option<&Value>| value.map(|value| redact::redacted(path, value).0);
            changes.push(Difference { key: shown(path), before: masked(before), after: masked(after) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn told(text: &str, change: impl FnOnce(&mut Edit) -> Result<(), EditError>) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        let config = paths.config();
        std::fs::create_dir_all(config.parent().unwrap()).unwrap();
        crate::storage::replace(config, text.as_bytes(), crate::storage::Durability::Cached).unwrap();
        let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
        let preview = preview(&paths, &Env::default(), &clock, change).unwrap();
        assert_eq!(std::fs::read_to_string(config).unwrap(), text);
        let json = |value: &Option<Value>| value.as_ref().map_or("nothing".to_owned(), Value::to_string);
        let line = |it: &Difference| format!("{}: {} -> {}", it.key, json(&it.before), json(&it.after));
        preview.changes.iter().map(line).collect()
    }

    #[test]
    fn what_would_be_different_is_told_by_its_place_and_nothing_is_written() {
        let text = "{ // mine\n  agents: { defaults: { model: { primary: 'a/b', fallbacks: ['c/d'] } }, list: [{ id: 'x' }] } }";
        let set = |edit: &mut Edit| {
            edit.set(&Segment::keys(["agents", "defaults", "model", "primary"]), &"e/f")?;
            edit.set(&Segment::keys(["agents", "defaults", "model", "fallbacks"]), &["g/h", "c/d"])?;
            let mut path = Segment::keys(["agents", "list"]);
            path.extend([0.into(), "model".into()]);
            edit.set(&path, &"i/j")
        };
        assert_eq!(
            told(text, set),
            [
                r#"agents.defaults.model.primary: "a/b" -> "e/f""#,
                r#"agents.defaults.model.fallbacks: ["c/d"] -> ["g/h","c/d"]"#,
                r#"agents.list[0].model: nothing -> "i/j""#,
            ]
        );
    }

    #[test]
    fn what_is_the_same_is_not_told_and_secrets_are_masked() {
        let text = "{ env: { ANTHROPIC_API_KEY: 'sk-ant-api03-sandbox-0000000000000000-x3Qw' } }";
        assert_eq!(told(text, |_| Ok(())), [""; 0]);
        let changed = told(text, |edit| edit.remove(&Segment::keys(["env"])).map(|_| ()));
        assert_eq!(changed, [r#"env: {"ANTHROPIC_API_KEY":"sk-ant-api03 …x3Qw"} -> nothing"#]);
    }
}

//! The config's parser and editor against the test suite of JSON5 (`tests/fixtures/json5-tests`), where a file's ending says
//! what is to happen: `.json` and `.json5` are JSON5, `.js` and `.txt` are not.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fased::config::edit::{Edit, EditError, Segment};
use fased::config::load::{ConfigProblem, parse, parse_value};
use serde_json::Value;

/// A document of the suite.
struct Case {
    name: String,
    text: String,
    is_json5: bool,
}

/// The documents with these endings, those of `todo` included.
fn cases(endings: &[&str]) -> io::Result<Vec<Case>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/json5-tests");
    let mut cases = Vec::new();
    for directory in entries(&root)?.into_iter().filter(|path| path.is_dir()) {
        for path in entries(&directory)? {
            let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
            if endings.contains(&ending) {
                let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
                let is_json5 = ending.starts_with("json");
                cases.push(Case { name, text: fs::read_to_string(&path)?, is_json5 });
            }
        }
    }
    Ok(cases)
}

fn entries(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.map(|entry| entry.map(|it| it.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn all() -> io::Result<Vec<Case>> {
    cases(&["json", "json5", "js", "txt"])
}

fn is_at(problem: &ConfigProblem) -> bool {
    matches!(problem, ConfigProblem::At { .. } | ConfigProblem::TooDeep { .. })
}

#[test]
fn the_suite_is_whole() {
    let count = |ending| cases(&[ending]).unwrap().len();
    assert_eq!([count("json"), count("json5"), count("js"), count("txt")], [25, 57, 6, 25]);
}

#[test]
fn every_document_is_taken_or_refused_as_its_ending_says() {
    for Case { name, text, is_json5 } in all().unwrap() {
        let read = parse_value(&text);
        assert_eq!(read.is_ok(), is_json5, "{name}: {read:?}");
    }
}

#[test]
fn plain_json_means_what_it_means_as_json() {
    for Case { name, text, .. } in cases(&["json"]).unwrap() {
        let (read, json) = (parse_value(&text).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        // A JSON parser may be off by the last bit of a fraction, to be faster.
        let alike = match (read.as_f64(), json.as_f64()) {
            (Some(read), Some(json)) => (read - json).abs() <= f64::EPSILON * json.abs(),
            _ => read == json,
        };
        assert!(alike, "{name}: {read} is not {json}");
    }
}

#[test]
fn only_an_object_is_a_config_and_anything_else_is_said_to_be_none() {
    for Case { name, text, is_json5 } in all().unwrap() {
        let is_object = parse_value(&text).is_ok_and(|value| value.is_object());
        match parse(&text) {
            Ok(_) => assert!(is_object || text.trim().is_empty(), "{name}"),
            Err(problem) if is_json5 => {
                assert!(!is_object && is_at(&problem), "{name}: {problem}");
                assert!(problem.to_string().contains("a config is an object, not "), "{name}: {problem}");
            }
            Err(problem) => assert!(!problem.to_string().is_empty(), "{name}"),
        }
    }
}

#[test]
fn the_editor_reads_the_same_value_or_refuses_with_its_place() {
    let mut refused = Vec::new();
    for Case { name, text, is_json5 } in all().unwrap() {
        // Every document as a value inside of a config; the objects as configs of their own, too.
        let inside = format!("{{ x:\n{text}\n}}");
        let object = parse_value(&text).ok().filter(Value::is_object);
        for (config, path) in [(Some(&inside), vec!["x".into()]), (object.as_ref().map(|_| &text), vec![])] {
            let Some(config) = config else { continue };
            match Edit::of(Path::new("fased.json"), config) {
                Ok(edit) => {
                    assert!(is_json5, "{name}");
                    assert_eq!(edit.get(&path), parse_value(&text).ok().as_ref(), "{name}");
                    assert_eq!(edit.to_text(), *config, "{name}");
                }
                Err(EditError::Form { line, .. }) => {
                    assert!(is_json5 && line > 0, "{name}");
                    refused.push(name.clone());
                }
                Err(error) => assert!(!is_json5, "{name}: {error}"),
            }
        }
    }
    refused.dedup();
    assert_eq!(refused, ["todo/unicode-escaped-unquoted-key.json5"]);
}

#[test]
fn every_document_the_editor_takes_survives_a_change_beside_it() {
    for Case { name, text, .. } in cases(&["json", "json5"]).unwrap() {
        let config = format!("{{ x:\n{text}\n}}");
        let Ok(mut edit) = Edit::of(Path::new("fased.json"), &config) else { continue };
        let path = [Segment::from("agents"), "defaults".into(), "model".into()];
        edit.set(&path, &"anthropic/claude-x").unwrap_or_else(|error| panic!("{name}: {error}"));
        // The document may have got a comma behind it.
        let changed = edit.to_text().replace(',', "");
        assert!(
            text.lines().all(|line| changed.contains(line.replace(',', "").trim_end())),
            "{name}: {changed:?}"
        );
        assert!(edit.remove(&[Segment::from("agents")]).unwrap(), "{name}");
        assert_eq!(parse_value(&edit.to_text()).unwrap()["x"], parse_value(&text).unwrap(), "{name}");
    }
}

//! Reading `fased.json` with all it includes, and the environment it is used with. A file that cannot be read as meant is
//! an error with its place; no command repairs it in passing.

use std::path::Path;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::Paths;
use super::edit;
use super::environment;
use super::json5;
use super::key_path::{Segment, shown};
use super::problem::without_values;
use super::schema::{Config, Variables};
use super::sources::Sources;
use super::substitute::{self, substitute};
use super::typed::{self, Typed};
use crate::env::Env;
use crate::storage;

pub use super::problem::{ConfigError, ConfigProblem};

/// The parts of the file this program has a use for. What else stands there belongs to other programs and is not looked
/// at.
const SECTIONS: [&str; 6] = ["agents", "auth", "env", "gateway", "models", "secrets"];

/// A config, and what it is used with.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// What the file says.
    pub config: Config,
    /// The process's environment, with what `<state>/.env` and the config's `env` add to it.
    pub env: Env,
}

/// Reads the config; a missing file is an empty config.
///
/// # Errors
/// When a file cannot be read or is not a valid config.
pub fn load(paths: &Paths, process: &Env) -> Result<Loaded, ConfigError> {
    let bytes = storage::read_optional(paths.config())?;
    let env = environment::with_dotenv(paths, process)?;
    let Some(bytes) = bytes else {
        return Ok(Loaded { config: Config::default(), env });
    };
    let text = text_of(bytes, paths.config())?;
    of_text(text, |text| Sources::of(paths.config(), text), &env)
}

/// Parses a config from its text alone: it can include nothing and name no variable that must be set. An empty text is
/// an empty config.
///
/// # Errors
/// The first problem, with its place.
pub fn parse(text: &str) -> Result<Config, ConfigProblem> {
    let place = Path::new("");
    match of_text(text.to_owned(), |text| Sources::alone(place, text), &Env::default()) {
        Ok(loaded) => Ok(loaded.config),
        Err(ConfigError::Invalid { problem, .. }) => Err(problem),
        Err(ConfigError::File(error)) => Err(ConfigProblem::of_text(error.to_string())),
    }
}

/// Parses JSON5 of any kind, a config or not, with the rules and limits of a config.
///
/// # Errors
/// The first problem, with its place.
pub fn parse_value(text: &str) -> Result<Value, ConfigProblem> {
    json5::parse_value(json5::bare(text))
}

/// Whether a number of JSON5 stands in a text that JSON has no word for.
pub fn has_number_that_is_none(text: &str) -> bool {
    !edit::numbers_that_are_none(text).is_empty()
}

/// The text of a file.
///
/// # Errors
/// When it is not UTF-8.
pub(super) fn text_of(bytes: Vec<u8>, path: &Path) -> Result<String, ConfigError> {
    let invalid = |_| ConfigError::Invalid { path: path.to_owned(), problem: ConfigProblem::NotText };
    String::from_utf8(bytes).map_err(invalid)
}

fn of_text(
    text: String,
    sources: impl FnOnce(String) -> Result<Sources, ConfigError>,
    env: &Env,
) -> Result<Loaded, ConfigError> {
    // Most configs include nothing and name no variables: these are read in one go. Whatever is wrong with one is told
    // by the longer way, which knows the place.
    if !is_plain(&text) {
        return understand(&sources(text)?, env);
    }
    match json5::parse::<Config>(&text) {
        Ok(config) => {
            let env = environment::with_variables(env, &config.env);
            Ok(Loaded { config, env })
        }
        // Of a key that stands twice the last one counts, by this way and so by every way.
        Err(_) => understand(&sources(text)?, env),
    }
}

/// Whether a text can neither include anything nor name a variable: a `$` in it, also one written as an escape, might.
fn is_plain(text: &str) -> bool {
    !text.contains('$') && !text.contains("\\x24") && !text.contains("\\u0024")
}

/// Makes a config of its files.
///
/// # Errors
/// The first problem, with its place.
pub(super) fn understand(sources: &Sources, env: &Env) -> Result<Loaded, ConfigError> {
    let merged = sources.merged()?;
    let Value::Object(all) = merged.as_ref() else {
        return Err(sources.problem(&[], format!("a config is an object, not {}", kind(&merged))));
    };
    check_numbers(sources)?;
    let ours = all.iter().filter(|(key, _)| SECTIONS.contains(&key.as_str()));
    let mut ours: Map<String, Value> = ours.map(|(key, value)| (key.clone(), value.clone())).collect();
    let env = match ours.get_mut("env") {
        Some(block) => {
            put_in(block, "env", env, sources)?;
            let variables = typed(sources, "env", |_| Variables::deserialize(Typed(block)))?;
            environment::with_variables(env, &variables)
        }
        None => env.clone(),
    };
    for (section, value) in ours.iter_mut().filter(|(section, _)| *section != "env") {
        put_in(value, section, &env, sources)?;
    }
    let config = typed(sources, "", |track| {
        Config::deserialize(serde_path_to_error::Deserializer::new(Typed(&Value::Object(ours)), track))
    })?;
    Ok(Loaded { config, env })
}

/// A number that is none, like `Infinity`, is read as nothing at all, and so would be left out without a word.
fn check_numbers(sources: &Sources) -> Result<(), ConfigError> {
    for (index, source) in sources.files.iter().enumerate() {
        let is_ours = |path: &[Segment]| match path.first() {
            Some(Segment::Key(section)) if index == 0 => SECTIONS.contains(&section.as_str()),
            _ => true,
        };
        let found = edit::numbers_that_are_none(&source.text).into_iter().find(|(path, ..)| is_ours(path));
        if let Some((path, line, column)) = found {
            let (key, message) = (shown(&path), "a number is expected to be one".to_owned());
            let problem = ConfigProblem::At { line, column, key, message };
            return Err(ConfigError::Invalid { path: source.path.clone(), problem });
        }
    }
    Ok(())
}

fn kind(value: &Value) -> &'static str {
    match value {
        // A number that JSON has no word for, like Infinity, is read as null too.
        Value::Null => "a value without content",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn put_in(value: &mut Value, section: &str, env: &Env, sources: &Sources) -> Result<(), ConfigError> {
    substitute(value, env).map_err(|substitute::Missing { name, path }| {
        let path = [&[section.into()], path.as_slice()].concat();
        sources.problem(&path, format!("variable {name} is not set"))
    })
}

/// Gives types to a part of the config; what is wrong is told with its place.
fn typed<T>(
    sources: &Sources,
    section: &str,
    read: impl FnOnce(&mut serde_path_to_error::Track) -> Result<T, typed::Error>,
) -> Result<T, ConfigError> {
    let mut track = serde_path_to_error::Track::new();
    read(&mut track).map_err(|error| {
        let section = Some(section).filter(|section| !section.is_empty()).map(Segment::from);
        let path: Vec<Segment> = section.into_iter().chain(segments(&track.path())).collect();
        sources.problem(&path, without_values(&error.to_string()))
    })
}

fn segments(path: &serde_path_to_error::Path) -> Vec<Segment> {
    use serde_path_to_error::Segment as Step;
    let known = path.iter().filter_map(|step| match step {
        Step::Seq { index } => Some((*index).into()),
        Step::Map { key } | Step::Enum { variant: key } => Some(key.as_str().into()),
        Step::Unknown => None,
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_empty_file_is_an_empty_config() {
        let dir = tempfile::tempdir().unwrap();
        let loaded = load(&Paths::below(dir.path()), &Env::default()).unwrap();
        assert_eq!((loaded.config, loaded.env), (Config::default(), Env::default()));
        for text in ["", " \n", "\u{feff}", "{}", "\u{feff}{}"] {
            assert_eq!(parse(text).unwrap(), Config::default(), "{text:?}");
        }
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        let error = parse("{\n  agents: { list: [ { id: 5 } ] }\n}").unwrap_err();
        assert!(matches!(error, ConfigProblem::At { line: 2, .. }), "{error:?}");
        let error = parse("{\n  a: \n}").unwrap_err();
        assert!(matches!(error, ConfigProblem::At { line: 3, .. }), "{error:?}");
    }

    #[test]
    fn deep_nesting_is_refused_before_the_parser_recurses() {
        let deep = format!("{{x:\n{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(&deep).unwrap_err(), ConfigProblem::TooDeep { line: 2 });
    }

    #[test]
    fn every_end_of_a_line_ends_a_comment() {
        for end in ['\n', '\r', '\u{2028}', '\u{2029}'] {
            let deep = format!("{{ // {end} x:{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
            assert!(matches!(parse(&deep), Err(ConfigProblem::TooDeep { .. })), "{end:?}");
        }
    }

    #[test]
    fn no_message_repeats_a_value() {
        let secret = "sk-ant-api03-FAKE00000000000000000000000000";
        for text in [
            format!("{{auth:{{env:'{secret}'}}}}"),
            "{agents:'hunter2 and \"more\"'}".to_owned(),
            "{auth:{env:'hunter2`, expected `x'}}".to_owned(),
            format!("{{agents:{{list:[{{id:'{secret}é'}}]}}}}"),
        ] {
            let message = parse(&text).unwrap_err().to_string();
            assert!(!message.contains("FAKE") && !message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        let brackets = "[".repeat(500);
        for text in [
            format!("{{ x: '{brackets}' }}"),
            format!("{{ x: \"\\\"{brackets}\" }}"),
            format!("// {brackets}\n{{}}"),
            format!("/* {brackets} */ {{}} // {brackets}"),
        ] {
            parse(&text).unwrap();
        }
    }

    #[test]
    fn a_mistake_is_told_with_the_place_of_the_value_and_its_key() {
        for (text, expected) in [
            ("{\n  agents: { list: [ { id: 5 } ] }\n}", "line 2, column 27: `agents.list[0].id`: "),
            ("{ auth: {\r\n env: 'sometimes' } }", "line 2, column 7: `auth.env`: unknown word"),
            ("// c\n[1]", "line 2, column 1: a config is an object, not a list"),
            ("'x'", "line 1, column 1: a config is an object, not a text"),
            ("0x1F", "a config is an object, not a number"),
            ("false", "a config is an object, not true or false"),
            ("null", "a config is an object, not a value without content"),
            ("{agents:{list:[{}]}}", "`agents.list[0]`: missing field `id`"),
            (
                "{agents:{defaults:{models:{'anthropic/x.1':{params:{cacheRetention:'forever'}}}}}}",
                "`agents.defaults.models[\"anthropic/x.1\"].params.cacheRetention`: unknown word",
            ),
        ] {
            let problem = parse(text).unwrap_err().to_string();
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn a_text_alone_includes_nothing() {
        let problem = parse("{\n  agents: { $include: './agents.json5' } }").unwrap_err().to_string();
        assert!(
            problem.contains("line 2, column 23: `agents.$include`: a text alone can include nothing"),
            "{problem}"
        );
    }

    fn with(text: &str, pairs: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        let place = Path::new("/c.json");
        of_text(text.to_owned(), |text| Sources::alone(place, text), &Env::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn variables_are_put_in_where_they_are_used_and_their_value_is_never_repeated() {
        let text =
            "{env:{A:'${B}x',C:'c'},agents:{defaults:{model:'anthropic/${A}-${C}'}},channels:{x:'${GONE}'}}";
        let loaded = with(text, &[("B", "b")]).unwrap();
        assert_eq!(loaded.config.agents.defaults.model.unwrap().primary.as_deref(), Some("anthropic/bx-c"));
        assert_eq!(loaded.env.get("A"), Some("bx"));
        let error = with("{\n auth:{env:'${B}'}}", &[("B", "hunter2")]).unwrap_err().to_string();
        assert!(error.contains("line 2, column 12: `auth.env`") && !error.contains("hunter2"), "{error}");
        let error = with("{agents:{\n  defaults:{model:'${GONE}'}}}", &[]).unwrap_err().to_string();
        assert!(
            error.contains("line 2, column 19: `agents.defaults.model`: variable GONE is not set"),
            "{error}"
        );
    }

    #[test]
    fn a_sign_written_as_an_escape_is_read_like_the_sign() {
        for text in [
            r"{auth:{env:'\x24{B}'}}",
            r"{auth:{env:'\u0024{B}'}}",
            r"{auth:{env:'\${B}'}}",
            "{auth:{env:'$\\\n{B}'}}",
        ] {
            let loaded = with(text, &[("B", "never")]).unwrap();
            assert_eq!(loaded.config.auth.env, crate::config::schema::EnvPolicy::Never, "{text}");
        }
    }

    #[test]
    fn the_order_of_profiles_survives_variables() {
        let text = "{auth:{profiles:{'b:${X}':{provider:'${X}'},'a:1':{provider:'a'}}}}";
        let loaded = with(text, &[("X", "b")]).unwrap();
        assert_eq!(loaded.config.auth.profiles.keys().collect::<Vec<_>>(), ["b:${X}", "a:1"]);
    }

    #[test]
    fn a_list_is_no_object_by_either_way_to_a_config() {
        for text in ["{agents:[{},[]]}", "{agents:{list:[['a']]}}", "{auth:{cooldowns:[1]}}"] {
            parse(text).unwrap_err();
            let variables = format!("{{env:{{A:'${{A}}'}},{}", &text[1..]);
            with(&variables, &[("A", "a")]).unwrap_err();
        }
    }

    #[test]
    fn a_key_that_stands_twice_counts_the_last_time_by_every_way() {
        for rest in ["", ",$schema:'x'", ",env:{A:'${A}'}"] {
            let text = format!("{{auth:{{env:'x'}},auth:{{env:'never'}}{rest}}}");
            let loaded = with(&text, &[("A", "a")]).unwrap();
            assert_eq!(loaded.config.auth.env, crate::config::schema::EnvPolicy::Never, "{text}");
        }
    }

    #[test]
    fn a_number_that_is_none_is_refused_where_it_is_read_and_passed_over_elsewhere() {
        for rest in ["", ",$schema:'x'"] {
            let text = |value: &str| {
                format!("{{agents:{{list:[{{id:'a',params:{{temperature:{value}}}}}]}}{rest}}}")
            };
            let problem = with(&text("-Infinity"), &[]).unwrap_err().to_string();
            assert!(
                problem.contains("`agents.list[0].params.temperature`: a number is expected"),
                "{problem}"
            );
            with(&format!("{{channels:{{x:NaN}}{rest}}}"), &[]).unwrap();
        }
    }
}

//! The environment a config is used with: the process's variables, then those of `<state>/.env`, then those of the
//! config's `env`. Nothing that is set is ever overridden, and what says where things are or what programs run is the
//! process's alone.

use super::Paths;
use super::schema::Variables;
use crate::env::{Env, Origin};
use crate::storage::{self, FileError};

/// Variables and beginnings of variables that a file may not set: they choose what runs, or where this file is.
const RESERVED: [&str; 3] = ["PATH", "HOME", "SHELL"];
const RESERVED_BEGINNINGS: [&str; 3] = ["FASED_", "LD_", "DYLD_"];

/// Whether a variable may come from the process alone.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || RESERVED_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// The process's environment and what `<state>/.env` adds to it.
///
/// # Errors
/// When that file is there and cannot be read.
pub(super) fn with_dotenv(paths: &Paths, process: &Env) -> Result<Env, FileError> {
    let bytes = storage::read_optional(&paths.dotenv())?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    Ok(process.and(Origin::DotEnv, dotenv(&text).filter(|(name, _)| !is_reserved(name))))
}

/// The same with what the config's `env` adds.
pub(super) fn with_variables(env: &Env, variables: &Variables) -> Env {
    let pairs = variables.iter().filter(|(name, _)| !is_reserved(name));
    env.and(Origin::Config, pairs.map(|(name, value)| (name.to_owned(), value.expose().to_owned())))
}

/// Names and values of a `.env` file: `NAME=value`, also behind `export`, with comments, and quotes around values that
/// need them. A line that is none of these is passed over. Crates for this put variables of the process into values,
/// which nobody here may look at.
fn dotenv(text: &str) -> impl Iterator<Item = (String, String)> {
    text.lines().filter_map(|line| {
        let line = line.trim_start_matches('\u{feff}').trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let (name, value) = line.split_once('=')?;
        let name = name.trim_end();
        let well_formed = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && name.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        well_formed.then(|| (name.to_owned(), value_of(value.trim())))
    })
}

fn value_of(text: &str) -> String {
    let quoted = |quote: char| {
        let inside = text.strip_prefix(quote)?;
        inside.find(quote).map(|end| &inside[..end])
    };
    if let Some(inside) = quoted('\'').or_else(|| quoted('`')) {
        return inside.to_owned();
    }
    if let Some(inside) = quoted('"') {
        return inside.replace("\\n", "\n").replace("\\r", "\r");
    }
    let end = text.find(" #").unwrap_or(text.len());
    let plain = if text.starts_with('#') { "" } else { &text[..end] };
    plain.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_common_form_are_read() {
        let text = "\u{feff}A=1\n# B=2\nexport C = three \n D='# not a remark' # a remark\nE=\"two\\nlines\"\r\nF=x # y\nG=x#y\nH=#\n\
                    I=\n2J=x\nK L=x\nno sign\nM=a=b\n";
        let read: Vec<_> = dotenv(text).collect();
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            read,
            [
                ("A", "1"),
                ("C", "three"),
                ("D", "# not a remark"),
                ("E", "two\nlines"),
                ("F", "x"),
                ("G", "x#y"),
                ("H", ""),
                ("I", ""),
                ("M", "a=b"),
            ]
        );
    }

    #[test]
    fn files_add_what_is_unset_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::below(dir.path());
        crate::storage::create_private_dir(paths.state()).unwrap();
        let text = b"A=file\nB=file\nPATH=/evil\nFASED_STATE_DIR=/evil\nLD_PRELOAD=/evil\n";
        crate::storage::replace(&paths.dotenv(), text, crate::storage::Durability::Cached).unwrap();
        let process = Env::from_pairs([("A", "process")]);
        let env = with_dotenv(&paths, &process).unwrap();
        let config = crate::config::load::parse("{env:{A:'c',B:'c',C:'c',HOME:'/evil'}}").unwrap();
        let env = with_variables(&env, &config.env);
        let shown = |name| (env.get(name), env.origin(name));
        assert_eq!(shown("A"), (Some("process"), Some(Origin::Process)));
        assert_eq!(shown("B"), (Some("file"), Some(Origin::DotEnv)));
        assert_eq!(shown("C"), (Some("c"), Some(Origin::Config)));
        for name in ["PATH", "HOME", "FASED_STATE_DIR", "LD_PRELOAD"] {
            assert_eq!(shown(name), (None, None), "{name}");
        }
    }
}

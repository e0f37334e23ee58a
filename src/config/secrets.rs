//! `secrets.providers`: named places outside the store that references lead to. What a reference's id means at such a
//! place is decided where references are followed.

use std::time::Duration;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::secret::Secret;

/// How long a program may take when the config does not say.
const USUAL_LIMIT: Duration = Duration::from_secs(10);
/// Longest time a config may give a program.
const LONGEST_LIMIT_MS: u64 = 600_000;

/// `secrets`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Secrets {
    /// Places by name.
    pub providers: IndexMap<String, SecretProvider>,
}

/// An entry of `secrets.providers`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(tag = "source", rename_all = "lowercase")]
pub enum SecretProvider {
    /// Environment variables.
    Env,
    /// A file.
    File(SecretFile),
    /// A program that prints the secret.
    Exec(SecretProgram),
    /// A kind of place this version does not know; a problem only of those who refer to it.
    #[serde(other)]
    Unknown,
}

impl SecretProvider {
    /// Its kind, as references name it.
    pub fn source(&self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::File(_) => "file",
            Self::Exec(_) => "exec",
            Self::Unknown => "unknown",
        }
    }
}

/// A file with secrets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct SecretFile {
    /// Where it is; `~` is the home directory, and a relative path begins at the state directory.
    pub path: String,
    /// What it holds.
    #[serde(default)]
    pub mode: FileMode,
}

/// What a file with secrets holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FileMode {
    /// JSON, in which ids are pointers.
    #[default]
    Json,
    /// One secret and nothing else.
    SingleValue,
}

/// A program that prints secrets.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "ProgramEntry")]
pub struct SecretProgram {
    /// The program: a path, or a name to be found on `PATH`.
    pub program: String,
    /// Its arguments, handed over as they are; no shell reads them.
    pub args: Vec<String>,
    /// How long it may take.
    pub timeout: Duration,
    /// Variables of our environment it gets besides the usual ones.
    pub pass_env: Vec<String>,
    /// Variables set for it alone.
    pub env: IndexMap<String, Secret>,
    /// Whether only an answer in JSON is taken.
    pub json_only: bool,
}

/// The entry as it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ProgramEntry {
    command: CommandLine,
    #[serde(default)]
    args: Vec<String>,
    timeout_ms: Option<u64>,
    #[serde(default)]
    pass_env: Vec<String>,
    #[serde(default)]
    env: IndexMap<String, Secret>,
    #[serde(default)]
    json_only: bool,
}

/// A program alone, or with arguments.
#[derive(Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a command like [\"pass\", \"show\", \"claude\"] or \"/usr/local/bin/resolver\""
)]
enum CommandLine {
    Program(String),
    Words(Vec<String>),
}

impl TryFrom<ProgramEntry> for SecretProgram {
    type Error = String;

    fn try_from(entry: ProgramEntry) -> Result<Self, String> {
        let mut words = match entry.command {
            CommandLine::Program(program) => vec![program],
            CommandLine::Words(words) => words,
        };
        words.extend(entry.args);
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.trim().is_empty());
        let timeout = match entry.timeout_ms {
            None => USUAL_LIMIT,
            Some(ms @ 1..=LONGEST_LIMIT_MS) => Duration::from_millis(ms),
            Some(_) => return Err(format!("`timeoutMs` is not between 1 and {LONGEST_LIMIT_MS}")),
        };
        Ok(Self {
            program: program.ok_or("`command` names no program")?,
            args: words.collect(),
            timeout,
            pass_env: entry.pass_env,
            env: entry.env,
            json_only: entry.json_only,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load::parse;

    fn provider(text: &str) -> SecretProvider {
        let config = parse(&format!("{{secrets:{{providers:{{it:{text}}}}}}}"));
        config.unwrap().secrets.providers.swap_remove("it").unwrap()
    }

    fn refusal(text: &str) -> String {
        parse(&format!("{{secrets:{{providers:{{it:{text}}}}}}}")).unwrap_err().to_string()
    }

    fn program(text: &str) -> SecretProgram {
        match provider(text) {
            SecretProvider::Exec(program) => program,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_kind_of_place_is_read() {
        assert_eq!(provider("{source:'env',allowlist:['A']}"), SecretProvider::Env);
        let file = |mode| SecretProvider::File(SecretFile { path: "~/s.json".into(), mode });
        assert_eq!(provider("{source:'file',path:'~/s.json'}"), file(FileMode::Json));
        assert_eq!(
            provider("{source:'file',path:'~/s.json',mode:'singleValue',maxBytes:5}"),
            file(FileMode::SingleValue)
        );
        assert_eq!(provider("{source:'keychain',x:{y:1}}"), SecretProvider::Unknown);
    }

    #[test]
    fn a_command_is_a_list_of_words_or_a_program_with_args() {
        let one = program("{source:'exec',command:['pass','show','claude']}");
        let other = program("{source:'exec',command:'pass',args:['show','claude'],allowSymlinkCommand:true}");
        assert_eq!(one, other);
        assert_eq!((one.program.as_str(), one.args.len(), one.timeout), ("pass", 2, USUAL_LIMIT));
        let all = program(
            "{source:'exec',command:['x'],timeoutMs:250,passEnv:['VAULT_ADDR'],env:{A:'b'},jsonOnly:true}",
        );
        assert_eq!((all.timeout, all.json_only), (Duration::from_millis(250), true));
        assert_eq!((all.pass_env, all.env["A"].clone()), (vec!["VAULT_ADDR".into()], Secret::new("b")));
    }

    #[test]
    fn what_cannot_be_a_place_is_refused_with_a_word_on_it() {
        for (text, word) in [
            ("{source:'file'}", "path"),
            ("{source:'file',path:'x',mode:'yaml'}", "singleValue"),
            ("{source:'exec'}", "command"),
            ("{source:'exec',command:[]}", "names no program"),
            ("{source:'exec',command:' '}", "names no program"),
            ("{source:'exec',command:7}", "a command like"),
            ("{source:'exec',command:'x',timeoutMs:0}", "timeoutMs"),
            ("{source:'exec',command:'x',timeoutMs:600001}", "timeoutMs"),
            ("{path:'x'}", "source"),
        ] {
            let error = refusal(text);
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}

//! What may follow on a command line that is being typed. The commands and flags are those of the command line's types;
//! values that only this machine knows, like profiles and sessions, come from [`known`]. Which kind of value an argument
//! takes is told by its value name. How a shell asks, and what it makes of the answer, is in `completions/`.

pub mod known;

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use clap::builder::StyledStr;
use clap_complete::engine::{self, ArgValueCompleter, CompletionCandidate};

use known::{Kind, Known, Suggestion};

/// The words of a command line up to the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    words: Vec<OsString>,
}

impl Line {
    /// The program's name and what follows it; the last word is the one being typed and may be empty. What stands before
    /// the program's name, like `FASED_STATE_DIR=/tmp/state`, is the shell's.
    pub fn new(words: impl IntoIterator<Item = OsString>) -> Self {
        let is_assignment = |word: &OsString| word.to_str().is_some_and(|word| word.contains('='));
        let words: Vec<OsString> = words.into_iter().skip_while(is_assignment).collect();
        Self { words: if words.len() < 2 { vec!["fased".into(), OsString::new()] } else { words } }
    }

    /// The value of a flag that has been typed in full before the cursor.
    pub fn value_of(&self, flag: &str) -> Option<&str> {
        let finished = &self.words[..self.words.len() - 1];
        let texts: Vec<&str> = finished.iter().filter_map(|word| word.to_str()).collect();
        let apart = texts.windows(2).rev().find_map(|pair| (pair[0] == flag).then_some(pair[1]));
        let joined = || texts.iter().rev().find_map(|word| word.strip_prefix(flag)?.strip_prefix('='));
        apart.or_else(joined)
    }

    /// The word that is being typed.
    fn current(&self) -> &OsStr {
        // There are two words at least.
        self.words.last().map_or(OsStr::new(""), OsString::as_os_str)
    }
}

/// What may stand at the cursor: values and commands, and flags where a dash was typed or nothing else fits.
pub fn suggestions(command: clap::Command, line: &Line, known: Known) -> Vec<Suggestion> {
    let known = Arc::new(known);
    let mut command = with_values(command, &known);
    let index = line.words.len() - 1;
    let here = std::path::Path::new(".");
    // The engine answers with an error where nothing fits.
    let found = engine::complete(&mut command, line.words.clone(), index, Some(here)).unwrap_or_default();
    let mut found: Vec<Suggestion> = found.iter().map(suggestion).collect();
    let is_flag = |suggestion: &Suggestion| suggestion.value.starts_with('-');
    if line.current().is_empty() && !found.iter().all(is_flag) {
        found.retain(|suggestion| !is_flag(suggestion));
    }
    found
}

/// Gives every argument whose value name is that of a kind the values of this machine.
fn with_values(command: clap::Command, known: &Arc<Known>) -> clap::Command {
    let of = |argument: clap::Arg| match kind_of(&argument) {
        None => argument,
        Some(kind) => {
            let known = known.clone();
            argument.add(ArgValueCompleter::new(move |current: &OsStr| {
                let Some(begun) = current.to_str() else { return Vec::new() };
                known.values(kind, begun).into_iter().map(candidate).collect::<Vec<_>>()
            }))
        }
    };
    command.mut_args(of).mut_subcommands(|below| with_values(below, known))
}

/// The kind of value an argument takes.
pub fn kind_of(argument: &clap::Arg) -> Option<Kind> {
    let [name] = argument.get_value_names()? else { return None };
    Kind::of_value_name(name)
}

fn candidate(suggestion: Suggestion) -> CompletionCandidate {
    CompletionCandidate::new(suggestion.value).help(suggestion.about.map(StyledStr::from))
}

fn suggestion(candidate: &CompletionCandidate) -> Suggestion {
    let about = candidate.get_help().map(ToString::to_string);
    // A list has a line for each; what is meant without the flag is told by --help.
    let short = |about: String| {
        let line = about.lines().next().unwrap_or_default();
        line.split(" [default").next().unwrap_or_default().to_owned()
    };
    Suggestion { value: candidate.get_value().to_string_lossy().into_owned(), about: about.map(short) }
}

#[cfg(test)]
mod tests;

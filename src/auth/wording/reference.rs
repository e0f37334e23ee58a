//! What mends a reference that leads nowhere. Most of it is done at the place it leads to, where no command of ours
//! reaches.

use super::Fix;
use crate::auth::reference::{BrokenReference, FileProblem, ProgramProblem};
use crate::text::{one_line, without_credentials};

/// What mends it.
pub fn reference_fix(broken: &BrokenReference) -> Fix {
    let setting = |provider: &str, name: &str| {
        format!("secrets.providers.{}.{name} in the config", without_credentials(&one_line(provider)))
    };
    Fix::advise(match broken {
        BrokenReference::VariableUnset(name) => format!("set {} where fased is started", one_line(name)),
        BrokenReference::UnknownSource(_) => "store the credential anew, or a reference that can be read".to_owned(),
        BrokenReference::NoProvider { source_kind, provider } => {
            let entry = match source_kind.as_str() {
                "file" => "{ source: \"file\", path: \"…\" }",
                "exec" => "{ source: \"exec\", command: [\"…\"] }",
                _ => "{ source: \"env\" }",
            };
            let provider = without_credentials(&one_line(provider));
            format!("add it to the config: secrets: {{ providers: {{ \"{provider}\": {entry} }} }}")
        }
        BrokenReference::OtherSource { provider, .. } => {
            format!("correct {}, or store the reference anew", setting(provider, "source"))
        }
        BrokenReference::BadId(_) => "store the reference anew with such an id".to_owned(),
        BrokenReference::File { provider, problem, .. } => match problem {
            FileProblem::Absent => format!("put it there, or correct {}", setting(provider, "path")),
            FileProblem::NotRegular | FileProblem::TooLarge | FileProblem::NotText => {
                format!("correct {}", setting(provider, "path"))
            }
            FileProblem::NotJson { .. } => {
                format!("correct the file, or set {} to \"singleValue\"", setting(provider, "mode"))
            }
            FileProblem::Unreadable(_) => "check who owns it and its mode".to_owned(),
            FileProblem::Nothing(_) | FileProblem::NoText(_) => {
                "put the secret there as a text, or store the reference anew with the right pointer".to_owned()
            }
        },
        BrokenReference::Program { provider, problem, .. } => match problem {
            ProgramProblem::NotStarted(_) => format!("correct {}", setting(provider, "command")),
            ProgramProblem::TimedOut(_) => {
                format!("run it by hand to see what it waits for, or raise {}", setting(provider, "timeoutMs"))
            }
            ProgramProblem::Failed { .. } => "run it by hand to see what it says".to_owned(),
            ProgramProblem::NoValue => "check the id, and what the program knows of it".to_owned(),
            ProgramProblem::NotJson => format!("correct the program, or {}", setting(provider, "jsonOnly")),
            ProgramProblem::TooMuch
            | ProgramProblem::Silent
            | ProgramProblem::NotOneWord
            | ProgramProblem::UnknownAnswer => {
                "run it by hand; it must print the secret alone, or {\"protocolVersion\": 1, \"values\": {\"<id>\": \"<secret>\"}}"
                    .to_owned()
            }
        },
        BrokenReference::Neighbour(_) => "mend what it refers to, or store another credential".to_owned(),
        BrokenReference::NoCredential(_) => "put one credential there and nothing else".to_owned(),
        BrokenReference::CannotSend { .. } => "put an API key there".to_owned(),
    })
}

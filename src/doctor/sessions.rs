//! The sessions of every agent: transcripts that cannot be continued, that a crash tore, that others can read.

use std::path::PathBuf;

use super::files::{YOUNG, age};
use super::repair::Repair;
use super::{Finding, Patient, Severity, named};
use crate::auth::wording::Fix;
use crate::config::SelectedAgent;
use crate::sessions::{Examined, SessionError, SessionsDir};
use crate::storage::{self, Exposure};
use crate::text::{capitalised, shell_word};

pub(super) fn look(patient: &Patient<'_>, agents: &[SelectedAgent], findings: &mut Vec<Finding>) {
    for agent in agents {
        let sessions = SessionsDir::of(&agent.id, patient.paths);
        let mut found = Vec::new();
        match sessions.examine() {
            Ok(examined) => {
                found.extend(exposed(patient, &sessions, &examined));
                found.extend(examined.iter().filter_map(|it| trouble(patient, agent, it)));
            }
            Err(error) => {
                let (_, word) = named(patient, sessions.path());
                found.push(unreadable(&error, Fix::run([format!("ls -ld {word}")])));
            }
        }
        findings.extend(found.into_iter().map(|finding| finding.of(agent)));
    }
}

/// All that others can read, as one finding.
fn exposed(patient: &Patient<'_>, sessions: &SessionsDir, examined: &[Examined]) -> Option<Finding> {
    let is_open = |path: &PathBuf| storage::exposure_of(path) == Exposure::OpenToOthers;
    let transcripts = examined.iter().map(|it| it.path.clone());
    let files: Vec<PathBuf> = transcripts.chain([sessions.index()]).filter(is_open).collect();
    let directory = Some(sessions.path().to_owned()).filter(is_open);
    if files.is_empty() && directory.is_none() {
        return None;
    }
    let (shown, word) = named(patient, sessions.path());
    let message = match files.len() {
        0 => format!("Other users can enter {shown}, where conversations are."),
        1 => {
            format!("Other users can read {}, which tells of conversations.", patient.paths.shown(&files[0]))
        }
        many => format!("Other users can read {many} files of conversations in {shown}."),
    };
    let commands = directory.iter().map(|_| format!("chmod 700 {word}"));
    let of_files = (!files.is_empty()).then(|| format!("chmod 600 {word}/*.json*"));
    let fix = Fix::run(commands.chain(of_files));
    let mut finding = Finding::new("sessions-open-to-others", Severity::Problem, message, fix);
    for (path, is_directory) in
        directory.into_iter().map(|path| (path, true)).chain(files.into_iter().map(|path| (path, false)))
    {
        finding = finding.mended_by(Repair::MakePrivate { path, is_directory });
    }
    Some(finding)
}

/// What keeps a session from being continued, or will be cut when it is.
fn trouble(patient: &Patient<'_>, agent: &SelectedAgent, examined: &Examined) -> Option<Finding> {
    let (shown, word) = named(patient, &examined.path);
    let set_aside = |advice: &str| Fix {
        advice: Some(advice.to_owned()),
        ..Fix::run([format!("mv {word} {word}.broken")])
    };
    match &examined.is_torn {
        // A line that is being written looks the same.
        Ok(true) if age(patient, &examined.path).is_some_and(|age| age >= YOUNG) => {
            let message =
                format!("The last line of {shown} was torn by a crash; going on with the session cuts it.");
            let id = shell_word(examined.id.as_str());
            let go_on = Fix::run([format!("fased chat --session {id}{}", agent.flag())]);
            Some(Finding::new("session-torn", Severity::Note, message, go_on))
        }
        Ok(_) => None,
        Err(SessionError::Unreadable { line, .. }) => {
            let message = format!("Line {line} of {shown} cannot be read, so the session is not continued.");
            let fix = set_aside("mend that line, or set the transcript aside");
            Some(Finding::new("session-unreadable", Severity::Warning, message, fix))
        }
        Err(SessionError::NewerVersion { version, .. }) => {
            let message = format!("{shown} has version {version}, which is newer than this program.");
            let fix = set_aside("use the program that wrote it, or set the transcript aside");
            Some(Finding::new("session-newer-version", Severity::Warning, message, fix))
        }
        Err(error) => Some(unreadable(error, Fix::run([format!("ls -l {word}")]))),
    }
}

fn unreadable(error: &SessionError, fix: Fix) -> Finding {
    let message = format!("{}.", capitalised(&error.to_string()));
    Finding::new("session-unreadable", Severity::Warning, message, fix)
}

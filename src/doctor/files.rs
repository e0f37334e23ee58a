//! Files and directories: who can read them, what interrupted writes and dead programs left, times that cannot be.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;

use super::repair::Repair;
use super::{Finding, Patient, Severity, named, secret_files};
use crate::auth::oauth::journal::Journal;
use crate::auth::wording::Fix;
use crate::config::SelectedAgent;
use crate::storage::{self, Exposure, ForeignLock};
use crate::text::duration;

/// A file younger than this may still be somebody's.
const YOUNG: Duration = Duration::from_secs(60);
/// A time this far ahead is no rounding.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn look(patient: &Patient<'_>, agents: &[SelectedAgent], findings: &mut Vec<Finding>) {
    permissions(patient, agents, findings);
    let directories = directories(patient, agents);
    for directory in &directories {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            leftovers(patient, &path, findings);
        }
    }
    for agent in agents {
        journals(agent, findings);
    }
    unreadable(patient, agents, findings);
    if let Some(finding) = from_the_future(patient, agents) {
        findings.push(finding);
    }
}

/// The directories in which this program and the other one write.
fn directories(patient: &Patient<'_>, agents: &[SelectedAgent]) -> Vec<PathBuf> {
    let paths = patient.paths;
    let of_config = paths.config().parent().map(Path::to_owned);
    let mut all: Vec<PathBuf> =
        [paths.state().to_owned(), paths.locks()].into_iter().chain(of_config).collect();
    all.extend(agents.iter().map(|agent| agent.dir.clone()));
    let mut seen = std::collections::HashSet::new();
    all.retain(|directory| seen.insert(directory.clone()));
    all
}

fn permissions(patient: &Patient<'_>, agents: &[SelectedAgent], findings: &mut Vec<Finding>) {
    let directories =
        [patient.paths.state().to_owned()].into_iter().chain(agents.iter().map(|it| it.dir.clone()));
    for directory in directories {
        if storage::exposure_of(&directory) == Exposure::OpenToOthers {
            let (shown, word) = named(patient, &directory);
            let message = format!("Other users can enter {shown}.");
            let finding = Finding::new(
                "directory-open-to-others",
                Severity::Warning,
                message,
                Fix::run([format!("chmod 700 {word}")]),
            );
            findings.push(finding.mended_by(Repair::MakePrivate { path: directory, is_directory: true }));
        }
    }
    for file in secret_files(patient.paths, agents) {
        let (shown, word) = named(patient, &file);
        match storage::exposure_of(&file) {
            Exposure::OpenToOthers => {
                let message = format!("Other users can read {shown}, which may hold secrets.");
                let fix = Fix::run([format!("chmod 600 {word}")]);
                let finding = Finding::new("file-open-to-others", Severity::Problem, message, fix);
                findings.push(finding.mended_by(Repair::MakePrivate { path: file, is_directory: false }));
            }
            Exposure::Symlink if file != *patient.paths.config() => {
                let message =
                    format!("{shown} is a symbolic link, which is refused for files of credentials.");
                let fix = Fix::run([format!("cp --remove-destination \"$(readlink -f {word})\" {word}")]);
                findings.push(Finding::new("store-symlink", Severity::Problem, message, fix));
            }
            Exposure::Absent | Exposure::Private | Exposure::Symlink => {}
        }
    }
}

/// Files of ours that are no JSON, besides the config and the stores, which are looked at by those who read them.
fn unreadable(patient: &Patient<'_>, agents: &[SelectedAgent], findings: &mut Vec<Finding>) {
    const OF_AGENTS: [&str; 3] = ["auth-state.json", "exports.json", "minted-tokens.json"];
    let of_agents = agents.iter().flat_map(|agent| OF_AGENTS.map(|name| agent.dir.join(name)));
    for file in [patient.paths.notices()].into_iter().chain(of_agents) {
        let problem = match storage::read_optional(&file) {
            Ok(None) => continue,
            Ok(Some(bytes)) => match serde_json::from_slice::<serde::de::IgnoredAny>(&bytes) {
                Ok(_) => continue,
                Err(error) => format!("is no JSON (line {}, column {})", error.line(), error.column()),
            },
            Err(error) => format!("cannot be read: {error}"),
        };
        let (shown, word) = named(patient, &file);
        let message =
            format!("{shown} {problem}; it holds nothing that cannot be found out or written again.");
        let fix = Fix::run([format!("mv {word} {word}.broken")]);
        findings.push(Finding::new("file-unreadable", Severity::Warning, message, fix));
    }
}

fn leftovers(patient: &Patient<'_>, path: &Path, findings: &mut Vec<Finding>) {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return };
    let (shown, word) = named(patient, path);
    let remove = Fix::run([format!("rm {word}")]);
    if let Some(target) = name.strip_suffix(".tmp") {
        let is_young = age(patient, path).is_some_and(|age| age < YOUNG);
        if !is_young && is_ours(target) {
            let message =
                format!("{shown} is left of a write that was interrupted; {target} itself is whole.");
            let finding = Finding::new("leftover-temporary-file", Severity::Warning, message, remove);
            findings.push(finding.mended_by(Repair::RemoveLeftover { path: path.to_owned() }));
        }
    } else if let Some(target) = name.strip_suffix(".json.lock") {
        let message = match storage::foreign_lock(path, patient.now) {
            ForeignLock::Held => return,
            ForeignLock::Dead { pid } => {
                format!("{shown} is a lock of the TypeScript program, whose process {pid} is gone.")
            }
            ForeignLock::Stale => {
                format!("{shown} is a lock of the TypeScript program that nobody has renewed.")
            }
        };
        let fix = Fix { advice: Some(format!("see that it is not writing {target}.json first")), ..remove };
        findings.push(Finding::new("foreign-lock-left", Severity::Warning, message, fix));
    } else if name.contains(".bad-") {
        let message = format!("{shown} was set aside because it could not be read.");
        let fix = Fix { advice: Some("look what is in it first".to_owned()), ..remove };
        findings.push(Finding::new("file-set-aside", Severity::Note, message, fix));
    }
}

/// Files that are replaced by way of a temporary one.
fn is_ours(name: &str) -> bool {
    name.ends_with(".json") || name.ends_with(".json5") || name == ".env"
}

fn age(patient: &Patient<'_>, path: &Path) -> Option<Duration> {
    let written = std::fs::metadata(path).ok()?.modified().ok()?;
    SystemTime::from(patient.now).duration_since(written).ok()
}

/// Refreshes that were begun and not ended.
fn journals(agent: &SelectedAgent, findings: &mut Vec<Finding>) {
    for (_, journal) in Journal::all_in(&agent.dir) {
        let Ok(Some(entry)) = journal.read() else { continue };
        if crate::storage::platform::process_is_running(entry.intent.pid) == Some(true) {
            continue;
        }
        let id = &entry.intent.profile_id;
        let flag = agent.flag();
        let message = match entry.pair {
            Some(_) => format!(
                "A new pair for {id} arrived and is not in the store yet; the next use puts it there."
            ),
            None => format!("A refresh of {id} was interrupted; the next use finds out what came of it."),
        };
        let fix = Fix::run([format!("fased models status --probe --probe-profile {id}{flag}")]);
        findings.push(Finding::new("refresh-interrupted", Severity::Warning, message, fix).of(agent));
    }
}

/// Files written later than now: this machine's clock is behind, or was ahead.
fn from_the_future(patient: &Patient<'_>, agents: &[SelectedAgent]) -> Option<Finding> {
    let of_agents = agents
        .iter()
        .flat_map(|agent| ["auth-profiles.json", "auth-state.json"].map(|name| agent.dir.join(name)));
    let files = [patient.paths.config().to_owned()].into_iter().chain(of_agents);
    let ahead = files.filter_map(|file| {
        let written = std::fs::metadata(&file).ok()?.modified().ok()?;
        let ahead = jiff::Timestamp::try_from(written).ok()?.duration_since(patient.now);
        (ahead > AHEAD).then_some((ahead, file))
    });
    let (ahead, file) = ahead.max_by_key(|(ahead, _)| *ahead)?;
    let message = format!(
        "{} was written {} from now: this machine's clock is wrong, or was. Expiry and cooldowns depend on it.",
        patient.paths.shown(&file),
        duration(ahead)
    );
    Some(Finding::new("clock-skew", Severity::Warning, message, Fix::run(["timedatectl status".to_owned()])))
}

//! Files and directories: who can read them, what interrupted writes and dead programs left, times that cannot be.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;

use super::repair::{self, Repair};
use super::{Finding, Patient, Severity, named, secret_files};
use crate::auth::oauth::journal::Journal;
use crate::auth::wording::Fix;
use crate::config::SelectedAgent;
use crate::sessions::SessionsDir;
use crate::storage::{self, Exposure, ForeignLock};
use crate::text::duration;

/// A file younger than this may still be somebody's.
pub(super) const YOUNG: Duration = Duration::from_secs(60);
/// A time this far ahead is no rounding.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// `included` are the files the config includes.
pub(super) fn look(
    patient: &Patient<'_>,
    agents: &[SelectedAgent],
    included: &[PathBuf],
    findings: &mut Vec<Finding>,
) {
    permissions(patient, agents, included, findings);
    for file in written_by_us(patient, agents, included) {
        beside(patient, &file, findings);
    }
    interrupted_copies(patient, &repair::backups(patient.paths), findings);
    for agent in agents {
        journals(agent, findings);
    }
    unreadable(patient, agents, findings);
    if let Some(finding) = from_the_future(patient, agents) {
        findings.push(finding);
    }
}

/// The files this program replaces as a whole, and the other one locks.
fn written_by_us(patient: &Patient<'_>, agents: &[SelectedAgent], included: &[PathBuf]) -> Vec<PathBuf> {
    const OF_AGENTS: [&str; 4] =
        ["auth-profiles.json", "auth-state.json", "exports.json", "minted-tokens.json"];
    let paths = patient.paths;
    let of_all = [paths.config().to_owned(), paths.notices(), paths.gateway_keys()]
        .into_iter()
        .chain(included.iter().cloned());
    // Whoever makes a ledger removes what is left of an earlier try.
    let of_all = of_all.chain(Some(paths.usage()).filter(|ledger| ledger.exists()));
    let indexes = agents.iter().map(|agent| SessionsDir::of(&agent.id, paths).index());
    let of_agents = agents.iter().flat_map(|agent| OF_AGENTS.map(|name| agent.dir.join(name)));
    of_all.chain(of_agents).chain(indexes).collect()
}

fn permissions(
    patient: &Patient<'_>,
    agents: &[SelectedAgent],
    included: &[PathBuf],
    findings: &mut Vec<Finding>,
) {
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
    for file in secret_files(patient.paths, agents, included).into_iter().filter(|file| !file.is_dir()) {
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

/// What an interrupted write, a dead program or a file that could not be read left beside a file.
fn beside(patient: &Patient<'_>, file: &Path, findings: &mut Vec<Finding>) {
    let Some(name) = file.file_name().and_then(|name| name.to_str()) else { return };
    let with = |ending: &str| file.with_file_name(format!("{name}{ending}"));
    let remove = |path: &Path| Fix::run([format!("rm {}", named(patient, path).1)]);
    let temporary = with(".tmp");
    if age(patient, &temporary).is_some_and(|age| age >= YOUNG) {
        let shown = patient.paths.shown(&temporary);
        let message = format!("{shown} is left of a write that was interrupted; {name} itself is whole.");
        let finding = Finding::new("leftover-temporary-file", Severity::Warning, message, remove(&temporary));
        findings.push(finding.mended_by(Repair::RemoveLeftover { path: temporary }));
    }
    let lock = with(".lock");
    if lock.exists() {
        let shown = patient.paths.shown(&lock);
        let message = match storage::foreign_lock(&lock, patient.now) {
            ForeignLock::Held => None,
            ForeignLock::Dead { pid } => {
                Some(format!("{shown} is a lock of the TypeScript program, whose process {pid} is gone."))
            }
            ForeignLock::Stale => {
                Some(format!("{shown} is a lock of the TypeScript program that nobody has renewed."))
            }
        };
        let fix = Fix { advice: Some(format!("see that it is not writing {name} first")), ..remove(&lock) };
        findings.extend(message.map(|it| Finding::new("foreign-lock-left", Severity::Warning, it, fix)));
    }
    let beginning = format!("{name}.bad-");
    let aside =
        file.parent().and_then(|directory| std::fs::read_dir(directory).ok()).into_iter().flatten().flatten();
    let aside = aside.filter(|entry| entry.file_name().to_str().is_some_and(|it| it.starts_with(&beginning)));
    let mut aside: Vec<PathBuf> = aside.map(|entry| entry.path()).collect();
    aside.sort();
    for path in aside {
        let message = format!("{} was set aside because it could not be read.", patient.paths.shown(&path));
        let fix = Fix { advice: Some("look what is in it first".to_owned()), ..remove(&path) };
        findings.push(Finding::new("file-set-aside", Severity::Note, message, fix));
    }
}

/// What a killed repair left among the copies it makes first. The next one copies to another directory, so nobody would come
/// by it again.
fn interrupted_copies(patient: &Patient<'_>, directory: &Path, findings: &mut Vec<Finding>) {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.is_symlink() {
            interrupted_copies(patient, &path, findings);
        } else if path.extension().is_some_and(|extension| extension == "tmp")
            && age(patient, &path).is_some_and(|age| age >= YOUNG)
        {
            let (shown, word) = named(patient, &path);
            let message = format!("{shown} is left of a copy that was interrupted.");
            let fix = Fix::run([format!("rm {word}")]);
            let finding = Finding::new("leftover-temporary-file", Severity::Warning, message, fix);
            findings.push(finding.mended_by(Repair::RemoveLeftover { path }));
        }
    }
}

pub(super) fn age(patient: &Patient<'_>, path: &Path) -> Option<Duration> {
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

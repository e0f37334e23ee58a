//! The config: whether it is one, keys nobody reads, old names, variables it may not set, ids that lead nowhere, models
//! that end.

use std::collections::HashSet;
use std::path::PathBuf;

use super::repair::Repair;
use super::{Finding, Patient, Severity};
use crate::auth::store::AuthStore;
use crate::auth::wording::Fix;
use crate::config::document::Document;
use crate::config::edit::{Segment, shown};
use crate::config::environment::is_reserved;
use crate::config::load::{self, ConfigError, Loaded};
use crate::config::schema::{CacheControlTtl, Params};
use crate::config::{Config, SelectedAgent, agent_list};
use crate::models::catalog::Catalog;
use crate::text::{one_line, shell_word};

/// Reads the config; one that is invalid is a finding.
pub(super) fn load(patient: &Patient<'_>, findings: &mut Vec<Finding>) -> Option<Loaded> {
    match load::load(patient.paths, patient.process) {
        Ok(loaded) => Some(loaded),
        Err(error) => {
            let id = match error {
                ConfigError::File(_) => "config-unreadable",
                ConfigError::Invalid { .. } => "config-invalid",
            };
            let message = format!("{}.", error.to_string().trim_end_matches('.'));
            // Nothing of ours changes a config it cannot understand.
            let fix = Fix {
                advice: Some("mend it by hand".to_owned()),
                commands: vec![
                    "\"$EDITOR\" \"$(fased config path)\"".to_owned(),
                    "fased config validate".to_owned(),
                ],
            };
            findings.push(Finding::new(id, Severity::Problem, message, fix));
            None
        }
    }
}

/// The files the config includes, as far as it can be read.
pub(super) fn included(patient: &Patient<'_>) -> Vec<PathBuf> {
    let document = Document::read(patient.paths);
    document.map(|document| document.files().skip(1).map(PathBuf::from).collect()).unwrap_or_default()
}

pub(super) fn look(
    patient: &Patient<'_>,
    loaded: &Loaded,
    agents: &[SelectedAgent],
    findings: &mut Vec<Finding>,
) {
    let config = &loaded.config;
    unknown_keys(patient, findings);
    old_names(config, findings);
    reserved_variables(config, findings);
    dangling_ids(patient, config, agents, findings);
}

fn unknown_keys(patient: &Patient<'_>, findings: &mut Vec<Finding>) {
    // It has been read a moment ago; one that cannot be read now has its finding by the next look.
    let Ok(document) = Document::read(patient.paths) else { return };
    for unknown in document.unknown_keys(Catalog::embedded().foreign_config_keys()) {
        let meant =
            unknown.nearest.as_ref().map(|name| format!("; `{name}` may be meant")).unwrap_or_default();
        let line = unknown.line.map(|line| format!(", line {line}")).unwrap_or_default();
        let file = patient.paths.shown(&unknown.file);
        let message = format!("Nobody reads `{}` ({file}{line}){meant}.", unknown.key);
        let fix = Fix::run([format!("fased config unset {}", shell_word(&unknown.key))]);
        findings.push(Finding::new("config-unknown-key", Severity::Warning, message, fix));
    }
}

/// `cacheControlTtl`, by its newer name.
fn old_names(config: &Config, findings: &mut Vec<Finding>) {
    let of_models = config.agents.defaults.models.iter().map(|(model, entry)| {
        (Segment::keys(["agents", "defaults", "models", model.as_str(), "params"]), &entry.params)
    });
    let of_agents = config.agents.list.iter().enumerate().map(|(index, agent)| {
        let mut path = agent_list::entry(index);
        path.push("params".into());
        (path, &agent.params)
    });
    for (path, params) in of_models.chain(of_agents) {
        let Params { cache_control_ttl: Some(ttl), cache_retention, .. } = params else { continue };
        let old = [path.as_slice(), &["cacheControlTtl".into()]].concat();
        let new = [path.as_slice(), &["cacheRetention".into()]].concat();
        let value = match ttl {
            CacheControlTtl::FiveMinutes => "short",
            CacheControlTtl::OneHour => "long",
        };
        let unset = format!("fased config unset {}", shell_word(&shown(&old)));
        let (message, commands) = match cache_retention {
            Some(_) => (format!("`{}` has no effect beside `cacheRetention`.", shown(&old)), vec![unset]),
            None => (
                format!("`{}` is the old name of `cacheRetention`: \"{value}\".", shown(&old)),
                vec![format!("fased config set {} {value}", shell_word(&shown(&new))), unset],
            ),
        };
        let finding = Finding::new("config-deprecated-key", Severity::Warning, message, Fix::run(commands));
        findings.push(finding.mended_by(Repair::RenameCacheControlTtl { params: path }));
    }
}

fn reserved_variables(config: &Config, findings: &mut Vec<Finding>) {
    for (name, _) in config.env.iter().filter(|(name, _)| is_reserved(name)) {
        let message = format!("`env` of the config sets {name}, which only the process itself may set.");
        let fix =
            Fix::run([format!("fased config unset {}", shell_word(&shown(&Segment::keys(["env", name]))))]);
        findings.push(Finding::new("config-reserved-variable", Severity::Warning, message, fix));
    }
}

/// Ids in the config that no agent stores.
fn dangling_ids(
    patient: &Patient<'_>,
    config: &Config,
    agents: &[SelectedAgent],
    findings: &mut Vec<Finding>,
) {
    let mut stored = HashSet::new();
    for agent in agents {
        match AuthStore::of(agent, patient.paths).read() {
            Ok(snapshot) => {
                stored.extend(snapshot.profiles.keys().map(ToString::to_string));
                stored.extend(snapshot.ignored.iter().map(|entry| entry.id.clone()));
            }
            // What an agent stores is not known, so nothing is known to be dangling.
            Err(_) => return,
        }
    }
    for (provider, ids) in &config.auth.order {
        let is_gone = |id: &&String| !stored.contains(id.trim());
        let gone: Vec<&String> = ids.iter().filter(is_gone).collect();
        if gone.is_empty() {
            continue;
        }
        let path = Segment::keys(["auth", "order", provider.as_str()]);
        let message = format!("`{}` names {}, which no agent stores.", shown(&path), listed(&gone));
        let unset = |path: &[Segment]| format!("fased config unset {}", shell_word(&shown(path)));
        // From the last to the first: what is removed moves what stands behind it.
        let places = (0..ids.len()).rev().filter(|place| is_gone(&&ids[*place]));
        let commands: Vec<String> = match gone.len() == ids.len() {
            true => vec![unset(&path)],
            false => places.map(|place| unset(&[path.as_slice(), &[place.into()]].concat())).collect(),
        };
        let ids = gone.iter().map(|id| id.trim().to_owned()).collect();
        let finding = Finding::new("config-dangling-profile", Severity::Warning, message, Fix::run(commands));
        findings.push(finding.mended_by(Repair::TakeFromOrder { path, ids }));
    }
    for id in config.auth.profiles.keys().filter(|id| !stored.contains(id.trim())) {
        let path = shown(&Segment::keys(["auth", "profiles", id.as_str()]));
        let message = format!("`{path}` describes a profile that no agent stores.");
        let fix = Fix::run([format!("fased config unset {}", shell_word(&path))]);
        findings.push(Finding::new("config-dangling-profile", Severity::Note, message, fix));
    }
}

fn listed(ids: &[&String]) -> String {
    ids.iter().map(|id| one_line(id)).collect::<Vec<_>>().join(", ")
}

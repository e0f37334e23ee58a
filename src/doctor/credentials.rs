//! The credentials of every agent, by the one verdict: what its status would want looked at, what stands in the
//! environment and is not used, ids in orders that lead nowhere, models that end.

use super::{Finding, Patient, Severity};
use crate::auth::resolve::{EnvStanding, Inputs, ProviderAuth};
use crate::auth::state::StateFile;
use crate::auth::store::{AuthStore, Snapshot, StoreError};
use crate::auth::wording::Fix;
use crate::config::load::Loaded;
use crate::config::{Config, SelectedAgent};
use crate::models::advice::{self, Doubt};
use crate::models::known::KnownModels;
use crate::models::selection::AgentModels;
use crate::models::status::{StatusInputs, StatusReport};
use crate::text::{capitalised, one_line, shell_word};

/// Findings of a status that the look at files has already.
const OF_FILES: [&str; 3] = ["store-open-to-others", "directory-open-to-others", "state-unreadable"];
/// Findings of a status that only tell how things are.
const NOTES: [&str; 3] = ["store-imported", "profiles-left-out", "store-ignored-entry"];

/// Looks at every agent; says how many credentials they store. Without a valid config nobody can say how they would be
/// used, only whether they can be read.
pub(super) fn look(
    patient: &Patient<'_>,
    loaded: Option<&Loaded>,
    agents: &[SelectedAgent],
    findings: &mut Vec<Finding>,
) -> usize {
    let mut profiles = 0;
    for agent in agents {
        let store = AuthStore::of(agent, patient.paths);
        match store.read() {
            Ok(snapshot) => {
                profiles += snapshot.profiles.len();
                if let Some(loaded) = loaded {
                    of_agent(patient, loaded, agent, &store, &snapshot, findings);
                }
            }
            Err(error) => findings.push(unreadable(&store, &error).of(agent)),
        }
    }
    profiles
}

fn unreadable(store: &AuthStore, error: &StoreError) -> Finding {
    let word = shell_word(&store.path().display().to_string());
    let fix = Fix {
        advice: Some("mend the file, or move it away and store the credentials again".to_owned()),
        commands: vec![format!("mv {word} {word}.broken")],
    };
    let message = format!("{}.", capitalised(&error.to_string()).trim_end_matches('.'));
    Finding::new("store-unreadable", Severity::Problem, message, fix)
}

fn of_agent(
    patient: &Patient<'_>,
    loaded: &Loaded,
    agent: &SelectedAgent,
    store: &AuthStore,
    snapshot: &Snapshot,
    findings: &mut Vec<Finding>,
) {
    let (state, state_findings) = StateFile::in_dir(&agent.dir).read(snapshot);
    let Loaded { config, env } = loaded;
    let inputs = Inputs { snapshot, state: &state, config, env, paths: patient.paths, now: patient.now };
    let status = StatusInputs {
        auth: inputs,
        agent,
        paths: patient.paths,
        store_path: store.path(),
        model: None,
        state_findings,
        probes: None,
    };
    let report = match StatusReport::make(&status) {
        Ok(report) => report,
        Err(error) => {
            let message = format!("{}.", capitalised(&error.to_string()));
            let fix = Fix::run(["fased config get agents".to_owned()]);
            findings.push(Finding::new("model-invalid", Severity::Problem, message, fix).of(agent));
            return;
        }
    };
    for finding in report.findings.into_iter().filter(|finding| !OF_FILES.contains(&finding.id)) {
        let severity = if NOTES.contains(&finding.id) { Severity::Note } else { Severity::Warning };
        let look = || Fix::run([format!("fased models status{}", agent.flag())]);
        let fix = finding.fix.unwrap_or_else(look);
        findings.push(Finding::new(finding.id, severity, finding.message, fix).of(agent));
    }
    if let Ok(models) = AgentModels::of(&agent.id, config) {
        doubtful_models(patient, &models, config, agent, findings);
        for provider in models.providers() {
            let class = KnownModels::of(config).class_of(&models.primary);
            of_provider(&ProviderAuth::survey(provider, class, &inputs), agent, findings);
        }
    }
    dangling_order(agent, snapshot, findings);
}

/// Models that end, or that nothing is known of.
fn doubtful_models(
    patient: &Patient<'_>,
    models: &AgentModels,
    config: &Config,
    agent: &SelectedAgent,
    findings: &mut Vec<Finding>,
) {
    let (known, today) = (KnownModels::of(config), patient.now.to_zoned(jiff::tz::TimeZone::UTC).date());
    for model in models.all() {
        let (id, severity) = match advice::doubt(model, &known, today) {
            None => continue,
            Some(Doubt::Unknown) => ("model-unknown", Severity::Note),
            Some(Doubt::Ends(_)) => ("model-ends", Severity::Warning),
            Some(Doubt::Ended(_)) => ("model-ended", Severity::Problem),
        };
        let message = advice::about(model, &known, today).unwrap_or_default();
        let fix = Fix {
            advice: Some("choose another one where it is named".to_owned()),
            commands: vec!["fased models list --all".to_owned(), "fased config get agents".to_owned()],
        };
        findings.push(Finding::new(id, severity, message, fix).of(agent));
    }
}

fn of_provider(auth: &ProviderAuth<'_>, agent: &SelectedAgent, findings: &mut Vec<Finding>) {
    let (provider, flag) = (&auth.provider, agent.flag());
    if auth.next.is_none() && auth.profiles.is_empty() {
        let message = format!("Agent {} has no credential for {provider}.", agent.id);
        let fix = Fix::run([format!("fased onboard{flag}")]);
        findings.push(Finding::new("no-credential", Severity::Note, message, fix).of(agent));
    } else if auth.next.is_none() {
        let message = format!("No credential of agent {} for {provider} can be used now.", agent.id);
        let fix = Fix::run([format!("fased models status{flag}"), format!("fased models auth login{flag}")]);
        findings.push(Finding::new("no-usable-credential", Severity::Problem, message, fix).of(agent));
    }
    let Some(env) = &auth.env else { return };
    let (severity, why) = match env.standing {
        EnvStanding::Used | EnvStanding::InReserve => return,
        EnvStanding::Idle => (Severity::Note, "a stored profile is used instead"),
        EnvStanding::BehindConfig => (Severity::Note, "the key in the config is used instead"),
        EnvStanding::HeldBack => (Severity::Warning, "a profile is stored, though none can be used"),
        EnvStanding::PayerHeldBack => (Severity::Warning, "somebody else would pay for it"),
        EnvStanding::Off => (Severity::Note, "the config says never"),
        EnvStanding::Refused => (Severity::Warning, "it is not a credential that can send messages"),
    };
    let message = format!("{} is set and not used by agent {}: {why}.", env.variable, agent.id);
    let command = match env.standing {
        EnvStanding::Refused => format!("unset {}", env.variable),
        EnvStanding::PayerHeldBack => "fased config set auth.crossBilling notice".to_owned(),
        _ => "fased config set auth.env prefer".to_owned(),
    };
    let fix = Fix { advice: Some("to use it all the same".to_owned()), commands: vec![command] };
    let fix = if env.standing == EnvStanding::Refused { Fix { advice: None, ..fix } } else { fix };
    findings.push(Finding::new("environment-key-shadowed", severity, message, fix).of(agent));
}

/// Ids in the store's own order that it does not hold.
fn dangling_order(agent: &SelectedAgent, snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let is_stored = |id: &String| {
        snapshot.profiles.keys().any(|known| known.as_str() == id.trim())
            || snapshot.ignored.iter().any(|entry| entry.id == id.trim())
    };
    for (provider, ids) in &snapshot.order {
        let (kept, gone): (Vec<&String>, Vec<&String>) = ids.iter().partition(|id| is_stored(id));
        if gone.is_empty() {
            continue;
        }
        let list = |ids: &[&String]| ids.iter().map(|id| one_line(id)).collect::<Vec<_>>().join(", ");
        let message = format!(
            "The order of agent {} for {provider} names {}, which it does not store.",
            agent.id,
            list(&gone)
        );
        let flag = agent.flag();
        let command = match kept.as_slice() {
            [] => format!("fased models auth order clear --provider {}{flag}", shell_word(provider)),
            kept => {
                let kept: Vec<String> = kept.iter().map(|id| shell_word(id)).collect();
                format!(
                    "fased models auth order set --provider {}{flag} {}",
                    shell_word(provider),
                    kept.join(" ")
                )
            }
        };
        findings.push(
            Finding::new("order-dangling-profile", Severity::Warning, message, Fix::run([command])).of(agent),
        );
    }
}

//! The credentials of every agent, by the one verdict: what its status would want looked at, what stands in the
//! environment and is not used, ids in orders that lead nowhere.

use super::{Finding, Patient, Severity};
use crate::auth::form::ANTHROPIC;
use crate::auth::resolve::{EnvStanding, Inputs, ProviderAuth};
use crate::auth::state::StateFile;
use crate::auth::store::{AuthStore, Snapshot, StoreError};
use crate::auth::wording::{self, Fix};
use crate::config::SelectedAgent;
use crate::config::load::Loaded;
use crate::models::known::KnownModels;
use crate::models::selection::AgentModels;
use crate::models::status::{NO_CREDENTIAL, StatusInputs, StatusReport};
use crate::provider;
use crate::text::{capitalised, one_line, shell_word};

/// Findings of a status that the looks at files and at providers have already.
const TOLD_APART: [&str; 4] =
    ["store-open-to-others", "directory-open-to-others", "state-unreadable", NO_CREDENTIAL];
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
    for finding in report.findings.into_iter().filter(|finding| !TOLD_APART.contains(&finding.id)) {
        let severity = if NOTES.contains(&finding.id) { Severity::Note } else { Severity::Warning };
        let look = || Fix::run([format!("fased models status{}", agent.flag())]);
        let fix = finding.fix.unwrap_or_else(look);
        findings.push(Finding::new(finding.id, severity, finding.message, fix).of(agent));
    }
    if let Ok(models) = AgentModels::of(&agent.id, config) {
        for provider in models.providers() {
            let class = KnownModels::of(config).class_of(&models.primary);
            of_provider(&ProviderAuth::survey(provider, class, &inputs), &inputs, agent, findings);
        }
    }
    dangling_order(agent, snapshot, findings);
}

fn of_provider(
    auth: &ProviderAuth<'_>,
    inputs: &Inputs<'_>,
    agent: &SelectedAgent,
    findings: &mut Vec<Finding>,
) {
    let (provider, flag) = (&auth.provider, agent.flag());
    // A provider that cannot be asked has its finding; no credential would help.
    let lacks_one = auth.next.is_none() && provider::check(provider, inputs.config, inputs.env).is_ok();
    if lacks_one && auth.profiles.is_empty() {
        let message = format!("Agent {} has no credential for {provider}.", agent.id);
        let fix = wording::first_credential(provider, inputs.config, agent.named());
        findings.push(Finding::new(NO_CREDENTIAL, Severity::Note, message, fix).of(agent));
    } else if lacks_one {
        let message = format!("No credential of agent {} for {provider} can be used now.", agent.id);
        let login = match provider.as_str() {
            ANTHROPIC => Fix::run([format!("fased models auth login{flag}")]),
            _ => wording::first_credential(provider, inputs.config, agent.named()),
        };
        let fix = Fix::run([format!("fased models status{flag}")].into_iter().chain(login.commands));
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

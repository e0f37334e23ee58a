//! `fased doctor`

use std::path::Path;

use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::DoctorArgs;
use crate::config::AgentId;
use crate::config::load::Loaded;
use crate::ctx::Ctx;
use crate::doctor::repair::{self, Mended, Repair};
use crate::doctor::{Diagnosis, Finding, Patient, Severity, online};
use crate::error::{Exit, Failure};
use crate::models::selection::AgentModels;
use crate::provider;
use crate::terminal::doctor::text;

/// What was found and what was mended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    config_path: &'a Path,
    state_path: &'a Path,
    /// The agents that were looked at.
    agents: Vec<&'a AgentId>,
    /// Whether the network was looked at.
    online: bool,
    problems: usize,
    warnings: usize,
    /// What is to be looked at; with --fix, what is left of it.
    findings: &'a [Finding],
    /// What was mended.
    mended: &'a [Mended],
    /// What could not be.
    not_mended: Vec<String>,
}

pub(super) fn run(ctx: &Ctx, args: DoctorArgs) -> Result<Exit, Failure> {
    let look = || Diagnosis::make(&Patient { paths: &ctx.paths, process: &ctx.env, now: ctx.clock.now() });
    let mut diagnosis = look();
    let (mut mended, mut not_mended) = (Vec::new(), Vec::new());
    if args.fix {
        let repairs: Vec<&Repair> = diagnosis.findings.iter().flat_map(Finding::repairs).collect();
        if !repairs.is_empty() {
            let (done, failed) = repair::mend(repairs, &ctx.paths, &ctx.env, ctx.clock.as_ref());
            mended = done;
            not_mended = failed.iter().map(ToString::to_string).collect();
            diagnosis = look();
        }
    }
    let could_not_mend = !not_mended.is_empty();
    if args.online {
        let found = ask_providers(ctx, &diagnosis)?;
        diagnosis.add(found);
    }
    let problems = diagnosis.count(Severity::Problem);
    if args.json {
        let report = Report {
            schema_version: SCHEMA_VERSION,
            config_path: ctx.paths.config(),
            state_path: ctx.paths.state(),
            agents: diagnosis.agents.iter().map(|agent| &agent.id).collect(),
            online: args.online,
            problems,
            warnings: diagnosis.count(Severity::Warning),
            findings: &diagnosis.findings,
            mended: &mended,
            not_mended,
        };
        ctx.terminal.answer_json(&report)?;
    } else {
        ctx.terminal.answer(&text(&diagnosis, &mended, &not_mended, &ctx.paths, ctx.terminal.width()))?;
    }
    Ok(if problems > 0 || could_not_mend { Exit::Failed } else { Exit::Ok })
}

/// Asks each provider some agent would ask.
fn ask_providers(ctx: &Ctx, diagnosis: &Diagnosis) -> Result<Vec<Finding>, Failure> {
    let Some(Loaded { config, env }) = &diagnosis.loaded else { return Ok(Vec::new()) };
    let models: Vec<AgentModels> =
        diagnosis.agents.iter().filter_map(|agent| AgentModels::of(&agent.id, config).ok()).collect();
    let mut providers: Vec<&str> = models.iter().flat_map(AgentModels::providers).collect();
    providers.sort_unstable();
    providers.dedup();
    let spinner = ctx.terminal.spinner("Asking the providers …");
    let found = ctx.block_on(async {
        let mut found = Vec::new();
        for name in providers {
            match provider::client(name, config, env, ctx.network) {
                Ok(client) => found.extend(online::look(name, &client, ctx.clock.as_ref()).await),
                Err(error) => found.extend(online::no_client(name, &error, config)),
            }
        }
        Ok(found)
    });
    drop(spinner);
    found
}

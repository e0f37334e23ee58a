//! `fased models status`

use std::time::Duration;

use crate::auth::ProfileId;
use crate::auth::notices::PLAN_CREDENTIALS;
use crate::auth::probe::{ProbeOptions, Probes};
use crate::auth::profile_id::ProfileIdError;
use crate::auth::store::Snapshot;
use crate::cli::StatusArgs;
use crate::commands::agent::Agent;
use crate::commands::models::auth::known_provider;
use crate::commands::models::choice::warn;
use crate::commands::notice;
use crate::credentials::probe::{self, Probed};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure, typed_model};
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;
use crate::models::status::{Check, StatusInputs, StatusReport};
use crate::terminal::status::text;
use crate::terminal::{BROKEN_PIPE, style};
use crate::text::{one_line, without_credentials};

pub(super) fn run(ctx: &Ctx, args: &StatusArgs) -> Result<Exit, Failure> {
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let typed = |text| typed_model::parse(text, "value of --model", &agent.config);
    let model = args.model.as_deref().map(typed).transpose()?;
    if model.as_ref().is_some_and(|typed| typed.profile.is_some()) {
        return Err(Failure::usage("--model of a status names a model alone, without @profile."));
    }
    let model = model.map(|typed| typed.model);
    if let Some(model) = &model
        && let Some(name) = KnownModels::of(&agent.config).nearest(model)
    {
        let said = format!("{model} is not in the data file. Did you mean {name}?");
        warn(ctx, &[without_credentials(&one_line(&said))]);
    }
    let probes = if args.probe { Some(probe(ctx, args, &agent, model.as_ref())?) } else { None };
    let (snapshot, state, state_findings) = agent.read()?;
    let now = ctx.clock.now();
    let report = StatusReport::make(&StatusInputs {
        auth: agent.inputs(ctx, &snapshot, &state, now),
        agent: &agent.selected,
        paths: &ctx.paths,
        store_path: agent.store.path(),
        model,
        state_findings,
        probes: probes.as_ref(),
    })?;
    let told = match args {
        StatusArgs { json: true, .. } => ctx.terminal.answer_json(&report),
        StatusArgs { plain: true, .. } => ctx.terminal.answer(&format!("{}\n", report.resolved_default)),
        _ => ctx.terminal.answer(&text(&report, &ctx.paths, now, ctx.terminal.width())),
    };
    match told {
        // A reader that has seen enough does not make unhealthy credentials healthy.
        Err(failure) if args.check && failure.kind == BROKEN_PIPE => {}
        told => told?,
    }
    let check = report.check();
    // The process ends here; taking ten thousand profiles apart first would only keep the caller waiting.
    std::mem::forget(report);
    std::mem::forget((snapshot, state));
    Ok(match check {
        _ if !args.check => Exit::Ok,
        Check::Healthy => Exit::Ok,
        Check::Expiring => Exit::Expiring,
        Check::MissingOrExpired => Exit::Failed,
    })
}

/// Asks the providers and notes what they say.
fn probe(ctx: &Ctx, args: &StatusArgs, agent: &Agent, model: Option<&ModelRef>) -> Result<Probes, Failure> {
    let (snapshot, state, _) = agent.read()?;
    let options = options(args, &snapshot)?;
    if let Some(provider) = &options.provider {
        known_provider(provider, "--probe-provider", agent, &snapshot)?;
    }
    let holder = agent.holder(ctx);
    if probe::pays_by_plan(&holder, &snapshot, &state, model)? {
        notice::show_and_record(ctx, &PLAN_CREDENTIALS);
    }
    let refresher = agent.refresher(ctx)?;
    let spinner = ctx.terminal.spinner("Asking the providers …");
    let probed = ctx.block_on(probe::probe(&holder, &refresher, &ctx.programs, options, model));
    drop(spinner);
    let Probed { probes, trouble } = probed?;
    if let Some(error) = trouble {
        ctx.terminal
            .say(&format!("{} what the providers said cannot be noted: {error}", style::attention("!")));
    }
    Ok(probes)
}

fn options(args: &StatusArgs, snapshot: &Snapshot) -> Result<ProbeOptions, Failure> {
    let ids = args.probe_profile.iter().flat_map(|ids| ids.split(',')).map(|text| {
        let id: ProfileId = text.trim().parse().map_err(|error: ProfileIdError| {
            Failure::usage(format!("The value of --probe-profile is {error}."))
        })?;
        if snapshot.profiles.contains_key(&id) {
            return Ok(id);
        }
        let stored: Vec<&str> = snapshot.profiles.keys().map(ProfileId::as_str).collect();
        let failure = Failure::usage(format!("No credentials found for profile \"{id}\"."));
        Err(if stored.is_empty() { failure } else { failure.fact(format!("stored: {}", stored.join(", "))) })
    });
    let provider =
        args.probe_provider.as_deref().map(crate::commands::models::auth::parse_provider).transpose()?;
    Ok(ProbeOptions {
        provider,
        profile_ids: ids.collect::<Result<_, Failure>>()?,
        timeout: Duration::from_millis(args.probe_timeout),
        concurrency: usize::try_from(args.probe_concurrency).unwrap_or(1),
        max_tokens: args.probe_max_tokens,
    })
}

//! `fased gateway keys add`

use jiff::Timestamp;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::SCHEMA_VERSION;
use crate::cli::GatewayKeysAddArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::typed_model;
use crate::error::{Exit, Failure};
use crate::gateway::keys::ClientKey;
use crate::gateway::keys::caps::{CapPeriod, Caps};
use crate::gateway::keys::estimate::{Wanted, estimate};
use crate::gateway::keys::file::{self, NewKey};
use crate::gateway::keys::report::CapsLine;
use crate::gateway::{instance, settings};
use crate::models::advice;
use crate::models::known::KnownModels;
use crate::models::refs::ANTHROPIC;
use crate::terminal::style;
use crate::usage::price::MicroDollars;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AddReport<'a> {
    schema_version: u32,
    name: &'a str,
    agent_id: &'a str,
    /// The key itself, which is told this once.
    key: &'a str,
    tail: &'a str,
    models: &'a [String],
    caps: CapsLine,
    created_at: Timestamp,
    /// What the program is to be given as the API's address.
    base_url: &'a str,
    warnings: &'a [String],
}

pub(super) fn run(ctx: &Ctx, args: &GatewayKeysAddArgs) -> Result<Exit, Failure> {
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let caps = caps(args)?;
    let (models, warnings) = models(ctx, args, &agent, &caps)?;
    let base_url = base_url(ctx, &agent)?;
    let new = NewKey { name: args.name.clone(), agent: agent.selected.id, models, caps };
    let (secret, key) = file::add(&ctx.paths, ctx.clock.as_ref(), new)?;
    if args.json {
        ctx.terminal.answer_json(&AddReport {
            schema_version: SCHEMA_VERSION,
            name: &key.name,
            agent_id: key.agent.as_str(),
            key: secret.expose(),
            tail: &key.tail,
            models: &key.models,
            caps: key.caps.into(),
            created_at: key.created_at,
            base_url: &base_url,
            warnings: &warnings,
        })?;
        return Ok(Exit::Ok);
    }
    for warning in &warnings {
        ctx.terminal.say(&format!("{} {warning}", style::attention("!")));
    }
    ctx.terminal.say(&format!("{} Made the client key {}: {}.", style::good("✓"), key.name, bounds(&key)));
    ctx.terminal.pass_on(&Zeroizing::new(format!("{}\n", secret.expose())))?;
    // Where a person reads both streams, what is told is what can be pasted. Elsewhere the key is on stdout alone.
    let value = if ctx.terminal.can_converse() { secret.expose() } else { "\"$KEY\"" };
    ctx.terminal.say(&format!(
        "It is not shown again; what is kept is its hash. The program that uses it needs\n\n  \
         export ANTHROPIC_BASE_URL={base_url}\n  export ANTHROPIC_API_KEY={value}"
    ));
    Ok(Exit::Ok)
}

fn caps(args: &GatewayKeysAddArgs) -> Result<Caps, Failure> {
    let caps = Caps { daily: args.cap_daily, weekly: args.cap_weekly, monthly: args.cap_monthly };
    match CapPeriod::ALL.into_iter().find(|period| caps.of(*period) == Some(MicroDollars(0))) {
        Some(period) => {
            let message =
                format!("The {} cap is nothing, so the key could ask for nothing.", period.as_str());
            Err(Failure::usage(message).hint("give more than 0 dollars, or leave the cap out"))
        }
        None => Ok(caps),
    }
}

/// The models it may ask, by the names clients send, and what is to be said of them.
fn models(
    ctx: &Ctx,
    args: &GatewayKeysAddArgs,
    agent: &Agent,
    caps: &Caps,
) -> Result<(Vec<String>, Vec<String>), Failure> {
    let (mut models, mut warnings) = (Vec::new(), Vec::new());
    let known = KnownModels::of(&agent.config);
    let today = jiff::tz::TimeZone::UTC.to_datetime(ctx.clock.now()).date();
    for text in &args.models {
        let typed = typed_model::parse(text, "value of --model", &agent.config)?;
        if typed.profile.is_some() {
            let failure = Failure::usage("A client key is for models, and not for one profile of them.");
            return Err(failure.hint(format!("leave the profile out: --model {}", typed.model)));
        }
        if typed.model.provider() != ANTHROPIC {
            let message =
                format!("{} is not one of Anthropic's, and clients of the gateway ask those.", typed.model);
            return Err(Failure::usage(message).hint("name a model like claude-sonnet-5"));
        }
        warnings.extend(advice::about(&typed.model, &known, today));
        if !caps.is_empty() && estimate(&typed.model, known, &Wanted::default()).is_none() {
            let model = typed.model.model();
            warnings
                .push(format!("{model} is refused to a key with a cap as long as its prices are not known."));
        }
        let name = typed.model.model().to_owned();
        if !models.contains(&name) {
            models.push(name);
        }
    }
    Ok((models, warnings))
}

/// Where the gateway is, or will be.
fn base_url(ctx: &Ctx, agent: &Agent) -> Result<String, Failure> {
    if let Some(running) = instance::running(&ctx.paths)? {
        return Ok(running.url);
    }
    let port = settings::port(None, &agent.config.gateway, &agent.env)
        .map_err(|error| Failure::usage(format!("{error}.")))?;
    Ok(format!("http://127.0.0.1:{port}"))
}

/// What it is for, in words.
fn bounds(key: &ClientKey) -> String {
    let models = if key.models.is_empty() { "all models".to_owned() } else { key.models.join(", ") };
    let caps = CapPeriod::ALL
        .into_iter()
        .filter_map(|period| Some(format!("{} {}", key.caps.of(period)?.rounded(), period.as_str())));
    let caps: Vec<String> = caps.collect();
    let caps =
        if caps.is_empty() { "no spend cap".to_owned() } else { format!("at most {}", caps.join(", ")) };
    format!("agent {}, {models}, {caps}", key.agent)
}

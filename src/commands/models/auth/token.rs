//! `fased models auth token`: the one command that prints a secret, because it was asked to.

use serde::Serialize;
use zeroize::Zeroizing;

use super::{parse_id, parse_provider};
use crate::SCHEMA_VERSION;
use crate::auth::form::Form;
use crate::auth::health::Billing;
use crate::auth::notices::PLAN_CREDENTIALS;
use crate::auth::obtain::{Obtained, Obtainer};
use crate::auth::profile::CredentialType;
use crate::auth::resolve::{Candidate, ProviderAuth, Source};
use crate::cli::auth::TokenArgs;
use crate::commands::agent::Agent;
use crate::commands::notice;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure, no_credential};
use crate::terminal::style;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    agent_id: &'a str,
    /// `null` for a credential of the environment or the config.
    profile_id: Option<&'a str>,
    source: &'a str,
    #[serde(rename = "type")]
    kind: CredentialType,
    value: &'a str,
    header: &'a str,
    /// Milliseconds since 1970; `null` when it does not end or nobody knows.
    expires_at: Option<i64>,
    /// The end is our estimate, not a recorded fact.
    expires_estimated: bool,
    billing: Billing,
}

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &TokenArgs) -> Result<Exit, Failure> {
    let provider = parse_provider(&args.provider)?;
    let pinned = args.profile.as_deref().map(|text| parse_id(text, "--profile")).transpose()?;
    if let Some(id) = pinned.as_ref().filter(|id| id.provider() != provider) {
        return Err(Failure::usage(format!(
            "The value of --profile is of {}, not of {provider}.",
            id.provider()
        ))
        .hint("name its provider with --provider, too"));
    }
    if args.env && provider != "anthropic" {
        return Err(Failure::usage(
            "--env names the variables of Anthropic's SDKs; other providers have others.",
        )
        .hint("take the bare value, or --header"));
    }
    let class = agent.primary_class()?;
    let (snapshot, state, _) = agent.read()?;
    let inputs = agent.inputs(ctx, &snapshot, &state, ctx.clock.now());
    let auth = ProviderAuth::survey(&provider, &class, &inputs);
    let candidates = auth
        .candidates(pinned.as_ref(), &inputs)
        .map_err(|why| no_credential::failure(&why, &auth, &agent.selected, &inputs))?;
    // A trial belongs to a request that shows what came of it.
    let certain =
        candidates.eligible.into_iter().filter(|eligible| !eligible.is_trial && !eligible.is_held_back);
    let candidates: Vec<Candidate<'_>> = certain.map(|eligible| eligible.credential).collect();
    let refresher = agent.refresher(ctx)?;
    let obtainer =
        Obtainer { references: inputs.references(), refresher: &refresher, programs: &ctx.programs };
    let (chosen, obtained) = ctx.block_on(first_to_be_had(ctx, &obtainer, &candidates))?;
    if obtained.form == Form::PlanToken {
        notice::show_and_record(ctx, &PLAN_CREDENTIALS);
    }
    if let Source::Env(variable, _) = chosen.source {
        ctx.terminal
            .say(&style::dim(&format!("using {variable} of the environment ({})", chosen.billing.as_str())));
    }
    if let Source::Config(key) = &chosen.source {
        ctx.terminal.say(&style::dim(&format!(
            "using {} of the config ({})",
            key.place,
            chosen.billing.as_str()
        )));
    }
    let value = obtained.secret.expose();
    let header = Zeroizing::new(match obtained.form {
        Form::ApiKey => format!("x-api-key: {value}"),
        Form::PlanToken | Form::ConsoleToken => format!("Authorization: Bearer {value}"),
    });
    match args {
        TokenArgs { json: true, .. } => ctx.terminal.answer_json(&Document {
            schema_version: SCHEMA_VERSION,
            agent_id: agent.selected.id.as_str(),
            profile_id: match &chosen.source {
                Source::Profile(profile) => Some(profile.id.as_str()),
                Source::Env(..) | Source::Config(_) => None,
            },
            source: match &chosen.source {
                Source::Profile(_) => "profile",
                Source::Env(variable, _) => variable,
                Source::Config(key) => &key.place,
            },
            kind: kind_of(chosen, obtained.form),
            value,
            header: &header,
            expires_at: obtained.expires.or(chosen.ends).map(|at| at.as_millisecond()),
            expires_estimated: obtained.expires.is_none() && chosen.ends.is_some(),
            billing: obtained.billing,
        })?,
        TokenArgs { header: true, .. } => ctx.terminal.pass_on(&Zeroizing::new(format!("{}\n", *header)))?,
        TokenArgs { env: true, .. } => {
            let variable = match obtained.form {
                Form::ApiKey => "ANTHROPIC_API_KEY",
                Form::PlanToken | Form::ConsoleToken => "ANTHROPIC_AUTH_TOKEN",
            };
            let quoted = Zeroizing::new(value.replace('\'', r"'\''"));
            ctx.terminal.pass_on(&Zeroizing::new(format!("export {variable}='{}'\n", *quoted)))?;
        }
        _ => ctx.terminal.pass_on(&Zeroizing::new(format!("{value}\n")))?,
    }
    Ok(Exit::Ok)
}

/// The first credential that can be had. Another one steps in only where the same one pays.
async fn first_to_be_had<'a, 'b>(
    ctx: &Ctx,
    obtainer: &Obtainer<'_>,
    candidates: &'b [Candidate<'a>],
) -> Result<(&'b Candidate<'a>, Obtained), Failure> {
    let mut first_failure = None;
    for candidate in candidates {
        if candidates.first().is_some_and(|first| first.billing != candidate.billing) {
            continue;
        }
        match obtainer.obtain(candidate).await {
            Ok(obtained) => {
                if first_failure.is_some() {
                    ctx.terminal.say(&format!("→ using {}", candidate.source.name()));
                }
                return Ok((candidate, obtained));
            }
            Err(error) => {
                let failure = Failure::from(error);
                if candidates.len() > 1 {
                    ctx.terminal.say(&format!("{} {}", style::attention("!"), failure.message));
                }
                first_failure.get_or_insert(failure);
            }
        }
    }
    Err(first_failure.unwrap_or_else(|| {
        Failure::new(Exit::NoUsableCredential, "no_credential", "There is no credential to print now.")
            .hint("see what is stored and when it may be used")
            .command("fased models status")
    }))
}

fn kind_of(chosen: &Candidate<'_>, form: Form) -> CredentialType {
    match (&chosen.source, form) {
        (Source::Profile(profile), _) => profile.credential.kind(),
        (Source::Env(..) | Source::Config(_), Form::ApiKey) => CredentialType::ApiKey,
        (Source::Env(..) | Source::Config(_), _) => CredentialType::Token,
    }
}

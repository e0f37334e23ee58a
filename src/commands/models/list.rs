//! `fased models list`

use crate::anthropic::Reply;
use crate::auth::health::Billing;
use crate::auth::notices::PLAN_CREDENTIALS;
use crate::auth::obtain::Obtainer;
use crate::auth::resolve::ProviderAuth;
use crate::cli::choice::ListArgs;
use crate::commands::agent::Agent;
use crate::commands::models::auth::{known_provider, parse_provider};
use crate::commands::notice;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure, no_credential};
use crate::models::known::KnownModels;
use crate::models::list::{Account, ListInputs, ModelsReport};
use crate::models::selection::AgentModels;
use crate::provider;
use crate::terminal::models::text;

pub(super) fn run(ctx: &Ctx, args: &ListArgs) -> Result<Exit, Failure> {
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let provider = args.provider.as_deref().map(parse_provider).transpose()?;
    if let Some(provider) = &provider {
        known_provider(provider, "--provider", &agent, &agent.store.read()?)?;
    }
    let account = match args.refresh {
        true => Some(ask(ctx, &agent, provider.as_deref())?),
        false => None,
    };
    let (snapshot, state, _) = agent.read()?;
    let now = ctx.clock.now();
    let report = ModelsReport::make(ListInputs {
        auth: &agent.inputs(ctx, &snapshot, &state, now),
        agent: &agent.selected,
        all: args.all,
        provider: provider.as_deref(),
        local_only: args.local,
        account,
        is_local: &|provider| provider::is_local(provider, &agent.config, &ctx.env),
        today: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
    })?;
    if args.json {
        ctx.terminal.answer_json(&report)?;
    } else if args.plain {
        let keys: Vec<String> = report.models.iter().map(|model| format!("{}\n", model.key)).collect();
        ctx.terminal.answer(&keys.concat())?;
    } else {
        ctx.terminal.answer(&text(&report, ctx.terminal.width()))?;
    }
    Ok(Exit::Ok)
}

/// Asks a provider, by default the primary model's, which models the agent's next credential has.
fn ask(ctx: &Ctx, agent: &Agent, provider: Option<&str>) -> Result<Account, Failure> {
    let models = AgentModels::of(&agent.selected.id, &agent.config)?;
    let provider = provider.unwrap_or_else(|| models.primary.provider());
    // The list is no model's, so a limit of one class of models matters only where that class is the agent's.
    let class = match models.primary.provider() == provider {
        true => KnownModels::of(&agent.config).class_of(&models.primary),
        false => "",
    };
    let (snapshot, state, _) = agent.read()?;
    let inputs = agent.inputs(ctx, &snapshot, &state, ctx.clock.now());
    let auth = ProviderAuth::survey(provider, class, &inputs);
    let candidate = match auth.choose(None) {
        Ok(candidate) => candidate,
        Err(why) => return Err(no_credential::failure(&why, &auth, &agent.selected, &inputs)),
    };
    let client = provider::client(provider, &agent.config, &ctx.env, ctx.network)?;
    if candidate.billing == Billing::Subscription {
        notice::show_and_record(ctx, &PLAN_CREDENTIALS);
    }
    let refresher = agent.refresher(ctx)?;
    let obtainer =
        Obtainer { references: inputs.references(), refresher: &refresher, programs: &ctx.programs };
    let spinner = ctx.terminal.spinner(&format!("Asking {} …", client.endpoint().host()));
    let credential = candidate.source.name();
    let listed = ctx.block_on(async {
        let obtained = obtainer.obtain(&candidate).await?;
        let listed = client.list_all_models(&provider::authorization(obtained)).await;
        listed.map_err(|error| Failure::from(error).fact(format!("credential {credential}")))
    });
    drop(spinner);
    let Reply { value: models, meta } = listed?;
    Ok(Account {
        provider: provider.to_owned(),
        credential: credential.to_owned(),
        organization_id: meta.organization_id,
        models,
    })
}

//! Onboarding of another Anthropic-compatible endpoint, by flags or by questions: its address and model go into the config,
//! its key into the agent's store. What would not work is found before anything is written; the config is written first,
//! because a key without an address is of no use.

use super::interactive;
use crate::auth::enroll;
use crate::auth::intake::Expected;
use crate::auth::profile::{CredentialType, Expiry};
use crate::auth::resolve::ProviderAuth;
use crate::cli::{AuthChoice, Compatibility, OnboardArgs};
use crate::commands::agent::Agent;
use crate::commands::credential::ask::{self, Answer};
use crate::commands::credential::flags;
use crate::commands::credential::given::{self, Given, What};
use crate::commands::secret_ref;
use crate::config::edit;
use crate::credentials::Place;
use crate::credentials::save::{Endpoint, Report, ToSave, save};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::provider::custom::{self, CustomProvider};
use crate::secret::Secret;
use crate::terminal::{Choice, style};

/// The variable that holds the key where no flag does; the TypeScript program's.
const VARIABLE: &str = "CUSTOM_API_KEY";
const RECIPE: &str = "printf %s \"$CUSTOM_API_KEY\" | fased onboard --auth-choice custom-api-key --custom-base-url https://llm.example.com/anthropic --custom-model-id claude-sonnet-5 --custom-api-key-stdin";

/// Whether the flags are about another endpoint.
pub(super) fn is_wanted(args: &OnboardArgs) -> Result<bool, Failure> {
    let is_flagged = args.custom_base_url.is_some()
        || args.custom_model_id.is_some()
        || args.custom_api_key.is_some()
        || args.custom_api_key_stdin
        || args.custom_provider_id.is_some()
        || args.custom_compatibility.is_some();
    let is_anthropics = args.anthropic_api_key.is_some()
        || args.api_key_stdin
        || args.token.is_some()
        || args.token_stdin
        || args.token_provider.is_some()
        || args.token_expires_in.is_some();
    match args.auth_choice {
        Some(AuthChoice::Custom) | None if is_flagged && is_anthropics => {
            Err(Failure::usage("The --custom flags do not go with a credential of Anthropic.")
                .hint("run it twice, once for each provider"))
        }
        Some(AuthChoice::Custom) if is_anthropics => {
            Err(Failure::usage("--auth-choice custom-api-key does not go with a credential of Anthropic.")
                .hint("give the key of the endpoint with --custom-api-key-stdin"))
        }
        Some(AuthChoice::Custom) => Ok(true),
        Some(_) if is_flagged => {
            Err(Failure::usage("The --custom flags go with --auth-choice custom-api-key alone.")
                .hint("use --auth-choice custom-api-key, or leave the --custom flags out"))
        }
        _ => Ok(is_flagged),
    }
}

pub(super) fn run(ctx: &Ctx, args: &OnboardArgs, agent: Agent) -> Result<Exit, Failure> {
    refuse_other_protocols(args)?;
    let reference = secret_ref::of_flag(&args.reference)?;
    let gives_key = args.custom_api_key.is_some() || args.custom_api_key_stdin;
    if reference.is_some() && gives_key {
        return Err(Failure::usage("--secret-ref does not go with a credential that is given.")
            .hint("leave out one of the two"));
    }
    let may_ask = super::may_ask(ctx, args) && !gives_key && reference.is_none();
    if may_ask {
        interactive::greet(ctx, &agent)?;
        return converse(ctx, args, agent);
    }
    let (Some(base_url), Some(model)) = (&args.custom_base_url, &args.custom_model_id) else {
        return Err(Failure::usage(
            "--auth-choice custom-api-key needs --custom-base-url and --custom-model-id where nobody can be asked.",
        )
        .hint("give both, and the key best by a pipe")
        .command(RECIPE));
    };
    let provider = CustomProvider::new(base_url, model, args.custom_provider_id.as_deref())?;
    let (agent, place) = prepared(agent, args, &provider)?;
    let secret = if reference.is_some() { None } else { given_key(ctx, args)? };
    let of_given =
        |secret: &Secret| secret_ref::of_given(ctx, &args.reference, secret, "--custom-api-key", VARIABLE);
    let reference = match (reference, &secret) {
        (None, Some(secret)) => of_given(secret)?,
        (reference, _) => reference,
    };
    let what = match (&reference, &secret) {
        (Some(reference), _) => Some(What::Reference(reference)),
        (None, Some(secret)) => Some(What::Text(secret)),
        (None, None) => None,
    };
    let to_save = match what {
        Some(what) => {
            let given = Given {
                expected: Expected::ApiKey,
                what,
                verify: args.verify,
                follow: !args.skip_health,
                may_show_progress: !args.json,
                how: "onboard",
            };
            Some(given::prepare(ctx, &agent, &place, &given)?)
        }
        None if args.verify => {
            return Err(Failure::usage("--verify asks the endpoint with a key, and none is given.")
                .hint("give one, best by a pipe")
                .command(RECIPE));
        }
        None => None,
    };
    let report = write(ctx, &agent, &provider, to_save.as_ref(), args.set_default)?;
    report.tell(ctx, args.json)?;
    Ok(Exit::Ok)
}

/// Asks for what the flags do not say.
pub(super) fn converse(ctx: &Ctx, args: &OnboardArgs, agent: Agent) -> Result<Exit, Failure> {
    let base_url = match &args.custom_base_url {
        Some(text) => custom::checked_base_url(text)?,
        None => until(ctx, "Base URL, like https://llm.example.com/anthropic", None, |text| {
            custom::checked_base_url(text)
        })?,
    };
    let model = match &args.custom_model_id {
        Some(text) => custom::checked_model(text)?.to_owned(),
        None => until(ctx, "Model id, as the endpoint knows it", None, |text| {
            custom::checked_model(text).map(str::to_owned)
        })?,
    };
    let id = match &args.custom_provider_id {
        Some(text) => custom::checked_id(text)?,
        None => until(ctx, "Name of the provider", Some(&custom::id_of(&base_url)), custom::checked_id)?,
    };
    let provider = CustomProvider::new(base_url.as_str(), &model, Some(&id))?;
    let (agent, place) = prepared(agent, args, &provider)?;
    let verify = !args.skip_health;
    let answer = match secret_ref::is_wanted(&args.reference) {
        true => Some(ask::reference(ctx, &agent, provider.id(), Expected::ApiKey, verify)?),
        false => ask::key_or_none(ctx, &agent, provider.id(), verify)?,
    };
    let mut to_save = None;
    if let Some(Answer { held, verified }) = answer {
        let mut new = ToSave::of_secret(Expected::ApiKey, held, &place, None, "onboard");
        new.accepted_by_the_api(verified.map(|verified| verified.status));
        ask::choose_place(ctx, &agent, &mut new)?;
        to_save = Some(new);
    }
    let set_default = args.set_default || wants_as_default(ctx, &agent, &provider)?;
    let report = write(ctx, &agent, &provider, to_save.as_ref(), set_default)?;
    report.tell_in_conversation(ctx);
    let model = if set_default { String::new() } else { format!(" --model {}", provider.model()) };
    interactive::say_what_is_next(ctx, &agent, &model);
    Ok(Exit::Ok)
}

/// Asks until there is an answer that can be used.
fn until<T>(
    ctx: &Ctx,
    question: &str,
    usual: Option<&str>,
    check: impl Fn(&str) -> Result<T, custom::CustomProviderError>,
) -> Result<T, Failure> {
    loop {
        let typed = ctx.terminal.ask_text(question, usual)?;
        match check(&typed) {
            Ok(value) => return Ok(value),
            Err(error) => {
                let message = Failure::from(error).message;
                ctx.terminal.say(&format!("{} {message} Try again, or press Ctrl-C.", style::bad("✗")));
            }
        }
    }
}

fn wants_as_default(ctx: &Ctx, agent: &Agent, provider: &CustomProvider) -> Result<bool, Failure> {
    let model = provider.model();
    let present = crate::models::selection::AgentModels::of(&agent.selected.id, &agent.config)?.primary;
    if present == *model {
        return Ok(false);
    }
    let question = format!("Which model shall agent {} ask by default?", agent.selected.id);
    let choices = vec![
        Choice::new(false, &present.to_string(), "as now"),
        Choice::new(true, &model.to_string(), "the new one"),
    ];
    ctx.terminal.ask_choice(&question, choices)
}

/// The agent with the config as it will be, and where the key goes; whatever would refuse either does so here.
fn prepared(
    mut agent: Agent,
    args: &OnboardArgs,
    provider: &CustomProvider,
) -> Result<(Agent, Place), Failure> {
    provider.check(&agent.config)?;
    agent.config = provider.added_to(&agent.config);
    let id = args.profile_id.as_deref().map(|text| flags::profile_id(text, provider.id())).transpose()?;
    let taken = id.as_ref().filter(|_| !args.replace);
    enroll::check(provider.id(), CredentialType::ApiKey, taken, &agent.store)?;
    let place = Place {
        provider: provider.id().to_owned(),
        profile_id: id,
        usual_name: None,
        expires: Expiry::Unknown,
        replace: args.replace,
    };
    Ok((agent, place))
}

/// Writes the config, then the store, then the default model where that is wanted.
fn write(
    ctx: &Ctx,
    agent: &Agent,
    provider: &CustomProvider,
    to_save: Option<&ToSave>,
    set_default: bool,
) -> Result<Report, Failure> {
    let updated = edit::update(&ctx.paths, &ctx.env, ctx.clock.as_ref(), |edit| provider.put(edit))?;
    let endpoint = Endpoint {
        base_url: provider.base_url().to_owned(),
        model: provider.model().to_string(),
        config_path: ctx.paths.config().display().to_string(),
        changed: updated.is_changed(),
    };
    let mut report = match to_save {
        Some(to_save) => save(&agent.holder(ctx), to_save).map_err(|failure| match updated.is_changed() {
            true => failure.fact(format!("provider {} is in the config, without a key", provider.id())),
            false => failure,
        })?,
        None => Report::without_credential(&agent.holder(ctx), provider.id()),
    };
    report.note_endpoint(endpoint);
    if to_save.is_none() && !has_credentials(ctx, agent, provider)? {
        report.warn(format!(
            "There is no key for it yet: fased models auth login --provider {} --method api-key{}",
            provider.id(),
            agent.selected.flag()
        ));
    }
    if set_default {
        report.set_default_model(ctx, agent, provider.model())?;
    }
    Ok(report)
}

fn has_credentials(ctx: &Ctx, agent: &Agent, provider: &CustomProvider) -> Result<bool, Failure> {
    let (snapshot, state, _) = agent.read()?;
    let inputs = agent.inputs(ctx, &snapshot, &state, ctx.clock.now());
    Ok(ProviderAuth::survey(provider.id(), provider.model().model(), &inputs).has_credentials())
}

fn refuse_other_protocols(args: &OnboardArgs) -> Result<(), Failure> {
    let name = match args.custom_compatibility {
        None | Some(Compatibility::Anthropic) => return Ok(()),
        Some(Compatibility::OpenAi) => "Chat Completions",
        Some(Compatibility::OpenAiResponses) => "Responses",
    };
    Err(Failure::usage(format!(
        "OpenAI's {name} API is not spoken here; only endpoints of Anthropic's Messages API can be set up."
    ))
    .fact("many providers and gateways serve both, often under a path like /anthropic")
    .hint("name that address of it, and --custom-compatibility anthropic"))
}

/// The key from a flag, a pipe or, where nobody can be asked, the environment.
fn given_key(ctx: &Ctx, args: &OnboardArgs) -> Result<Option<Secret>, Failure> {
    if args.custom_api_key.is_some() {
        return Ok(args.custom_api_key.clone());
    }
    if args.custom_api_key_stdin {
        let may_show = !args.non_interactive && !args.json;
        return ctx.terminal.read_secret("API key", may_show).map(Some);
    }
    let secret = ctx.env.get(VARIABLE).map(Secret::new);
    if secret.is_some() {
        ctx.terminal.say(&style::dim(&format!("using {VARIABLE} of the environment")));
    }
    Ok(secret)
}

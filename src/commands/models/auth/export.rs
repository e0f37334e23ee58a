//! `fased models auth export`

use std::path::PathBuf;

use serde::Serialize;

use super::parse_id;
use crate::SCHEMA_VERSION;
use crate::auth::form::Form;
use crate::auth::neighbours::anthropic_profile::{Directory, ProfileName, ProfileNameError};
use crate::auth::neighbours::export::{self, Export, ExportError, Exported};
use crate::auth::notices::PLAN_CREDENTIALS;
use crate::auth::obtain::Obtainer;
use crate::auth::profile::{Credential, CredentialType, Material};
use crate::auth::resolve::{ProviderAuth, Source};
use crate::auth::{Profile, ProfileId};
use crate::cli::auth::{ExportArgs, ExportTarget};
use crate::commands::agent::Agent;
use crate::commands::notice;
use crate::config::SelectedAgent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure, no_credential};
use crate::models::catalog::Catalog;
use crate::provider;
use crate::terminal::style;
use crate::text::shell_word;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    schema_version: u32,
    agent_id: &'a str,
    profile_id: &'a ProfileId,
    to: &'static str,
    name: &'a str,
    config_path: PathBuf,
    credentials_path: PathBuf,
    expires_at: Option<i64>,
    /// Whether it is written again after every refresh; what is not refreshed is not.
    follows: bool,
    replaced: bool,
}

pub(super) fn run(ctx: &Ctx, agent: &Agent, args: &ExportArgs) -> Result<Exit, Failure> {
    let ExportTarget::AnthropicProfile = args.to;
    let id = parse_id(&args.profile, "--profile")?;
    // Anthropic's tools would send it to Anthropic.
    if id.provider() != "anthropic" {
        let message =
            format!("Profile \"{id}\" is of {}; Anthropic's tools read only Anthropic's.", id.provider());
        return Err(Failure::new(Exit::Usage, "export_refused", message).hint("name a profile of anthropic"));
    }
    let name: ProfileName = args
        .name
        .parse()
        .map_err(|error: ProfileNameError| Failure::usage(format!("The value of --name is {error}.")))?;
    let directory = Directory::of(&ctx.env, ctx.paths.home()).ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            "no_home",
            "There is no home directory that Anthropic's tools would look in.",
        )
        .hint("name the directory with ANTHROPIC_CONFIG_DIR")
    })?;
    let class = agent.primary_class()?;
    let (snapshot, state, _) = agent.read()?;
    let inputs = agent.inputs(ctx, &snapshot, &state, ctx.clock.now());
    let auth = ProviderAuth::survey(id.provider(), &class, &inputs);
    if let Some(profile) = snapshot.profiles.get(&id) {
        refuse_what_has_no_place(profile, agent)?;
    }
    let chosen = auth
        .choose(Some(&id))
        .map_err(|why| no_credential::failure(&why, &auth, &agent.selected, &inputs))?;
    let Source::Profile(profile) = chosen.source else { return Ok(Exit::NoUsableCredential) };
    let usual = Catalog::embedded().api().base_url.as_str();
    let base_url = provider::base_url("anthropic", &agent.config, &agent.env).filter(|url| *url != usual);
    let others: Vec<PathBuf> = SelectedAgent::all(&agent.config, &ctx.paths)
        .into_iter()
        .map(|other| other.dir)
        .filter(|dir| *dir != agent.selected.dir)
        .collect();
    let request = Export {
        directory: &directory,
        name: &name,
        profile: &id,
        store: &agent.store,
        others: &others,
        base_url,
        force: args.force,
    };
    export::check(&request).map_err(failure)?;
    let refresher = agent.refresher(ctx)?;
    let obtainer =
        Obtainer { references: inputs.references(), refresher: &refresher, programs: &ctx.programs };
    let obtained = ctx.block_on(async { Ok(obtainer.obtain(&chosen).await?) })?;
    if obtained.form == Form::ApiKey {
        return Err(no_place_for_keys(&id, agent));
    }
    if obtained.form == Form::PlanToken {
        notice::show_and_record(ctx, &PLAN_CREDENTIALS);
    }
    let written =
        export::export(&request, &obtained.secret, obtained.expires, &ctx.paths, ctx.clock.as_ref())
            .map_err(failure)?;
    let follows = matches!(profile.credential, Credential::OAuth { refresh: Some(_), .. });
    if args.json {
        let Exported { config, credentials, took_over } = written;
        ctx.terminal.answer_json(&Report {
            schema_version: SCHEMA_VERSION,
            agent_id: agent.selected.id.as_str(),
            profile_id: &id,
            to: "anthropic-profile",
            name: name.as_str(),
            config_path: config,
            credentials_path: credentials,
            expires_at: obtained.expires.map(|at| at.as_millisecond()),
            follows,
            replaced: took_over,
        })?;
    } else {
        let then = if follows { "It is written again after every refresh." } else { "It is not refreshed." };
        ctx.terminal.say(&format!(
            "{} Exported {id} as Anthropic's profile \"{name}\" in {}. {then}\nUse it: ANTHROPIC_PROFILE={}",
            style::good("✓"),
            ctx.paths.shown(directory.path()),
            shell_word(name.as_str()),
        ));
    }
    Ok(Exit::Ok)
}

fn refuse_what_has_no_place(profile: &Profile, agent: &Agent) -> Result<(), Failure> {
    match (profile.credential.kind(), profile.credential.material()) {
        (_, Material::Reference(_)) => Err(Failure::new(
            Exit::Usage,
            "export_refused",
            format!(
                "Profile \"{}\" refers to a secret that is kept elsewhere; it is not copied from there.",
                profile.id
            ),
        )
        .hint("let whoever keeps it hand it on")),
        (CredentialType::ApiKey, _) => Err(no_place_for_keys(&profile.id, agent)),
        _ => Ok(()),
    }
}

fn no_place_for_keys(id: &ProfileId, agent: &Agent) -> Failure {
    let message =
        format!("Profile \"{id}\" is an API key, which a profile of Anthropic's tools has no place for.");
    Failure::new(Exit::Usage, "export_refused", message)
        .hint("those tools read a key from the environment")
        .command(format!(
            "eval \"$(fased models auth token --env --profile {}{})\"",
            shell_word(id.as_str()),
            agent.selected.flag()
        ))
}

fn failure(error: ExportError) -> Failure {
    match error {
        ExportError::File(error) => error.into(),
        ExportError::Lock(error) => error.into(),
        ExportError::Store(error) => error.into(),
        ExportError::Gone(_) => {
            Failure::new(Exit::Failed, "changed", error.to_string()).hint("look at it, then run this again")
        }
        ExportError::Taken { .. } => Failure::new(Exit::Usage, "profile_taken", error.to_string())
            .hint("choose another --name, or add --force to lose what is there"),
    }
}

//! `fased gateway keys revoke`

use serde::Serialize;

use crate::SCHEMA_VERSION;
use crate::cli::GatewayKeysRevokeArgs;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::gateway::keys::ClientKey;
use crate::gateway::keys::file::{self, KeyError, KeyFile};
use crate::terminal::{Choice, style};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RevokeReport<'a> {
    schema_version: u32,
    name: &'a str,
    agent_id: &'a str,
    tail: &'a str,
    changed: bool,
}

pub(super) fn run(ctx: &Ctx, args: &GatewayKeysRevokeArgs) -> Result<Exit, Failure> {
    if !args.yes {
        confirm(ctx, args)?;
    }
    let key = file::revoke(&ctx.paths, ctx.clock.as_ref(), &args.name)?;
    if args.json {
        let ClientKey { name, agent, tail, .. } = &key;
        let agent_id = agent.as_str();
        let schema_version = SCHEMA_VERSION;
        ctx.terminal.answer_json(&RevokeReport { schema_version, name, agent_id, tail, changed: true })?;
    } else {
        ctx.terminal.say(&format!(
            "{} Revoked {} (…{}); programs that use it are refused from now on.",
            style::good("✓"),
            key.name,
            key.tail
        ));
    }
    Ok(Exit::Ok)
}

fn confirm(ctx: &Ctx, args: &GatewayKeysRevokeArgs) -> Result<(), Failure> {
    let file = KeyFile::read(&ctx.paths.gateway_keys())?;
    let Some(key) = file.get(&args.name) else {
        let known = file.keys.iter().map(|key| key.name.clone()).collect();
        return Err(KeyError::Unknown { name: args.name.clone(), known }.into());
    };
    let described = format!("of agent {}, ends in {}, made {}", key.agent, key.tail, key.created_at);
    if !ctx.terminal.can_prompt() || args.json {
        let json = if args.json { " --json" } else { "" };
        return Err(Failure::usage(format!("Revoking \"{}\" takes --yes where nobody is asked.", args.name))
            .fact(described)
            .hint("nothing was changed; to revoke it")
            .command(format!("fased gateway keys revoke {} --yes{json}", args.name)));
    }
    ctx.terminal.say(&format!("The client key {} is {described}.", args.name));
    let choices = vec![Choice::new(false, "Keep it", ""), Choice::new(true, "Revoke it", "")];
    match ctx.terminal.ask_choice(&format!("Revoke {}?", args.name), choices)? {
        true => Ok(()),
        false => Err(Failure::cancelled("Kept; nothing was written.")),
    }
}

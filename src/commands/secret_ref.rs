//! Storing where a credential is kept instead of the credential: from flags or by questions, and followed once before it is
//! stored, so that a reference that leads nowhere is noticed while somebody looks.

use super::agent::Agent;
use crate::auth::form::ANTHROPIC;
use crate::auth::intake::{self, Accepted, Expected, IntakeError};
use crate::auth::profile::SecretRef;
use crate::auth::reference::{BrokenReference, SecretRefError};
use crate::cli::{SecretInputMode, SecretRefArgs};
use crate::config::secrets::{FileMode, SecretProvider};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::secret::{Secret, SecretKind};
use crate::terminal::Choice;
use crate::text::one_line;

/// Whether a reference is to be stored.
pub(super) fn is_wanted(args: &SecretRefArgs) -> bool {
    args.secret_ref.is_some() || args.secret_input_mode == Some(SecretInputMode::Ref)
}

/// The reference of `--secret-ref`.
pub(super) fn of_flag(args: &SecretRefArgs) -> Result<Option<SecretRef>, Failure> {
    let Some(text) = &args.secret_ref else { return Ok(None) };
    if args.secret_input_mode == Some(SecretInputMode::Plaintext) {
        return Err(Failure::usage("--secret-ref does not go with --secret-input-mode plaintext.")
            .hint("leave out one of the two"));
    }
    // What was given is not repeated: it may be a credential.
    text.parse()
        .map(Some)
        .map_err(|error: SecretRefError| Failure::usage(format!("The value of --secret-ref is {error}.")))
}

/// The reference that a given text stands for: it is `${NAME}`, or, where a reference was asked for, what a variable of the
/// environment holds. `None` when the credential itself is to be stored.
pub(super) fn of_given(
    ctx: &Ctx,
    args: &SecretRefArgs,
    given: &Secret,
    flag: &str,
    variable: &str,
) -> Result<Option<SecretRef>, Failure> {
    match args.secret_input_mode {
        Some(SecretInputMode::Plaintext) => return Ok(None),
        None => return Ok(SecretRef::in_text(given)),
        Some(SecretInputMode::Ref) => {}
    }
    if let Some(reference) = SecretRef::in_text(given) {
        return Ok(Some(reference));
    }
    let held = ctx.env.get(variable).is_some_and(|value| value.trim() == given.expose().trim());
    if held {
        return Ok(Some(SecretRef::variable(variable)));
    }
    Err(Failure::usage(format!(
        "{flag} cannot be used with --secret-input-mode ref unless {variable} is set in the environment to the same value."
    ))
    .hint("say where it is kept: --secret-ref env:NAME, file:PROVIDER:/pointer or exec:PROVIDER:id"))
}

/// How a reference is checked before it is stored.
pub(super) struct Following {
    /// What it is to lead to.
    pub(super) expected: Expected,
    /// Whether it is followed; else only its place and id are looked at.
    pub(super) is_followed: bool,
    /// Whether the wait for a program is shown.
    pub(super) may_show_progress: bool,
}

/// Checks a reference before it is stored. Followed as a request would follow it, running its program where it has one, it
/// gives what it leads to, judged; else only its place and id are checked.
pub(super) fn check(
    ctx: &Ctx,
    agent: &Agent,
    reference: &SecretRef,
    provider: &str,
    following: &Following,
) -> Result<Option<Accepted>, Failure> {
    let Following { expected, is_followed, may_show_progress } = *following;
    let references = agent.references(ctx);
    let refused = |broken| Failure::of_reference(reference, &broken).fact("nothing was stored");
    references.check_place(reference).map_err(refused)?;
    if !is_followed {
        return Ok(None);
    }
    let spinner = (may_show_progress && reference.source == "exec")
        .then(|| ctx.terminal.spinner(&format!("Asking secret provider {} …", reference.provider)));
    let resolved = ctx.block_on(async { Ok(references.resolve(reference, &ctx.programs, None).await) });
    drop(spinner);
    let resolved = resolved.map_err(|_| Failure::cancelled("Cancelled; nothing was written."))?;
    let secret = resolved.map_err(|broken| match broken {
        BrokenReference::CannotSend { .. } => refused(broken),
        _ => refused(broken).fact("--skip-health stores a reference without following it"),
    })?;
    let accepted = intake::accept_for(provider, secret.expose(), expected);
    accepted.map(Some).map_err(|error| not_accepted(&error, reference))
}

fn not_accepted(error: &IntakeError, reference: &SecretRef) -> Failure {
    let failure = Failure::new(Exit::Usage, "credential_refused", error.to_string())
        .fact(format!("{reference} leads to it"))
        .fact("nothing was stored");
    match error {
        IntakeError::WrongKind { found: SecretKind::BearerToken, .. } => {
            failure.hint("add --auth-choice token to store it as a token")
        }
        IntakeError::WrongKind { .. } => failure.hint("add --auth-choice apiKey to store it as an API key"),
        _ => failure.hint("put an API key there, or name another place"),
    }
}

/// Asks a person where a credential is kept.
pub(super) fn ask(
    ctx: &Ctx,
    agent: &Agent,
    provider: &str,
    expected: Expected,
) -> Result<SecretRef, Failure> {
    let terminal = &ctx.terminal;
    let (what, variable) = match expected {
        Expected::ApiKey if provider != ANTHROPIC => ("API key", "CUSTOM_API_KEY"),
        Expected::ApiKey => ("API key", "ANTHROPIC_API_KEY"),
        Expected::SetupToken => ("token", "ANTHROPIC_OAUTH_TOKEN"),
    };
    let mut places = vec![Choice::new(None, "Environment variable", "")];
    for (name, provider) in &agent.config.secrets.providers {
        let (what, note) = match provider {
            SecretProvider::File(file) => ("File", &file.path),
            SecretProvider::Exec(program) => ("Program", &program.program),
            SecretProvider::Env | SecretProvider::Unknown => continue,
        };
        let label = format!("{what} of secret provider {}", one_line(name));
        places.push(Choice::new(Some((name, provider)), &label, &one_line(note)));
    }
    let place = terminal.ask_choice(&format!("Where is this {what} stored?"), places)?;
    let (source, provider, id) = match place {
        None => {
            let name = terminal.ask_text("Environment variable name", Some(variable))?;
            return Ok(SecretRef::variable(name.trim()));
        }
        Some((name, provider @ SecretProvider::File(file))) => {
            let id = match file.mode {
                FileMode::SingleValue => "value".to_owned(),
                FileMode::Json => terminal.ask_text("JSON pointer, like /anthropic/key", None)?,
            };
            (provider.source(), name, id)
        }
        Some((name, provider)) => {
            (provider.source(), name, terminal.ask_text("Id the program is asked for", None)?)
        }
    };
    Ok(SecretRef { source: source.to_owned(), provider: provider.clone(), id: id.trim().to_owned() })
}

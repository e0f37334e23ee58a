//! Failures as people and scripts meet them: one sentence, indented facts, a hint with commands that can be pasted, and
//! an exit code from the table below. Library errors become a [`Failure`] here, and here alone hints are added.

mod config_edit;
mod gateway;
mod ledger;
mod models;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::anthropic::{self, ApiErrorKind};
use crate::auth::enroll::EnrollError;
use crate::auth::federation::mint::MintError;
use crate::auth::oauth::refresh::RefreshError;
use crate::auth::oauth::token_endpoint::TokenError;
use crate::auth::obtain::ObtainError;
use crate::auth::profile::SecretRef;
use crate::auth::reference::BrokenReference;
use crate::auth::state::StateError;
use crate::auth::store::StoreError;
use crate::auth::wording::{self, Fix};
use crate::config::{AgentId, ConfigError};
use crate::models::refs::ModelRefError;
use crate::models::selection::ConfiguredModelError;
use crate::provider::ProviderError;
use crate::provider::custom::CustomProviderError;
use crate::storage::{FileError, LockError};
use crate::text::{capitalised, shell_word};

/// Exit codes. The same number stands in JSON errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Ok = 0,
    /// Failed; with `--check`, a credential is missing or expired.
    Failed = 1,
    /// With `--check`, a credential ends within a day.
    Expiring = 2,
    /// No usable credential.
    NoUsableCredential = 3,
    /// The provider refused or limited the request.
    Provider = 4,
    /// The network failed.
    Network = 5,
    /// Wrong usage.
    Usage = 64,
    /// Cancelled by the user.
    Cancelled = 130,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command did not succeed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What the process exits with.
    pub exit: Exit,
    /// A stable name of the failure.
    pub kind: &'static str,
    /// What happened to what, in a sentence.
    pub message: String,
    /// Facts that belong to it, one a line.
    pub facts: Vec<String>,
    /// What to do, in words.
    pub hint: Option<String>,
    /// What to do, as commands.
    pub commands: Vec<String>,
    /// More for scripts, by field name.
    pub details: Box<Map<String, Value>>,
}

impl Failure {
    /// A failure with nothing but its sentence.
    pub fn new(exit: Exit, kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            exit,
            kind,
            message: message.into(),
            facts: Vec::new(),
            hint: None,
            commands: Vec::new(),
            details: Box::default(),
        }
    }

    /// The command line was not understood or asks for something that cannot be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message)
    }

    /// The user left a prompt or pressed Ctrl-C.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(Exit::Cancelled, "cancelled", message)
    }

    /// The process was asked to end, whatever it was doing.
    pub fn terminated() -> Self {
        Self::new(Exit::Cancelled, "terminated", "Terminated.")
    }

    /// Whether it ends the process, and not only what is being done.
    pub fn ends_process(&self) -> bool {
        self.kind == "terminated"
    }

    /// A reference that is to be stored leads nowhere.
    pub fn of_reference(reference: &SecretRef, broken: &BrokenReference) -> Self {
        Self::new(
            Exit::NoUsableCredential,
            "secret_reference",
            format!("{reference} cannot be used: {broken}."),
        )
        .fix(wording::reference_fix(broken))
    }

    /// With a fact.
    #[must_use]
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.facts.push(fact.into());
        self
    }

    /// With a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With a command to run.
    #[must_use]
    pub fn command(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }

    /// With what mends it: advice becomes the hint where there is none yet.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.hint = self.hint.or(fix.advice);
        self.commands.extend(fix.commands);
        self
    }

    /// With a field for scripts.
    #[must_use]
    pub fn detail(mut self, name: &str, value: Value) -> Self {
        self.details.insert(name.to_owned(), value);
        self
    }

    /// The JSON document that stands for it on stdout.
    pub fn to_document(&self) -> impl Serialize + '_ {
        Document {
            schema_version: crate::SCHEMA_VERSION,
            error: Body {
                code: self.exit.code(),
                kind: self.kind,
                message: &self.message,
                facts: &self.facts,
                details: &self.details,
                hint: self.hint.as_deref(),
                commands: &self.commands,
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    schema_version: u32,
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    code: u8,
    kind: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    facts: &'a [String],
    #[serde(flatten)]
    details: &'a Map<String, Value>,
    hint: Option<&'a str>,
    commands: &'a [String],
}

/// Something a command met that no type foresees, with what was being done.
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Failed, "unexpected", format!("{}.", capitalised(&format!("{error:#}"))))
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        use std::io::ErrorKind;
        let failure = Self::new(Exit::Failed, "file", sentence(&error));
        match error.kind() {
            ErrorKind::PermissionDenied => failure
                .hint("check who owns it and its mode, or move the state with FASED_STATE_DIR")
                .command(format!("ls -ld {}", crate::text::shell_word(&error.path().display().to_string()))),
            ErrorKind::ReadOnlyFilesystem => {
                failure.hint("FASED_STATE_DIR moves the state to a writable place")
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
                failure.hint("nothing was lost; free some space and run it again").command("df -h")
            }
            ErrorKind::NotADirectory => {
                failure.hint("a part of that path is a file where a directory belongs; move it away")
            }
            ErrorKind::IsADirectory | ErrorKind::AlreadyExists => {
                failure.hint("something else has that name; move it away")
            }
            _ => failure,
        }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        match error {
            LockError::File(error) => error.into(),
            LockError::Held { .. } => Self::new(Exit::Failed, "locked", format!("{}.", sentence(&error)))
                .hint("it is released when that process ends; then run this again"),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::File(error) => error.into(),
            StoreError::Lock(error) => error.into(),
            StoreError::Unparsable { path, .. } => Self::new(Exit::Failed, "store_unparsable", message)
                .hint("mend it by hand, or move it away and add the credentials again")
                .command(move_away(&path)),
            StoreError::NotAStore { path, .. } => Self::new(Exit::Failed, "store_invalid", message)
                .hint("mend it by hand, or move it away and add the credentials again")
                .command(move_away(&path)),
            StoreError::NewerVersion { .. } => Self::new(Exit::Failed, "store_newer_version", message)
                .hint("use the program that wrote it, or another state directory (FASED_STATE_DIR)"),
            StoreError::Symlink { .. } => Self::new(Exit::Failed, "store_symlink", message)
                .hint("move the real file to its place, or point agents.list[].agentDir to its directory"),
        }
    }
}

fn move_away(path: &std::path::Path) -> String {
    let path = path.display().to_string();
    let (from, to) = (crate::text::shell_word(&path), crate::text::shell_word(&format!("{path}.bad")));
    format!("mv -n {from} {to}")
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        match error {
            StateError::File(error) => error.into(),
            StateError::Lock(error) => error.into(),
            StateError::Encode { .. } => Self::new(Exit::Failed, "state", sentence(&error)),
        }
    }
}

impl From<crate::auth::notices::NoticeError> for Failure {
    fn from(error: crate::auth::notices::NoticeError) -> Self {
        match error {
            crate::auth::notices::NoticeError::File(error) => error.into(),
            crate::auth::notices::NoticeError::Lock(error) => error.into(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::File(error) => error.into(),
            ConfigError::Invalid { ref path, .. } => {
                let message = format!("{}.", error.to_string().trim_end_matches('.'));
                Self::new(Exit::Failed, "config_invalid", message)
                    .hint("mend that line; nothing was changed")
                    .command(format!("\"$EDITOR\" {}", shell_word(&path.display().to_string())))
            }
        }
    }
}

impl From<ConfiguredModelError> for Failure {
    fn from(error: ConfiguredModelError) -> Self {
        Self::new(Exit::Failed, "config_invalid", format!("{}.", sentence(&error)))
            .hint("mend it there; nothing was changed")
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Client(error) => error.into(),
            ProviderError::BaseUrl { ref provider, .. } => {
                let message = format!("{}.", sentence(&error));
                Self::new(Exit::Usage, "base_url", message)
                    .hint(format!("it comes from models.providers.{provider}.baseUrl in the config"))
            }
            ProviderError::OtherApi { ref provider, .. } => Self::new(Exit::Failed, "other_api", error.to_string())
                .hint(format!("ask a model of another provider, or name an Anthropic-compatible address of {provider} and set its api to \"anthropic-messages\"")),
            ProviderError::NoBaseUrl { ref provider } => Self::new(Exit::Failed, "base_url", error.to_string())
                .hint("an Anthropic-compatible endpoint is set up by")
                .command(wording::endpoint_setup(provider, None, None)),
        }
    }
}

impl From<CustomProviderError> for Failure {
    fn from(error: CustomProviderError) -> Self {
        let message = format!("{}.", sentence(&error).trim_end_matches('.'));
        let usage = |kind| Self::new(Exit::Usage, kind, message.clone());
        match error {
            CustomProviderError::Edit(error) => error.into(),
            CustomProviderError::BaseUrl(_) => usage("base_url")
                .hint("give one like https://llm.example.com/anthropic; http is for this machine alone"),
            CustomProviderError::Id => usage("provider_id"),
            CustomProviderError::Anthropics => usage("provider_id")
                .hint("choose another id; a proxy of Anthropic's own API is set by models.providers.anthropic.baseUrl in the config, or ANTHROPIC_BASE_URL"),
            CustomProviderError::Model => usage("model_ref"),
            CustomProviderError::OtherAddress { id, .. } => usage("provider_taken")
                .fact("what is stored for it would go to the new address")
                .hint(format!("choose another --custom-provider-id, or change models.providers.{id}.baseUrl in the config on purpose")),
            CustomProviderError::OtherApi { .. } => {
                usage("provider_taken").hint("choose another --custom-provider-id")
            }
        }
    }
}

impl From<ModelRefError> for Failure {
    fn from(error: ModelRefError) -> Self {
        Self::new(Exit::Usage, "model_ref", sentence(&error))
            .hint("name a model as provider/model, or by an alias")
            .command("fased models list --all")
            .command("fased models aliases list")
    }
}

impl From<crate::config::agents::UnknownAgent> for Failure {
    fn from(error: crate::config::agents::UnknownAgent) -> Self {
        let known = error.known.iter().map(AgentId::as_str).collect::<Vec<_>>().join(", ");
        Self::new(Exit::Usage, "unknown_agent", error.to_string())
            .fact(format!("known agents: {known}"))
            .hint("name one of those, or add it")
            .command(format!("fased agents add {}", error.id))
    }
}

impl From<EnrollError> for Failure {
    fn from(error: EnrollError) -> Self {
        let message = error.to_string();
        match error {
            EnrollError::Store(error) => error.into(),
            EnrollError::OtherType { .. } | EnrollError::UnreadableEntry { .. } => {
                Self::new(Exit::Usage, "profile_taken", message)
                    .hint("choose another --profile-id, or add --replace to drop what is there")
            }
            EnrollError::OtherProvider { .. } | EnrollError::Id(_) => {
                Self::new(Exit::Usage, "profile_id", capitalised(&message))
            }
        }
    }
}

impl From<ObtainError> for Failure {
    fn from(error: ObtainError) -> Self {
        match error {
            ObtainError::Refresh(error) => error.into(),
            ObtainError::Mint { .. } => mint_failure(error),
            ObtainError::Reference { source: BrokenReference::Neighbour(ref broken), .. } => {
                let message = format!("{}.", sentence(&error));
                let failure = Self::new(Exit::NoUsableCredential, "secret_reference", message);
                let path = broken.path().map(|path| path.display().to_string());
                let failure = path.into_iter().fold(failure, Self::fact);
                failure.hint("mend what it refers to, or store another credential")
            }
            ObtainError::Reference { ref id, ref source } => {
                Self::new(Exit::NoUsableCredential, "secret_reference", format!("{}.", sentence(&error)))
                    .detail("profileId", id.as_str().into())
                    .fix(wording::reference_fix(source))
            }
            ObtainError::ConfigKey { ref source, .. } => {
                Self::new(Exit::NoUsableCredential, "secret_reference", format!("{}.", sentence(&error)))
                    .fix(wording::reference_fix(source))
            }
            ObtainError::Nothing { ref id } => {
                Self::new(Exit::NoUsableCredential, "secret_missing", format!("{}.", sentence(&error)))
                    .detail("profileId", id.as_str().into())
                    .hint("store a credential in its place")
            }
        }
    }
}

/// Exit code and hint follow what minting a token met.
fn mint_failure(error: ObtainError) -> Failure {
    let message = format!("{}.", sentence(&error));
    let ObtainError::Mint { id, source } = error else { return error.into() };
    let failure =
        |exit, kind| Failure::new(exit, kind, message.clone()).detail("profileId", id.as_str().into());
    match source {
        MintError::Endpoint(TokenError::Refused { status, .. }) => failure(Exit::Provider, "mint_refused")
            .detail("status", status.into())
            .hint("see whether the federation rule matches the identity token, and whether that has ended"),
        MintError::Endpoint(TokenError::NotSent(_) | TokenError::ReplyLost { .. }) => {
            failure(Exit::Network, "mint_failed").hint("run it again; nothing was used up")
        }
        MintError::Identity(_) => failure(Exit::NoUsableCredential, "secret_reference")
            .hint("mend what it refers to, or store another credential"),
        MintError::Setup(error) => error.into(),
        MintError::Lock(error) => error.into(),
    }
}

impl From<RefreshError> for Failure {
    fn from(error: RefreshError) -> Self {
        let message = format!("{}.", sentence(&error));
        match error {
            RefreshError::Store(error) => error.into(),
            RefreshError::Lock(error) => error.into(),
            RefreshError::Journal(error) => Self::from(error).fact("nothing was sent"),
            RefreshError::Setup(error) => error.into(),
            RefreshError::SignInAgain { id, .. } => Self::new(
                Exit::NoUsableCredential,
                "sign_in_again",
                message,
            )
            .detail("profileId", id.as_str().into())
            .hint("sign in again")
            .command(format!(
                "fased models auth login --provider anthropic --method anthropic-oauth --profile-id {}",
                crate::text::shell_word(id.as_str())
            )),
            RefreshError::NotRenewable { .. } => {
                Self::new(Exit::NoUsableCredential, "not_renewable", message)
            }
            RefreshError::Endpoint { id, source } => {
                let (exit, kind) = match source {
                    TokenError::Refused { .. } => (Exit::Provider, "refresh_refused"),
                    TokenError::NotSent(_) | TokenError::ReplyLost { .. } => {
                        (Exit::Network, "refresh_failed")
                    }
                };
                Self::new(exit, kind, message)
                    .detail("profileId", id.as_str().into())
                    .hint("run it again; the credential is kept")
            }
            RefreshError::Interrupted => {
                Self::new(Exit::Failed, "refresh_interrupted", message).hint("run it again")
            }
        }
    }
}

impl From<anthropic::Error> for Failure {
    fn from(error: anthropic::Error) -> Self {
        use anthropic::Error as E;
        let message = match &error {
            // The API's own words are quoted, not made into a sentence of ours.
            E::Api(_) => format!("The API answered: {error}"),
            _ => format!("{}.", capitalised(&error.to_string()).trim_end_matches('.')),
        };
        match &error {
            E::Api(api) => api_failure(api, message),
            E::InvalidBaseUrl { .. } | E::InsecureBaseUrl { .. } => {
                Self::new(Exit::Usage, "base_url", message).hint(
                    "it comes from models.providers.anthropic.baseUrl in the config, or ANTHROPIC_BASE_URL",
                )
            }
            E::RefusedHost { .. } => Self::new(Exit::Network, "host_refused", message)
                .hint("FASED_NETWORK=loopback is set; unset it to reach other machines"),
            E::SandboxCredential { .. } => Self::new(Exit::NoUsableCredential, "sandbox_credential", message)
                .hint("this key belongs to the sandbox; store a real one")
                .command("fased onboard --api-key-stdin"),
            E::BadHeader { .. } | E::InvalidProxy | E::Setup { .. } => {
                Self::new(Exit::Failed, "client_setup", message)
            }
            E::Connect { .. } => Self::new(Exit::Network, "connect", message)
                .hint("check the network, HTTPS_PROXY and the base URL, then run it again"),
            E::Timeout { .. } | E::Idle { .. } => {
                Self::new(Exit::Network, "timeout", message).hint("run it again; the API may be slow")
            }
            E::Cut { .. } => Self::new(Exit::Network, "cut", message).hint("run it again"),
            _ => Self::new(Exit::Provider, "response", message),
        }
    }
}

fn api_failure(api: &anthropic::ApiError, message: String) -> Failure {
    let mut failure = Failure::new(Exit::Provider, "api", message)
        .detail("status", api.status.into())
        .detail("type", api.error_type.as_str().into());
    if let Some(id) = &api.request_id {
        failure = failure.fact(format!("request {id}")).detail("requestId", id.as_str().into());
    }
    if let Some(after) = api.retry_after {
        failure = failure.detail("retryAfterSeconds", after.as_secs().into());
    }
    let wait = api.retry_after.map(|after| {
        crate::text::wait(jiff::SignedDuration::try_from(after).unwrap_or(jiff::SignedDuration::MAX))
    });
    match api.kind {
        ApiErrorKind::Authentication => failure.hint("the API does not accept this credential; replace it"),
        ApiErrorKind::Permission => {
            failure.hint("this credential may not do that; use another one or another model")
        }
        ApiErrorKind::Billing => failure.hint("add credits at https://platform.claude.com/settings/billing"),
        ApiErrorKind::RateLimit => match wait {
            Some(wait) => failure.hint(format!("wait {wait}, or use another credential or model")),
            None => failure.hint("wait, or use another credential or model"),
        },
        ApiErrorKind::Overloaded => failure.hint("the API is overloaded; run it again in a moment"),
        ApiErrorKind::NotFound => failure.hint("check the model's name").command("fased models status"),
        _ if api.status >= 500 => failure.hint("the API failed; run it again in a moment"),
        _ => failure,
    }
}

fn sentence(error: &impl std::fmt::Display) -> String {
    capitalised(&error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_carries_the_exit_code_and_all_that_was_said() {
        let failure = Failure::usage("No.").fact("f").hint("h").command("c").detail("x", 1.into());
        let document = serde_json::to_value(failure.to_document()).unwrap();
        assert_eq!(
            document,
            serde_json::json!({"schemaVersion": 1, "error": {"code": 64, "kind": "usage", "message": "No.",
                "facts": ["f"], "x": 1, "hint": "h", "commands": ["c"]}})
        );
    }
}

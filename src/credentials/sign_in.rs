//! A sign-in with a browser, as far as it is the same for whoever asked for it: how it begins, what becomes of the code and the
//! pair, and what is said when it fails. Nothing is written before there is a pair; from then on nothing keeps it from being
//! stored. Waiting for the code is left to those who can be waited with.

use std::time::Duration;

use serde_json::Value;

use super::check::Asked;
use super::save::{Report, ToSave, record, save};
use super::{Holder, Place};
use crate::anthropic::Authorization;
use crate::auth::form::Form;
use crate::auth::notices::Notice;
use crate::auth::oauth::sign_in::{Code, SignIn, SignInError, Way};
use crate::auth::oauth::token_endpoint::{SignedIn, TokenError};
use crate::auth::profile::CredentialType;
use crate::auth::store::{Edited, StoreError};
use crate::auth::verify::Accepted as Verified;
use crate::error::{Exit, Failure};
use crate::provider;
use crate::text::{capitalised, duration, shell_word};

/// How long a person may take when nothing else was said.
pub const USUAL_LIMIT: Duration = Duration::from_secs(5 * 60);

/// One sign-in that somebody asked for.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Whose credential it becomes.
    pub holder: Holder<'a>,
    /// Where it is to go.
    pub place: Place,
    /// Whether no browser is to be opened by this program.
    pub no_browser: bool,
    /// How long a person may take.
    pub limit: Duration,
    /// What asked for it, for the record of the verification.
    pub how: &'static str,
}

/// What is true of a pair from its exchange on.
pub fn stored(report: &Report) -> String {
    format!("stored as {}, not verified", report.id())
}

impl Attempt<'_> {
    /// Begins it.
    ///
    /// # Errors
    /// When an address of sign-in cannot be used; nothing was sent then.
    pub async fn begin(&self, way: Way) -> Result<SignIn, Failure> {
        let Holder { config, env, network, .. } = self.holder;
        let access = provider::oauth(config, env, network).map_err(setup)?;
        SignIn::begin(&access, way).await.map_err(|error| self.failure(error))
    }

    /// Exchanges the code and stores what comes back, without a step between the two. Returns what signs with it.
    ///
    /// # Errors
    /// When the code is not taken or the store cannot be written. Nothing is stored then.
    pub async fn finish(
        &self,
        notice: Option<&'static Notice>,
        sign_in: SignIn,
        code: Code,
    ) -> Result<(Report, Authorization), Failure> {
        let clock = self.holder.clock;
        // A store that cannot be written is found out while there is nothing to lose.
        self.holder.store.update(clock, |_| Ok::<_, StoreError>((Edited::No, ())))?;
        let signed_in = sign_in.exchange(code, clock).await.map_err(|error| self.failure(error))?;
        let report = self.store(notice, &signed_in)?;
        let access = &signed_in.pair.access;
        let form = Form::of(access, CredentialType::OAuth, None);
        Ok((report, provider::sign_with(form, access.clone())))
    }

    fn store(&self, notice: Option<&'static Notice>, signed_in: &SignedIn) -> Result<Report, Failure> {
        let saved =
            |place: &Place| save(&self.holder, &ToSave::of_sign_in(signed_in, place, notice, self.how));
        match saved(&self.place) {
            // Somebody else took the place meanwhile. There is room beside it.
            Err(failure) if failure.kind == "profile_taken" => {
                saved(&Place { profile_id: None, ..self.place.clone() })
            }
            saved => saved,
        }
    }

    /// Notes what the API said about a pair that is stored.
    ///
    /// # Errors
    /// When it does not take it, or could not be asked: the pair is kept all the same, and the failure says so.
    pub fn note(&self, report: &mut Report, asked: Asked) -> Result<Verified, Failure> {
        let record = |report: &mut Report, accepted, status| {
            let Some(id) = &report.profile_id else { return };
            if let Err(failure) = record(&self.holder, id, accepted, status, self.how) {
                let message = failure.message;
                report.warnings.push(format!("It cannot be recorded what the API says about it. {message}"));
            }
        };
        let failure = match asked {
            Asked::Accepted(verified) => {
                record(report, true, Some(verified.status));
                report.verified = true;
                return Ok(verified);
            }
            Asked::Refused(failure) => {
                let status = failure.details.get("status").and_then(Value::as_u64);
                record(report, false, status.and_then(|status| status.try_into().ok()));
                let failure = Failure { commands: vec![self.again()], ..failure };
                failure.hint("sign in again, or ask once more")
            }
            Asked::Unanswered(failure) => {
                Failure { commands: Vec::new(), ..failure }.hint("it is kept; ask again later")
            }
        };
        let (id, flag) = (shell_word(report.id()), self.holder.selected.flag());
        let failure = failure
            .fact(format!("{}, for agent {}", stored(report), self.holder.selected.id))
            .command(format!("fased models status --probe --probe-profile {id}{flag}"));
        Err(report.in_detail(failure))
    }

    /// The line that signs in to the same place.
    fn again(&self) -> String {
        let id = self.place.profile_id.as_ref();
        let id = id.map(|id| format!(" --profile-id {}", shell_word(id.as_str()))).unwrap_or_default();
        let flag = self.holder.selected.flag();
        let no_browser = if self.no_browser { " --no-browser" } else { "" };
        format!("fased models auth login --provider anthropic --method anthropic-oauth{id}{flag}{no_browser}")
    }

    /// The line that stores an API key instead.
    fn with_a_key(&self) -> String {
        let flag = self.holder.selected.flag();
        format!("fased models auth login --provider anthropic --method api-key{flag}")
    }

    /// Nobody finished it in time.
    pub fn too_late(&self) -> Failure {
        let limit = self.limit;
        let limit = match jiff::SignedDuration::try_from(limit) {
            Ok(limit) if limit.as_secs() > 0 => duration(limit),
            _ => format!("{limit:?}"),
        };
        Failure::new(Exit::Failed, "sign_in_timeout", format!("The sign-in was not finished within {limit}."))
            .fact("nothing was stored")
            .hint("start again, with more time")
            .command(format!("{} --timeout {}", self.again(), longer_than(self.limit)))
    }

    /// What is said of an error, with the way out.
    pub fn failure(&self, error: SignInError) -> Failure {
        let text = format!("{}.", capitalised(&error.to_string()));
        let failure = match error {
            SignInError::Setup(error) => return setup(error),
            SignInError::Random(_) => return Failure::new(Exit::Failed, "random", text),
            SignInError::Paste(_) => Failure::new(Exit::Usage, "not_a_code", text)
                .hint("start again, and give the code that is shown in the end"),
            SignInError::WrongState => Failure::new(Exit::Failed, "sign_in_state", text)
                .hint("close the pages of earlier sign-ins, and start again"),
            SignInError::Denied { error } => Failure::new(Exit::Provider, "sign_in_denied", text)
                .detail("reason", error.into())
                .hint("start again and approve it, or use an API key"),
            SignInError::Exchange(cause) => {
                let exit = match cause {
                    TokenError::Refused { .. } => Exit::Provider,
                    TokenError::NotSent(_) | TokenError::ReplyLost { .. } => Exit::Network,
                };
                let hint = match cause.is_invalid_grant() {
                    true => "a code is good once, and for a few minutes; start again",
                    false => "start again",
                };
                Failure::new(exit, "sign_in_exchange", text).hint(hint)
            }
        };
        let was_denied = failure.kind == "sign_in_denied";
        let failure = failure.fact("nothing was stored").command(self.again());
        if was_denied { failure.command(self.with_a_key()) } else { failure }
    }
}

/// Twice the time, as --timeout takes it: never less than the usual one, nor more than the longest.
fn longer_than(limit: Duration) -> String {
    let minutes = limit.as_secs().div_ceil(60).saturating_mul(2).clamp(10, 24 * 60);
    format!("{minutes}m")
}

/// An address of sign-in cannot be used.
fn setup(error: crate::anthropic::Error) -> Failure {
    let failure = Failure::from(error);
    match failure.kind {
        "base_url" => failure.hint("it comes from models.providers.anthropic.oauth in the config"),
        _ => failure,
    }
}

//! Signing in with a browser. The listener, the paste, the limit of time and Ctrl-C are waited for at once, and the first
//! of them counts. Nothing is written before there is a pair; from then on nothing keeps it from being stored.

use std::time::Duration;

use serde_json::Value;

use super::check::{Asked, ask_api};
use super::save::{Report, ToSave, record, save};
use super::{Place, plan_notice};
use crate::anthropic::Authorization;
use crate::auth::enroll::{self, EnrollError};
use crate::auth::form::{ANTHROPIC, Form};
use crate::auth::notices::Notice;
use crate::auth::oauth::sign_in::{Code, SignIn, SignInError, Way};
use crate::auth::oauth::token_endpoint::{SignedIn, TokenError};
use crate::auth::profile::CredentialType;
use crate::auth::store::{Edited, StoreError};
use crate::auth::verify::Accepted as Verified;
use crate::commands::agent::Agent;
use crate::ctx::{Ctx, Interrupted};
use crate::error::{Exit, Failure};
use crate::provider;
use crate::terminal::{Choice, PasteBox, browser, style};
use crate::text::{capitalised, duration, shell_word};

/// How long a person may take when nothing else was said.
pub(in crate::commands) const USUAL_LIMIT: Duration = Duration::from_secs(5 * 60);

/// How a sign-in is to go.
pub(in crate::commands) struct Manner {
    pub(in crate::commands) no_browser: bool,
    /// How long a person may take.
    pub(in crate::commands) limit: Duration,
    /// Whether the API is asked afterwards.
    pub(in crate::commands) verify: bool,
    pub(in crate::commands) json: bool,
    /// The command, for the record of the verification.
    pub(in crate::commands) how: &'static str,
}

/// One sign-in as the command line asks for it.
struct Attempt<'a> {
    ctx: &'a Ctx,
    agent: &'a Agent,
    place: Place,
    manner: &'a Manner,
}

/// Signs in, stores the pair and asks the API about it. Also tells what the API said, when it was asked.
pub(in crate::commands) fn run(
    ctx: &Ctx,
    agent: &Agent,
    place: &Place,
    manner: &Manner,
) -> Result<(Report, Option<Verified>), Failure> {
    let place = free_place(ctx, agent, place, manner)?;
    let attempt = Attempt { ctx, agent, place, manner };
    let notice = plan_notice(ctx);
    if notice.is_some() {
        ctx.terminal.say("");
    }
    let (sign_in, code) = ctx.block_on(attempt.wait()).map_err(|failure| match failure.exit {
        Exit::Cancelled => Failure::cancelled("Cancelled; nothing was written."),
        _ => failure,
    })?;
    let finish = attempt.finish(notice, sign_in, code);
    let ((report, authorization), interrupted) = ctx.see_through("the sign-in", finish)?;
    if interrupted == Interrupted::Yes {
        let words = format!("Cancelled; the sign-in is {}.", stored(&report));
        return Err(report.in_detail(Failure::cancelled(words)));
    }
    if manner.verify {
        let (report, verified) = attempt.verify(report, &authorization)?;
        Ok((report, Some(verified)))
    } else {
        Ok((report, None))
    }
}

/// What is true of a pair from its exchange on.
fn stored(report: &Report) -> String {
    format!("stored as {}, not verified", report.id())
}

/// The place of the pair, made sure of before anything is sent. Where an id holds a credential of another kind, a person
/// is asked and a script is refused.
fn free_place(ctx: &Ctx, agent: &Agent, place: &Place, manner: &Manner) -> Result<Place, Failure> {
    let id = place.profile_id.as_ref().filter(|_| !place.replace);
    let error = match enroll::check(ANTHROPIC, CredentialType::OAuth, id, &agent.store) {
        Ok(()) => return Ok(place.clone()),
        Err(error) => error,
    };
    let taken = matches!(error, EnrollError::OtherType { .. } | EnrollError::UnreadableEntry { .. });
    let Some(id) = id.filter(|_| taken && ctx.terminal.can_prompt() && !manner.json) else {
        return Err(error.into());
    };
    let replace = ctx.terminal.ask_choice(
        &format!("{error} What now?"),
        vec![
            Choice::new(false, "Keep it, and let the sign-in have a name of its own", ""),
            Choice::new(true, &format!("Replace the secret of {id}"), "the old one is gone then"),
        ],
    )?;
    let profile_id = place.profile_id.clone().filter(|_| replace);
    Ok(Place { profile_id, replace, ..place.clone() })
}

impl Attempt<'_> {
    /// Begins a sign-in and waits for its code.
    async fn wait(&self) -> Result<(SignIn, Code), Failure> {
        let (ctx, manner) = (self.ctx, self.manner);
        let access = provider::oauth(&self.agent.config, &self.agent.env, ctx.network).map_err(setup)?;
        let is_here = browser::is_here(&ctx.env);
        let way = if is_here { Way::Loopback } else { Way::CodePage };
        let sign_in = SignIn::begin(&access, way).await.map_err(|error| self.failure(error))?;
        let asks = ctx.terminal.can_prompt() && !manner.json;
        let piped = ctx.terminal.stdin_is_piped() && !ctx.terminal.stdin_gives_nothing();
        if !sign_in.is_listening() && !asks && !piped {
            return Err(self.nobody());
        }
        show_link(ctx, manner, &sign_in, is_here);
        let question = match sign_in.is_listening() {
            true => "Waiting for the browser. Or paste the code, or the address it ends at (not shown): ",
            false => "Paste the code shown after sign-in (not shown here): ",
        };
        if !asks {
            ctx.terminal.say(match sign_in.is_listening() {
                true => "Waiting for the browser.",
                false => "Waiting for the code on standard input.",
            });
        }
        let mut pastes = match asks || ctx.terminal.stdin_is_piped() {
            true => Some(ctx.terminal.paste_box(question)?),
            false => None,
        };
        let code = tokio::time::timeout(manner.limit, async {
            tokio::select! {
                code = sign_in.callback() => code.map_err(|error| self.failure(error)),
                code = self.pasted(&mut pastes, &sign_in, question) => code,
            }
        });
        let code = code.await;
        // Before anything is said: the terminal is as it was then.
        drop(pastes);
        let code = code.map_err(|_| self.too_late())??;
        Ok((sign_in, code))
    }

    /// Waits for a paste that is a code. What is none is named: to a person, who may try again, or as the failure of a
    /// pipe.
    async fn pasted(
        &self,
        pastes: &mut Option<PasteBox>,
        sign_in: &SignIn,
        question: &str,
    ) -> Result<Code, Failure> {
        let terminal = self.ctx.terminal;
        while let Some(pastes) = pastes {
            let Some(text) = pastes.next().await else { break };
            match sign_in.pasted(&text) {
                Err(error @ SignInError::Paste(_)) if pastes.is_a_person() => {
                    let named = self.failure(error).message;
                    terminal.say(&format!("{} {named} Try again, or press Ctrl-C.", style::bad("✗")));
                    pastes.ask_again(terminal, question);
                }
                taken => return taken.map_err(|error| self.failure(error)),
            }
        }
        if sign_in.is_listening() {
            return std::future::pending().await;
        }
        Err(self.nobody())
    }

    /// Neither a browser nor a person can bring the code.
    fn nobody(&self) -> Failure {
        let flag = self.agent.selected.flag();
        let message =
            "No code can arrive: nobody is there to paste it, and no browser on this machine could bring it.";
        Failure::usage(message)
            .hint("run it on a terminal, or store a token or key by a pipe")
            .command(format!("printf %s \"$CLAUDE_SETUP_TOKEN\" | fased models auth paste-token --provider anthropic{flag}"))
            .command(format!("printf %s \"$ANTHROPIC_API_KEY\" | fased models auth login --provider anthropic --method api-key{flag}"))
    }

    /// Exchanges the code and stores what comes back, without a step between the two. Returns what signs with it.
    async fn finish(
        &self,
        notice: Option<&'static Notice>,
        sign_in: SignIn,
        code: Code,
    ) -> Result<(Report, Authorization), Failure> {
        let clock = self.ctx.clock.as_ref();
        // A store that cannot be written is found out while there is nothing to lose.
        self.agent.store.update(clock, |_| Ok::<_, StoreError>((Edited::No, ())))?;
        let signed_in = sign_in.exchange(code, clock).await.map_err(|error| self.failure(error))?;
        let report = self.store(notice, &signed_in)?;
        let access = &signed_in.pair.access;
        let form = Form::of(access, CredentialType::OAuth, None);
        Ok((report, provider::sign_with(form, access.clone())))
    }

    fn store(&self, notice: Option<&'static Notice>, signed_in: &SignedIn) -> Result<Report, Failure> {
        let saved = |place: &Place| {
            save(self.ctx, self.agent, &ToSave::of_sign_in(signed_in, place, notice, self.manner.how))
        };
        match saved(&self.place) {
            // Somebody else took the place meanwhile. There is room beside it.
            Err(failure) if failure.kind == "profile_taken" => {
                saved(&Place { profile_id: None, ..self.place.clone() })
            }
            saved => saved,
        }
    }

    /// Asks the API about a pair that is stored, and records what it says.
    fn verify(
        &self,
        mut report: Report,
        authorization: &Authorization,
    ) -> Result<(Report, Verified), Failure> {
        let (ctx, agent, manner) = (self.ctx, self.agent, self.manner);
        let words = format!("the sign-in is {}", stored(&report));
        let asked = ask_api(ctx, agent, ANTHROPIC, authorization, !manner.json, &words)?;
        let record = |report: &mut Report, accepted, status| {
            let Some(id) = &report.profile_id else { return };
            if let Err(failure) = record(ctx, agent, id, accepted, status, manner.how) {
                let message = failure.message;
                report.warnings.push(format!("It cannot be recorded what the API says about it. {message}"));
            }
        };
        let failure = match asked {
            Asked::Accepted(verified) => {
                record(&mut report, true, Some(verified.status));
                report.verified = true;
                return Ok((report, verified));
            }
            Asked::Refused(failure) => {
                let status = failure.details.get("status").and_then(Value::as_u64);
                record(&mut report, false, status.and_then(|status| status.try_into().ok()));
                let failure = Failure { commands: vec![self.again()], ..failure };
                failure.hint("sign in again, or ask once more")
            }
            Asked::Unanswered(failure) => {
                Failure { commands: Vec::new(), ..failure }.hint("it is kept; ask again later")
            }
        };
        report.tell_warnings(ctx);
        let (id, flag) = (shell_word(report.id()), agent.selected.flag());
        let failure = failure
            .fact(format!("{}, for agent {}", stored(&report), agent.selected.id))
            .command(format!("fased models status --probe --probe-profile {id}{flag}"));
        Err(report.in_detail(failure))
    }

    /// The line that signs in to the same place.
    fn again(&self) -> String {
        let id = self.place.profile_id.as_ref();
        let id = id.map(|id| format!(" --profile-id {}", shell_word(id.as_str()))).unwrap_or_default();
        let flag = self.agent.selected.flag();
        let no_browser = if self.manner.no_browser { " --no-browser" } else { "" };
        format!("fased models auth login --provider anthropic --method anthropic-oauth{id}{flag}{no_browser}")
    }

    /// The line that stores an API key instead.
    fn with_a_key(&self) -> String {
        let flag = self.agent.selected.flag();
        format!("fased models auth login --provider anthropic --method api-key{flag}")
    }

    fn too_late(&self) -> Failure {
        let limit = self.manner.limit;
        let limit = match jiff::SignedDuration::try_from(limit) {
            Ok(limit) if limit.as_secs() > 0 => duration(limit),
            _ => format!("{limit:?}"),
        };
        Failure::new(Exit::Failed, "sign_in_timeout", format!("The sign-in was not finished within {limit}."))
            .fact("nothing was stored")
            .hint("start again, with more time")
            .command(format!("{} --timeout {}", self.again(), longer_than(self.manner.limit)))
    }

    fn failure(&self, error: SignInError) -> Failure {
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

fn show_link(ctx: &Ctx, manner: &Manner, sign_in: &SignIn, is_here: bool) {
    let terminal = &ctx.terminal;
    if let Some(error) = sign_in.why_not_listening() {
        let why = match error.kind() {
            std::io::ErrorKind::AddrInUse => "its port is in use".to_owned(),
            _ => error.to_string(),
        };
        terminal.say(&format!(
            "{} The browser cannot bring the code here ({why}), so it is to be pasted.",
            style::attention("!")
        ));
    }
    let opens = is_here && !manner.no_browser;
    terminal.say(match (opens, sign_in.is_listening()) {
        (true, _) => "Open this page to sign in (it opens by itself if it can):\n",
        (false, true) => "Open this page in a browser on this machine to sign in:\n",
        (false, false) => "Open this page in any browser, also on another machine, to sign in:\n",
    });
    terminal.say(&format!("{}\n", sign_in.link()));
    if opens && let Err(error) = browser::open(&ctx.env, sign_in.link()) {
        // The link stands there; that is enough to go on.
        tracing::debug!(%error, "no browser could be started");
    }
}

/// An address of sign-in cannot be used.
fn setup(error: crate::anthropic::Error) -> Failure {
    let failure = Failure::from(error);
    match failure.kind {
        "base_url" => failure.hint("it comes from models.providers.anthropic.oauth in the config"),
        _ => failure,
    }
}

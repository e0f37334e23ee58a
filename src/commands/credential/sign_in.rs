//! Signing in with a browser. The listener, the paste, the limit of time and Ctrl-C are waited for at once, and the first
//! of them counts. Nothing is written before there is a pair; from then on nothing keeps it from being stored.

use std::time::Duration;

use super::check::ask_api;
use super::plan_notice;
use crate::anthropic::Authorization;
use crate::auth::enroll::{self, EnrollError};
use crate::auth::form::ANTHROPIC;
use crate::auth::oauth::sign_in::{Code, SignIn, SignInError, Way};
use crate::auth::profile::CredentialType;
use crate::auth::verify::Accepted as Verified;
use crate::commands::agent::Agent;
use crate::credentials::Place;
use crate::credentials::save::Report;
use crate::credentials::sign_in::{Attempt, stored};
use crate::ctx::{Ctx, Interrupted};
use crate::error::{Exit, Failure};
use crate::terminal::{Choice, PasteBox, browser, style};

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

/// A sign-in that a command waits for.
struct Waiting<'a> {
    ctx: &'a Ctx,
    agent: &'a Agent,
    attempt: Attempt<'a>,
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
    let Manner { no_browser, limit, how, .. } = *manner;
    let attempt = Attempt { holder: agent.holder(ctx), place, no_browser, limit, how };
    let waiting = Waiting { ctx, agent, attempt, manner };
    let notice = plan_notice(ctx);
    if notice.is_some() {
        ctx.terminal.say("");
    }
    let (sign_in, code) = ctx.block_on(waiting.wait()).map_err(|failure| match failure.exit {
        Exit::Cancelled => Failure::cancelled("Cancelled; nothing was written."),
        _ => failure,
    })?;
    let finish = waiting.attempt.finish(notice, sign_in, code);
    let ((report, authorization), interrupted) = ctx.see_through("the sign-in", finish)?;
    if interrupted == Interrupted::Yes {
        let words = format!("Cancelled; the sign-in is {}.", stored(&report));
        return Err(report.in_detail(Failure::cancelled(words)));
    }
    if manner.verify {
        let (report, verified) = waiting.verify(report, &authorization)?;
        Ok((report, Some(verified)))
    } else {
        Ok((report, None))
    }
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

impl Waiting<'_> {
    /// Begins a sign-in and waits for its code.
    async fn wait(&self) -> Result<(SignIn, Code), Failure> {
        let (ctx, manner) = (self.ctx, self.manner);
        let is_here = browser::is_here(&ctx.env);
        let way = if is_here { Way::Loopback } else { Way::CodePage };
        let sign_in = self.attempt.begin(way).await?;
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
                code = sign_in.callback() => code.map_err(|error| self.attempt.failure(error)),
                code = self.pasted(&mut pastes, &sign_in, question) => code,
            }
        });
        let code = code.await;
        // Before anything is said: the terminal is as it was then.
        drop(pastes);
        let code = code.map_err(|_| self.attempt.too_late())??;
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
                    let named = self.attempt.failure(error).message;
                    terminal.say(&format!("{} {named} Try again, or press Ctrl-C.", style::bad("✗")));
                    pastes.ask_again(terminal, question);
                }
                taken => return taken.map_err(|error| self.attempt.failure(error)),
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

    /// Asks the API about a pair that is stored, and records what it says.
    fn verify(
        &self,
        mut report: Report,
        authorization: &Authorization,
    ) -> Result<(Report, Verified), Failure> {
        let (ctx, agent) = (self.ctx, self.agent);
        let words = format!("the sign-in is {}", stored(&report));
        let asked = ask_api(ctx, agent, ANTHROPIC, authorization, !self.manner.json, &words)?;
        match self.attempt.note(&mut report, asked) {
            Ok(verified) => Ok((report, verified)),
            Err(failure) => {
                report.tell_warnings(ctx);
                Err(failure)
            }
        }
    }
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

//! What is shown while an answer comes: its text on stdout, everything else on stderr.

use std::collections::HashSet;
use std::ops::ControlFlow;

use jiff::SignedDuration;

use crate::anthropic::{Delta, StreamEvent};
use crate::ask::Happening;
use crate::auth::ProfileId;
use crate::auth::form::Form;
use crate::auth::notices::PLAN_CREDENTIALS;
use crate::auth::resolve::{Candidate, Source};
use crate::auth::wording;
use crate::commands::agent::Agent;
use crate::commands::notice;
use crate::converse::Told;
use crate::ctx::Ctx;
use crate::error::Failure;
use crate::failover::wording as failover;
use crate::terminal::style;
use crate::text;

/// A credential that ends sooner than this is worth a line.
const WARN_BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How far an answer was shown, and what need not be told again.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) is_json: bool,
    /// Credentials whose end was told.
    ends_told: HashSet<ProfileId>,
    inside_line: bool,
    inside_thinking: bool,
    /// Why the answer could not be passed on.
    pub(super) failure: Option<Failure>,
    /// Why the secret of the last credential could not be had.
    unobtainable: Option<String>,
}

impl Shown {
    /// With JSON, text is not shown while it comes.
    pub(super) fn new(is_json: bool) -> Self {
        Self { is_json, ..Self::default() }
    }

    /// The next question begins; what is told once is still told.
    pub(super) fn begin(&mut self) {
        *self = Self { ends_told: std::mem::take(&mut self.ends_told), ..Self::new(self.is_json) };
    }

    pub(super) fn observe(&mut self, ctx: &Ctx, agent: &Agent, told: &Told<'_>) -> ControlFlow<()> {
        let happening = match told {
            Told::Warning(warning) => {
                ctx.terminal.say(&format!("{} {}", style::attention("!"), warning.message));
                return ControlFlow::Continue(());
            }
            Told::Happening(happening) => happening,
        };
        match happening {
            Happening::Using { credential, form, billing, .. } => {
                self.warn_of_end(ctx, agent, credential);
                if *form == Form::PlanToken {
                    notice::show_and_record(ctx, &PLAN_CREDENTIALS);
                }
                let outside = match &credential.source {
                    Source::Profile(_) => None,
                    Source::Env(variable, _) => Some(format!("{variable} of the environment")),
                    Source::Config(key) => Some(format!("{} of the config", key.place)),
                };
                if let Some(outside) = outside {
                    ctx.terminal.say(&style::dim(&format!("using {outside} ({})", billing.as_str())));
                }
            }
            // What takes over is told, or the failure is; an answer is shown as its pieces come.
            Happening::Failed { .. } | Happening::Begins { .. } => {}
            Happening::Unobtainable { error, .. } => self.unobtainable = Some(error.to_string()),
            Happening::Piece(event) => {
                if !self.is_json
                    && let Err(failure) = self.show(ctx, event)
                {
                    self.failure = Some(failure);
                    return ControlFlow::Break(());
                }
            }
            Happening::PassedOver { model, next } => {
                ctx.terminal.say(&format!("→ no credential can be used for {model} now; asking {next}"));
            }
            Happening::Context1mRefused { credential, model_class, until } => {
                let now = ctx.clock.now();
                ctx.terminal.say(&failover::context1m_refused(
                    credential.source.name(),
                    model_class,
                    *until,
                    now,
                ));
            }
            Happening::Failover { event, model_class } => {
                let trouble = self.unobtainable.take();
                let line = failover::line(event, trouble.as_deref(), model_class, ctx.clock.now());
                match line.strip_prefix("! ") {
                    Some(words) => ctx.terminal.say(&format!("{} {words}", style::attention("!"))),
                    None => ctx.terminal.say(&line),
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Text goes to stdout as it comes; thinking is shown to whoever watches.
    fn show(&mut self, ctx: &Ctx, event: &StreamEvent) -> Result<(), Failure> {
        let StreamEvent::ContentDelta { delta, .. } = event else { return Ok(()) };
        match delta {
            Delta::Thinking(text) if ctx.terminal.is_watched() => {
                self.inside_thinking = true;
                ctx.terminal.murmur(text);
            }
            Delta::Text(text) => {
                if std::mem::take(&mut self.inside_thinking) {
                    ctx.terminal.say("");
                }
                ctx.terminal.pass_on(text)?;
                self.inside_line = !text.ends_with('\n');
            }
            _ => {}
        }
        Ok(())
    }

    /// Whatever is said next begins on a line of its own.
    pub(super) fn end_line(&mut self, ctx: &Ctx) -> Result<(), Failure> {
        if std::mem::take(&mut self.inside_thinking) {
            ctx.terminal.say("");
        }
        if std::mem::take(&mut self.inside_line) { ctx.terminal.answer("\n") } else { Ok(()) }
    }

    /// Says once that the credential in use ends soon.
    fn warn_of_end(&mut self, ctx: &Ctx, agent: &Agent, chosen: &Candidate<'_>) {
        let (Source::Profile(profile), Some(ends)) = (&chosen.source, chosen.ends) else { return };
        let left = ends.duration_since(ctx.clock.now());
        if left <= WARN_BEFORE && self.ends_told.insert(profile.id.clone()) {
            let left = text::duration(left);
            let fix = wording::replacement(profile, agent.selected.named());
            ctx.terminal.say(&format!("{} {} ends in {left}", style::attention("!"), profile.id));
            fix.lines().iter().for_each(|line| ctx.terminal.say(&format!("  {line}")));
        }
    }
}

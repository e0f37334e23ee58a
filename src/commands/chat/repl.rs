//! A conversation on a terminal.

use super::{attachments, models, turn};
use crate::anthropic::ContentBlock;
use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::offer;
use crate::models::refs::ModelRef;
use crate::models::selection::AgentModels;
use crate::models::status::{StatusInputs, StatusReport};
use crate::provider;
use crate::sessions::slash::{self, Slash};
use crate::sessions::{ModelChoice, Session, SessionsDir, Totals};
use crate::storage;
use crate::terminal::{Line, chat, status, style};

const PROMPT: &str = "> ";

struct Repl<'a> {
    ctx: &'a Ctx,
    agent: Agent,
    args: &'a ChatArgs,
    /// The model that was named on the command line, for every session that begins here.
    choice: Option<ModelChoice>,
    session: Session,
    /// Files that go with the first question.
    attached: Vec<ContentBlock>,
}

pub(super) fn run(ctx: &Ctx, args: &ChatArgs) -> Result<Exit, Failure> {
    let attached = attachments::read(args)?;
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let choice =
        args.model.as_deref().map(|text| models::typed(text, "value of --model", &agent)).transpose()?;
    let mut session = super::session(ctx, &agent, args)?;
    models::apply_flags(ctx, args, choice.as_ref(), &mut session);
    storage::create_private_dir(ctx.paths.state())?;
    let mut editor = ctx.terminal.line_editor(ctx.paths.chat_history())?;
    let mut repl = Repl { ctx, agent, args, choice, session, attached };
    repl.greet()?;
    let mut is_leaving = false;
    loop {
        match editor.read(PROMPT)? {
            Line::End => break,
            Line::Terminated => {
                repl.part();
                return Ok(Exit::Cancelled);
            }
            Line::Interrupted if is_leaving => break,
            Line::Interrupted => {
                is_leaving = true;
                ctx.terminal.say(&style::dim("Ctrl-C again or Ctrl-D leaves."));
                continue;
            }
            Line::Text(line) if line.trim().is_empty() => {}
            Line::Text(line) => match slash::parse(&line) {
                Some(Slash::Quit) => break,
                Some(slash) => repl.obey(slash).unwrap_or_else(|failure| ctx.terminal.tell(&failure, false)),
                None => match repl.ask(&line) {
                    Err(failure) if failure.ends_process() => {
                        ctx.terminal.say("");
                        repl.part();
                        return Ok(failure.exit);
                    }
                    asked => asked?,
                },
            },
        }
        is_leaving = false;
    }
    repl.part();
    Ok(Exit::Ok)
}

impl Repl<'_> {
    fn ask(&mut self, line: &str) -> Result<(), Failure> {
        let mut question = self.attached.clone();
        question.push(ContentBlock::text(line.trim()));
        let turns = self.session.conversation().turns().len();
        match turn::ask(self.ctx, &self.agent, self.args, &mut self.session, question) {
            Ok(_) => {}
            Err(failure) if failure.ends_process() => return Err(failure),
            Err(failure) if failure.exit == Exit::Cancelled => {
                self.ctx.terminal.say(&style::dim("Interrupted."));
            }
            Err(failure) => self.ctx.terminal.tell(&failure, false),
        }
        // As long as nobody has read the files, they go with the next question.
        if self.session.conversation().turns().len() > turns {
            self.attached.clear();
        }
        self.ctx.terminal.answer("\n")
    }

    fn obey(&mut self, slash: Slash<'_>) -> Result<(), Failure> {
        let terminal = self.ctx.terminal;
        match slash {
            Slash::Model => terminal.say(&self.asked()?),
            Slash::ModelList => {
                let current = self.current()?;
                let offers = offer::known_offers(&self.agent.config, &current);
                terminal.answer(&chat::models(&offers, &current))?;
            }
            Slash::ModelStatus => self.status()?,
            Slash::ModelDefault => self.choose(ModelChoice::default())?,
            Slash::ModelSet(text) => self.choose(models::typed(text, "model", &self.agent)?)?,
            Slash::New => {
                let sessions = SessionsDir::of(&self.agent.selected.id, &self.ctx.paths);
                self.part();
                self.session = sessions.create(self.ctx.clock.now());
                models::apply_flags(self.ctx, self.args, self.choice.as_ref(), &mut self.session);
                terminal.say(&style::dim("A new session."));
            }
            Slash::Usage => terminal.say(&chat::totals(&Totals::of(self.session.conversation()))),
            Slash::Help => terminal.say(chat::help().trim_end()),
            Slash::Unknown { word, meant } => {
                let failure = Failure::usage(format!("There is no /{word}."));
                return Err(match meant {
                    Some(meant) => failure.hint(format!("did you mean {meant}?")),
                    None => failure
                        .hint("/help lists what there is; a line that begins with a space goes to the model"),
                });
            }
            Slash::Quit => {}
        }
        Ok(())
    }

    /// Says what this is, and how it goes on.
    fn greet(&self) -> Result<(), Failure> {
        let conversation = self.session.conversation();
        let session = match conversation.turns().len() {
            0 => "a new session".to_owned(),
            1 => format!("session {}, 1 question: {}", self.session.id(), conversation.title()),
            many => format!("session {}, {many} questions: {}", self.session.id(), conversation.title()),
        };
        let line = format!("{} · agent {} · {session} · /help", self.current()?, self.agent.selected.id);
        self.ctx.terminal.say(&style::dim(&line));
        Ok(())
    }

    /// Says how to come back.
    fn part(&self) {
        if self.session.is_kept() {
            let flag = self.agent.selected.flag();
            let line = format!("to go on with it: fased chat --session {}{flag}", self.session.id());
            self.ctx.terminal.say(&style::dim(&line));
        }
    }

    fn choose(&mut self, choice: ModelChoice) -> Result<(), Failure> {
        if let Some(model) = &choice.model {
            provider::check_api(model.provider(), &self.agent.config)?;
        }
        if let Some(profile) = &choice.profile {
            let (snapshot, ..) = self.agent.read()?;
            if !snapshot.profiles.contains_key(profile) {
                let flag = self.agent.selected.flag();
                let message = format!("No credentials found for profile \"{profile}\".");
                return Err(Failure::new(Exit::NoUsableCredential, "no_such_profile", message)
                    .hint("see what is stored")
                    .command(format!("fased models auth list{flag}")));
            }
        }
        self.session.choose(choice, self.ctx.clock.now());
        self.session.keep().map_err(|error| super::session_failure(error, &self.agent))?;
        self.ctx.terminal.say(&self.asked()?);
        Ok(())
    }

    /// Which model is asked, in words.
    fn asked(&self) -> Result<String, Failure> {
        let current = self.current()?;
        let choice = self.session.conversation().choice();
        Ok(match (&choice.model, &choice.profile) {
            (Some(_), Some(profile)) => {
                format!(
                    "This session asks {current} with {profile} and nothing else; /model default ends that."
                )
            }
            (Some(_), None) => format!("This session asks {current}; /model default returns to the agent's."),
            (None, _) => format!("This session asks {current}, the agent's primary model."),
        })
    }

    fn current(&self) -> Result<ModelRef, Failure> {
        let wanted = models::wanted(&self.agent, self.args, &self.session, &[])?;
        // There is always one; the primary stands in for the type.
        match wanted.models.into_iter().next() {
            Some(model) => Ok(model),
            None => Ok(AgentModels::of(&self.agent.selected.id, &self.agent.config)?.primary),
        }
    }

    fn status(&self) -> Result<(), Failure> {
        let (snapshot, state, state_findings) = self.agent.read()?;
        let now = self.ctx.clock.now();
        let report = StatusReport::make(&StatusInputs {
            auth: self.agent.inputs(self.ctx, &snapshot, &state, now),
            agent: &self.agent.selected,
            paths: &self.ctx.paths,
            store_path: self.agent.store.path(),
            model: Some(self.current()?),
            state_findings,
            probes: None,
        })?;
        let terminal = self.ctx.terminal;
        terminal.answer(&status::text(&report, &self.ctx.paths, now, terminal.width()))
    }
}

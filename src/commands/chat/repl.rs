//! A conversation on a terminal.

use super::shown::Shown;
use super::{attachments, models, turn};
use crate::anthropic::ContentBlock;
use crate::cli::ChatArgs;
use crate::commands::agent::Agent;
use crate::converse::Manner;
use crate::converse::choice::{self, Wanted};
use crate::ctx::Ctx;
use crate::error::{Exit, Failure};
use crate::models::offer;
use crate::models::refs::ModelRef;
use crate::models::status::{StatusInputs, StatusReport};
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
    /// Its role holds until a model is chosen.
    manner: Manner,
    shown: Shown,
    session: Session,
    /// Files that go with the first question.
    attached: Vec<ContentBlock>,
}

pub(super) fn run(ctx: &Ctx, args: &ChatArgs) -> Result<Exit, Failure> {
    let attached = attachments::read(args)?;
    let agent = Agent::select(ctx, args.agent.as_deref())?;
    let choice = models::of_flag(args, &agent)?;
    let mut session = super::session(ctx, &agent, args)?;
    models::apply_flags(ctx, args, choice.as_ref(), &mut session);
    storage::create_private_dir(ctx.paths.state())?;
    let mut editor = ctx.terminal.line_editor(ctx.paths.chat_history())?;
    let (manner, shown) = (turn::manner(args), Shown::new(args.json));
    let mut repl = Repl { ctx, agent, args, choice, manner, shown, session, attached };
    repl.greet();
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
        let Self { ctx, agent, manner, shown, session, .. } = self;
        match turn::ask(ctx, agent, manner, shown, session, question) {
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
            Slash::ModelSet(text) => self.choose(choice::typed(text, "model", &self.agent.config)?)?,
            Slash::New => {
                let sessions = SessionsDir::of(&self.agent.selected.id, &self.ctx.paths);
                self.part();
                self.session = sessions.create(self.ctx.clock.now());
                models::apply_flags(self.ctx, self.args, self.choice.as_ref(), &mut self.session);
                self.manner = turn::manner(self.args);
                terminal.say(&style::dim("A new session."));
            }
            Slash::Usage => terminal.say(&Totals::of(self.session.conversation()).in_words()),
            Slash::Help => terminal.say(chat::help().trim_end()),
            Slash::Unknown { word, meant } => return Err(Failure::of_slash(word, meant)),
            Slash::Quit => {}
        }
        Ok(())
    }

    /// Says what this is, and how it goes on.
    fn greet(&self) {
        let conversation = self.session.conversation();
        let session = match conversation.turns().len() {
            0 => "a new session".to_owned(),
            1 => format!("session {}, 1 question: {}", self.session.id(), conversation.title()),
            many => format!("session {}, {many} questions: {}", self.session.id(), conversation.title()),
        };
        let line = format!("agent {} · {session} · /help", self.agent.selected.id);
        let line = match self.current() {
            Ok(model) => format!("{model} · {line}"),
            Err(failure) => {
                self.ctx.terminal.tell(&failure, false);
                line
            }
        };
        self.ctx.terminal.say(&style::dim(&line));
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
        let (snapshot, ..) = self.agent.read()?;
        choice::check(&choice, &self.agent.selected, &self.agent.config, &snapshot)?;
        self.session.choose(choice, self.ctx.clock.now());
        self.manner.role = None;
        self.session.keep().map_err(|error| Failure::of_session(error, &self.agent.selected))?;
        self.ctx.terminal.say(&self.asked()?);
        Ok(())
    }

    /// Which model is asked, in words.
    fn asked(&self) -> Result<String, Failure> {
        Ok(self.wanted()?.in_words())
    }

    fn current(&self) -> Result<ModelRef, Failure> {
        Ok(self.wanted()?.first)
    }

    fn wanted(&self) -> Result<Wanted, Failure> {
        let Agent { selected, config, .. } = &self.agent;
        Wanted::by(&selected.id, config, self.session.conversation(), self.manner.role, &[])
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

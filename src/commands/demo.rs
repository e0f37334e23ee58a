//! `fased demo`: the tour. A sandbox on this machine, a throw-away state directory, and the shipped commands run one
//! after the other as a person would type them. Nothing of it is staged: every line comes from the command itself.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::sandbox::KEY;
use crate::SCHEMA_VERSION;
use crate::cli::DemoArgs;
use crate::ctx::Ctx;
use crate::env::Env;
use crate::error::{Exit, Failure};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::terminal::style;
use crate::text::shell_word;

/// Time between two pieces of an answer, so that one can see it stream.
const EVENT_DELAY: Duration = Duration::from_millis(15);
/// A key the sandbox takes for three requests, its verification and two questions. It holds nothing secret.
const LIMITED_KEY: &str = "sk-ant-api03-sandbox-fault-rate-limit-after-3-0000000000000000-key2";
/// Variables that only say how things look.
const LOOKS: [&str; 8] =
    ["COLUMNS", "NO_COLOR", "CLICOLOR_FORCE", "TERM", "TZ", "LC_ALL", "LC_CTYPE", "LANG"];

/// One command of the tour.
struct Step {
    title: &'static str,
    /// The command as a person would type it.
    shown: String,
    arguments: Vec<String>,
    after: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    schema_version: u32,
    steps: Vec<StepReport>,
}

#[derive(Serialize)]
struct StepReport {
    title: &'static str,
    command: String,
    answer: Box<RawValue>,
}

pub(super) fn run(ctx: &Ctx, args: DemoArgs) -> Result<Exit, Failure> {
    // The sandbox comes first: from its start on signals no longer end the process, so whatever is made is removed.
    let sandbox = BackgroundSandbox::start(ctx)?;
    let room = tempfile::Builder::new()
        .prefix("fased-demo-")
        .tempdir()
        .context("cannot make a throw-away directory for the demo")?;
    let (result, report) = match args.json {
        true => match report(ctx, room.path(), &sandbox) {
            Ok(report) => (Ok(Exit::Ok), Some(report)),
            Err(failure) => (Err(failure), None),
        },
        false => (tour(ctx, room.path(), &sandbox), None),
    };
    sandbox.stop();
    let removed = room.close();
    let exit = result?;
    removed.context("cannot clean up after the demo")?;
    if let Some(report) = report {
        ctx.terminal.answer_json(&report)?;
        return Ok(exit);
    }
    ctx.terminal.answer(&format!(
        "\n{}\n\n  fased onboard                 the real thing, with a key of yours\n  fased chat \"hello\"            ask Claude\n",
        style::strong("That was it. The sandbox has ended and its state is removed.")
    ))?;
    Ok(exit)
}

fn tour(ctx: &Ctx, room: &Path, sandbox: &BackgroundSandbox) -> Result<Exit, Failure> {
    let stage = stage(ctx, room, &sandbox.url)?;
    let steps = steps();
    let count = steps.len();
    for (index, step) in steps.into_iter().enumerate() {
        ctx.terminal.answer(&format!(
            "\n{}\n{} {}\n",
            style::strong(&format!("{}/{count}  {}", index + 1, step.title)),
            style::dim("$"),
            step.shown
        ))?;
        let arguments = ["fased".to_owned()].into_iter().chain(step.arguments).map(OsString::from);
        let exit = super::main(&stage, arguments);
        if sandbox.was_interrupted() || exit == Exit::Cancelled {
            return Err(interrupted());
        }
        if exit != Exit::Ok {
            return Err(stopped(exit));
        }
        if !step.after.is_empty() {
            ctx.terminal.answer(&format!("{}\n", style::dim(step.after)))?;
        }
    }
    Ok(Exit::Ok)
}

/// The same tour for scripts: every command is asked for its document by a process of its own, because it would write it to
/// standard output.
fn report(ctx: &Ctx, room: &Path, sandbox: &BackgroundSandbox) -> Result<Report, Failure> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let mut reports = Vec::new();
    for step in steps() {
        let command = format!("{} --json", step.shown);
        let mut child = Command::new(&program);
        child.args(&step.arguments).arg("--json").env_clear().envs(variables(ctx, room, &sandbox.url));
        let output = child.stdin(Stdio::null()).output().context("cannot run a command of the demo")?;
        if sandbox.was_interrupted() {
            return Err(interrupted());
        }
        let answer = serde_json::from_slice(&output.stdout);
        match (output.status.success(), answer) {
            (true, Ok(answer)) => reports.push(StepReport { title: step.title, command, answer }),
            _ => return Err(stopped(Exit::Failed).fact(command)),
        }
    }
    Ok(Report { schema_version: SCHEMA_VERSION, steps: reports })
}

fn interrupted() -> Failure {
    Failure::cancelled("Cancelled; the sandbox and its state are gone.")
}

fn stopped(exit: Exit) -> Failure {
    Failure::new(exit, "demo", "The demo stopped at that command.")
        .hint("this should not happen; please report it with the lines above")
}

/// A context made from nothing but the sandbox's address and a directory.
fn stage(ctx: &Ctx, room: &Path, url: &str) -> Result<Ctx, Failure> {
    Ctx::new(Env::from_pairs(variables(ctx, room, url)), None, ctx.terminal.for_show())
}

fn variables(ctx: &Ctx, room: &Path, url: &str) -> Vec<(String, String)> {
    let looks = LOOKS.iter().filter_map(|name| Some(((*name).to_owned(), ctx.env.get(name)?.to_owned())));
    let own = [
        ("FASED_STATE_DIR", room.join(".fased").display().to_string()),
        ("FASED_HOME", room.display().to_string()),
        ("FASED_NETWORK", "loopback".to_owned()),
        ("ANTHROPIC_BASE_URL", url.to_owned()),
    ];
    looks.chain(own.map(|(name, value)| (name.to_owned(), value))).collect()
}

fn steps() -> Vec<Step> {
    let handbook: String = (1..=90)
        .map(|n| {
            format!("Rule {n}: answer shortly, name the source, and say so when something is not known.\n")
        })
        .collect();
    let ask = |title, question: &str, after| Step {
        title,
        shown: format!("fased chat --session tour --system \"$(cat handbook.txt)\" {}", shell_word(question)),
        arguments: ["chat", "--session", "tour", "--system", &handbook, question].map(str::to_owned).into(),
        after,
    };
    let run = |title, command: &str| Step {
        title,
        shown: format!("fased {command}"),
        arguments: command.split(' ').map(str::to_owned).collect(),
        after: "",
    };
    vec![
        run(
            "Store a key (this one belongs to the sandbox, and its limit is two questions)",
            &format!("onboard --anthropic-api-key {LIMITED_KEY} --verify"),
        ),
        run(
            "And another one, for when the first is at its limit",
            &format!("onboard --anthropic-api-key {KEY} --profile-id anthropic:spare"),
        ),
        run("See what is stored, and whether it works", "models status"),
        ask(
            "Ask a question below a long system prompt",
            "What does Fased keep for me?",
            "The system prompt was written to the prompt cache; the last line is the receipt.",
        ),
        ask(
            "Ask again: what was said so far now comes from the cache",
            "And who pays?",
            "The input was read from the cache this time, at a tenth of its price.",
        ),
        ask(
            "Ask a third time: the first key is at its limit, and the next one answers",
            "What if a key fails?",
            "Nothing was asked twice, and the first key is left alone until it can be used again.",
        ),
        run("See what the cache did, and why it did not do more", "cache explain"),
        run("See what it took", "usage --by profile"),
    ]
}

/// The sandbox on a thread of its own, so that commands run here as they always do. It also listens for signals: once
/// a runtime has asked for them they no longer end the process, and the demo must clean up before it ends.
struct BackgroundSandbox {
    url: String,
    interrupted: Arc<AtomicBool>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl BackgroundSandbox {
    fn start(ctx: &Ctx) -> Result<Self, Failure> {
        let failed =
            |what: &str| Failure::new(Exit::Failed, "demo", format!("Cannot start the sandbox: {what}."));
        let mut options = SandboxOptions::new(Arc::clone(&ctx.clock));
        options.event_delay = EVENT_DELAY;
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        let (stop, stopped) = oneshot::channel();
        let (report, started) = std::sync::mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(&error.to_string()))?;
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                let asked_to_end = crate::terminal::asked_to_end();
                match Sandbox::start(options).await {
                    Err(error) => drop(report.send(Err(error.to_string()))),
                    Ok(sandbox) => {
                        drop(report.send(Ok(sandbox.url())));
                        tokio::select! {
                            _ = stopped => {}
                            _ = asked_to_end => flag.store(true, Ordering::Relaxed),
                        }
                        sandbox.shutdown().await.ok();
                    }
                }
            });
        });
        let url = started
            .recv()
            .unwrap_or_else(|_| Err("it ended at once".to_owned()))
            .map_err(|what| failed(&what))?;
        Ok(Self { url, interrupted, stop, thread })
    }

    fn was_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn stop(self) {
        // Either side may be gone already, which is what was wanted.
        self.stop.send(()).ok();
        self.thread.join().ok();
    }
}

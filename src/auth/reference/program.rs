//! Secrets printed by programs. A program is started without a shell, in a small environment and a process group of its
//! own, and ended with all that it started when it takes too long. What it prints is a secret and stays in memory; what it
//! says on stderr may be one and is only counted.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::bare;
use crate::config::Paths;
use crate::config::secrets::SecretProgram;
use crate::env::Env;
use crate::secret::Secret;
use crate::storage::{self, platform};

/// Most that is taken of what a program prints.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Variables of our environment that every program gets.
const USUAL_VARIABLES: [&str; 3] = ["PATH", "HOME", "LANG"];
/// The version of the questions and answers in JSON, those of the TypeScript program.
const PROTOCOL_VERSION: u64 = 1;

/// Why a program gives no secret, after its name. Never repeats what it printed or said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramProblem {
    /// It is not there, or may not be run.
    #[error("could not be started: {0}")]
    NotStarted(String),
    /// It took too long.
    #[error("took longer than {0:?} and was stopped")]
    TimedOut(Duration),
    /// It says that it failed.
    #[error("failed: {}", failure(*.code, *.said))]
    Failed {
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
        /// Bytes it wrote to stderr.
        said: usize,
    },
    /// Endless, or no secret.
    #[error("printed more than 64 KiB")]
    TooMuch,
    /// Nothing on stdout.
    #[error("printed nothing")]
    Silent,
    /// Several words, or bytes that are no text.
    #[error("printed something else than one word or an answer in JSON")]
    NotOneWord,
    /// A word where the config allows JSON alone.
    #[error("printed no JSON, which `jsonOnly` in the config asks for")]
    NotJson,
    /// JSON of another kind, or of another version.
    #[error("answered in JSON without `values`, or of a version other than 1")]
    UnknownAnswer,
    /// An answer without the secret.
    #[error("has no value for it")]
    NoValue,
}

fn failure(code: Option<i32>, said: usize) -> String {
    let end = match code {
        Some(code) => format!("exit code {code}"),
        None => "ended by a signal".to_owned(),
    };
    match said {
        0 => format!("{end}, nothing on stderr"),
        said => format!("{end}, {said} bytes on stderr, which are not shown"),
    }
}

/// What programs printed, kept for the life of the process, so that one is run once and not for every request.
#[derive(Debug, Clone, Default)]
pub struct Programs(Arc<Mutex<Vec<Arc<Kept>>>>);

#[derive(Debug)]
struct Kept {
    call: Call,
    /// Locked while the program runs: whoever else needs the secret waits for it.
    secret: tokio::sync::Mutex<Option<Secret>>,
}

/// A program with what it is asked for and what it runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    provider: String,
    id: String,
    program: SecretProgram,
    path: PathBuf,
    directory: PathBuf,
    variables: Vec<(String, Secret)>,
}

impl Programs {
    /// What a program gives: what it gave before, unless that is the rejected value.
    pub(super) async fn ask(&self, call: &Call, rejected: Option<&Secret>) -> Result<Secret, ProgramProblem> {
        let kept = self.kept(call);
        let mut secret = kept.secret.lock().await;
        match &*secret {
            Some(held) if rejected != Some(held) => Ok(held.clone()),
            _ => Ok(secret.insert(call.run().await?).clone()),
        }
    }

    fn kept(&self, call: &Call) -> Arc<Kept> {
        // Nothing panics while it holds the list.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all.iter().find(|kept| kept.call == *call) {
            return Arc::clone(kept);
        }
        let kept = Arc::new(Kept { call: call.clone(), secret: tokio::sync::Mutex::default() });
        all.push(Arc::clone(&kept));
        kept
    }
}

impl Call {
    pub(super) fn new(program: &SecretProgram, provider: &str, id: &str, env: &Env, paths: &Paths) -> Self {
        let passed = USUAL_VARIABLES.into_iter().chain(program.pass_env.iter().map(String::as_str));
        let passed = passed.filter_map(|name| Some((name.to_owned(), Secret::new(env.get(name)?))));
        let own = program.env.iter().map(|(name, value)| (name.clone(), value.clone()));
        // A name without a slash is looked for on PATH.
        let is_path = program.program.contains(std::path::is_separator);
        Self {
            provider: provider.to_owned(),
            id: id.to_owned(),
            path: if is_path { paths.expand(&program.program) } else { PathBuf::from(&program.program) },
            // Wherever fased is called from, the program finds the same things around it.
            directory: paths.config().parent().map_or_else(|| paths.state().to_owned(), ToOwned::to_owned),
            variables: passed.chain(own).collect(),
            program: program.clone(),
        }
    }

    /// Runs the program to its end, or to the end of its time.
    async fn run(&self) -> Result<Secret, ProgramProblem> {
        let mut command = Command::new(&self.path);
        command.args(&self.program.args).current_dir(&self.directory).env_clear().kill_on_drop(true);
        command.envs(self.variables.iter().map(|(name, value)| (name, value.expose())));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        platform::begin_process_group(&mut command);
        let not_started = |error| ProgramProblem::NotStarted(storage::describe(&error));
        let mut child = command.spawn().map_err(not_started)?;
        // Dropped before the child is, so that the group's id cannot be somebody else's by then.
        let mut group = Group(child.id());
        let limit = self.program.timeout;
        let (answer, status, said) = talk(&mut child, &mut group, &self.question(), limit).await?;
        match status.success() {
            true => self.secret_in(&answer),
            false => Err(ProgramProblem::Failed { code: status.code(), said }),
        }
    }

    /// One line of JSON, which a program that prints a bare secret need not read.
    fn question(&self) -> String {
        let question = serde_json::json!({
            "protocolVersion": PROTOCOL_VERSION, "provider": self.provider, "ids": [self.id],
        });
        format!("{question}\n")
    }

    fn secret_in(&self, answer: &[u8]) -> Result<Secret, ProgramProblem> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer<'a> {
            protocol_version: Option<u64>,
            #[serde(borrow)]
            values: std::collections::HashMap<String, &'a RawValue>,
        }

        let text = std::str::from_utf8(answer).map_err(|_| ProgramProblem::NotOneWord)?.trim();
        if text.is_empty() {
            return Err(ProgramProblem::Silent);
        }
        if !text.starts_with('{') {
            return match self.program.json_only {
                true => Err(ProgramProblem::NotJson),
                false => bare(text).ok_or(ProgramProblem::NotOneWord),
            };
        }
        let answer: Answer<'_> = serde_json::from_str(text).map_err(|_| ProgramProblem::UnknownAnswer)?;
        if answer.protocol_version.is_some_and(|version| version != PROTOCOL_VERSION) {
            return Err(ProgramProblem::UnknownAnswer);
        }
        let value = answer.values.get(&self.id).ok_or(ProgramProblem::NoValue)?;
        let value = serde_json::from_str(value.get()).map(Zeroizing::new);
        value.ok().and_then(|value: Zeroizing<String>| bare(&value)).ok_or(ProgramProblem::NoValue)
    }
}

/// A process group that is ended when this is dropped, unless its first process ended by itself.
struct Group(Option<u32>);

impl Group {
    fn has_ended(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            platform::kill_process_group(leader);
        }
    }
}

/// Asks, and reads until stdout is closed and the program has ended; the bytes on stderr are counted. As in `$(...)` of a
/// shell, a process left behind that keeps stdout open is waited for. The program is not reaped before stdout is closed,
/// so that until then its id is the group's and nobody else's.
async fn talk(
    child: &mut Child,
    group: &mut Group,
    question: &str,
    limit: Duration,
) -> Result<(Zeroizing<Vec<u8>>, ExitStatus, usize), ProgramProblem> {
    let (Some(mut stdin), Some(stdout), Some(mut stderr)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(ProgramProblem::NotStarted("it has no standard streams".to_owned()));
    };
    let answer = async {
        // A program that does not read has no use for the question.
        stdin.write_all(question.as_bytes()).await.ok();
        drop(stdin);
        // Room for all of it at once: growing would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_ANSWER + 1));
        let failed = |error| ProgramProblem::NotStarted(storage::describe(&error));
        stdout.take(LONGEST_ANSWER as u64 + 1).read_to_end(&mut bytes).await.map_err(failed)?;
        if bytes.len() > LONGEST_ANSWER {
            return Err(ProgramProblem::TooMuch);
        }
        let status = child.wait().await.map_err(failed)?;
        Ok((bytes, status))
    };
    let deadline = tokio::time::sleep(limit);
    tokio::pin!(answer, deadline);
    let mut piece = Zeroizing::new([0_u8; 4096]);
    let (mut said, mut is_open) = (0, true);
    let (bytes, status) = loop {
        tokio::select! {
            answered = &mut answer => break answered?,
            read = stderr.read(piece.as_mut_slice()), if is_open => is_open = counted(read, &mut said),
            () = &mut deadline => return Err(ProgramProblem::TimedOut(limit)),
        }
    };
    group.has_ended();
    // What a failing program said last may still be in the pipe.
    while is_open && !status.success() {
        is_open = tokio::select! {
            read = stderr.read(piece.as_mut_slice()) => counted(read, &mut said),
            () = &mut deadline => false,
        };
    }
    Ok((bytes, status, said))
}

/// Counts what was read; says whether there may be more.
fn counted(read: std::io::Result<usize>, said: &mut usize) -> bool {
    let length = read.unwrap_or(0);
    *said += length;
    length > 0
}

#[cfg(unix)]
#[cfg(test)]
mod tests;

//! Sign-ins that were begun on a page. There is one at a time, because all of them come back to the same port: a new one ends
//! the one before. Each has a thread of its own, which waits for the browser and for a paste, and goes on to the end once there
//! is a code, whoever is still looking.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use tokio::sync::{mpsc, watch};

use super::app::App;
use super::live::AgentView;
use super::random;
use crate::auth::ProfileId;
use crate::auth::enroll;
use crate::auth::form::ANTHROPIC;
use crate::auth::notices::{self, PLAN_CREDENTIALS};
use crate::auth::oauth::sign_in::{Code, SignIn, SignInError, Way};
use crate::auth::profile::{CredentialType, Expiry};
use crate::config::AgentId;
use crate::credentials::check::{self, Asked};
use crate::credentials::save::Report;
use crate::credentials::sign_in::{Attempt, USUAL_LIMIT};
use crate::credentials::{Holder, Place};
use crate::error::{Exit, Failure};
use crate::provider;
use crate::secret::Secret;
use crate::text::capitalised;

const NAME_BYTES: usize = 16;
/// Pastes that may wait for being looked at.
const MOST_PASTES: usize = 4;
/// How long a new sign-in waits for the one before to let go of the port.
const LETTING_GO: Duration = Duration::from_secs(2);
/// What the record of the verification names.
const HOW: &str = "Control UI";

/// How long one with a code may still take when the gateway is to end at once.
const LAST_MOMENTS: Duration = Duration::from_secs(5);

/// The sign-in that was begun last, and how many have a code.
#[derive(Debug)]
pub(super) struct SignIns {
    current: Mutex<Option<Current>>,
    finishing: watch::Sender<usize>,
}

#[derive(Debug)]
struct Current {
    id: String,
    agent: AgentId,
    /// Ends the wait.
    cancel: Arc<watch::Sender<bool>>,
    pastes: mpsc::Sender<Secret>,
    step: watch::Receiver<Step>,
}

/// How far a sign-in is.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub(super) enum Step {
    /// Being begun.
    Starting,
    /// For a person to sign in.
    Waiting {
        /// The page to open. It gives nothing away.
        link: String,
        /// Its host and path, which people can judge.
        place: String,
        /// Whether the browser can bring the code by itself.
        listening: bool,
        /// When it is over, in milliseconds on the clock that cannot be set back.
        #[serde(skip)]
        until: Duration,
        /// What was wrong with what was pasted.
        #[serde(skip_serializing_if = "Option::is_none")]
        paste_problem: Option<String>,
    },
    /// The code is exchanged, the pair stored, and the provider asked.
    Checking,
    /// Stored and accepted.
    Done {
        /// What happened.
        said: String,
        /// Where it is stored.
        profile_id: ProfileId,
        /// What is to be known beside it.
        warnings: Vec<String>,
    },
    /// Not.
    Failed {
        /// Why, as the command line tells it.
        #[serde(rename = "error", serialize_with = "as_document")]
        failure: Box<Failure>,
    },
    /// Somebody closed it, or began another one.
    Cancelled,
}

/// The failure alone, without the document around it.
fn as_document<S: Serializer>(failure: &Failure, serializer: S) -> Result<S::Ok, S::Error> {
    let document = serde_json::to_value(failure.to_document()).map_err(S::Error::custom)?;
    document.get("error").serialize(serializer)
}

/// What a person is told about a sign-in.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Look {
    schema_version: u32,
    id: String,
    remaining_ms: Option<u64>,
    #[serde(flatten)]
    step: Step,
}

impl Default for SignIns {
    fn default() -> Self {
        Self { current: Mutex::default(), finishing: watch::channel(0).0 }
    }
}

/// One that has a code, which is good once: it goes on to its end.
struct Finishing<'s>(&'s SignIns);

impl Drop for Finishing<'_> {
    fn drop(&mut self) {
        self.0.finishing.send_modify(|count| *count -= 1);
    }
}

impl SignIns {
    fn finish(&self) -> Finishing<'_> {
        self.finishing.send_modify(|count| *count += 1);
        Finishing(self)
    }

    /// How many have a code and are not over.
    pub(super) fn count(&self) -> usize {
        *self.finishing.borrow()
    }

    /// Returns once none has a code any more.
    pub(super) async fn ended(&self) {
        // The sender is ours, so it stays.
        self.finishing.subscribe().wait_for(|count| *count == 0).await.ok();
    }

    /// Gives those that have a code a last while. Says whether there was none.
    pub(super) async fn stop(&self) -> bool {
        if self.count() == 0 {
            return true;
        }
        if tokio::time::timeout(LAST_MOMENTS, self.ended()).await.is_err() {
            tracing::warn!("a sign-in had its code and is not stored");
        }
        false
    }

    /// Begins one, and returns when its link is known.
    ///
    /// # Errors
    /// When it cannot be begun. Nothing was sent then.
    pub(super) async fn start(
        app: &Arc<App>,
        view: Arc<AgentView>,
        profile_id: Option<ProfileId>,
    ) -> Result<Look, Failure> {
        let id = random::text(NAME_BYTES)
            .map_err(|error| Failure::new(Exit::Failed, "unexpected", error.to_string()))?;
        let (cancel, cancelled) = watch::channel(false);
        let (told, mut step) = watch::channel(Step::Starting);
        let (pastes, pasted) = mpsc::channel(MOST_PASTES);
        let cancel = Arc::new(cancel);
        let current = Current {
            id: id.clone(),
            agent: view.selected.id.clone(),
            cancel: Arc::clone(&cancel),
            pastes,
            step: step.clone(),
        };
        let before = app.sign_ins.current().replace(current);
        if let Some(mut before) = before {
            let _told = before.cancel.send(true);
            // When its thread is gone, so is its listener.
            let ended = async { while before.step.changed().await.is_ok() {} };
            tokio::time::timeout(LETTING_GO, ended).await.ok();
        }
        let running = Running { app: Arc::clone(app), view, profile_id, told, cancelled, pasted };
        std::thread::Builder::new()
            .name("sign-in".to_owned())
            .spawn(move || running.run())
            .map_err(|error| anyhow::Error::from(error).context("cannot start a thread"))?;
        // A thread that ended without a word has closed the channel.
        step.wait_for(|step| !matches!(step, Step::Starting)).await.ok();
        if let Step::Failed { failure } = &*step.borrow() {
            return Err((**failure).clone());
        }
        app.sign_ins.look(&id, app.clock.steady())
    }

    /// How far it is.
    ///
    /// # Errors
    /// When another one was begun since, or the gateway was started anew.
    pub(super) fn look(&self, id: &str, now: Duration) -> Result<Look, Failure> {
        let current = self.current();
        let current = current.as_ref().filter(|current| current.id == id).ok_or_else(gone)?;
        let step = current.step.borrow().clone();
        let remaining_ms = match &step {
            Step::Waiting { until, .. } => u64::try_from(until.saturating_sub(now).as_millis()).ok(),
            _ => None,
        };
        Ok(Look { schema_version: crate::SCHEMA_VERSION, id: id.to_owned(), remaining_ms, step })
    }

    /// Hands over what a person pasted.
    ///
    /// # Errors
    /// When nobody waits for it.
    pub(super) fn paste(&self, id: &str, text: Secret) -> Result<(), Failure> {
        let current = self.current();
        let current = current.as_ref().filter(|current| current.id == id).ok_or_else(gone)?;
        current.pastes.try_send(text).map_err(|_| gone())
    }

    /// Ends it, unless there is a code already.
    pub(super) fn cancel(&self, id: &str) {
        if let Some(current) = self.current().as_ref().filter(|current| current.id == id) {
            let _told = current.cancel.send(true);
        }
    }

    /// Whether it is one of this agent.
    pub(super) fn is_of(&self, id: &str, agent: &AgentId) -> bool {
        self.current().as_ref().is_some_and(|current| current.id == id && current.agent == *agent)
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        // It is replaced as a whole, so whoever panicked left something good.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gone() -> Failure {
    Failure::new(Exit::Failed, "no_such_sign_in", "That sign-in is over.").hint("begin another one")
}

/// What the thread of a sign-in owns.
struct Running {
    app: Arc<App>,
    view: Arc<AgentView>,
    profile_id: Option<ProfileId>,
    told: watch::Sender<Step>,
    cancelled: watch::Receiver<bool>,
    pasted: mpsc::Receiver<Secret>,
}

impl Running {
    /// Runs it to its end.
    fn run(mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let outcome = match runtime {
            Ok(runtime) => runtime.block_on(self.sign_in()),
            Err(error) => Err(anyhow::Error::from(error).context("cannot start the runtime").into()),
        };
        let failed = |failure| Step::Failed { failure: Box::new(failure) };
        self.told.send_replace(outcome.unwrap_or_else(failed));
    }

    async fn sign_in(&mut self) -> Result<Step, Failure> {
        let (app, view) = (Arc::clone(&self.app), Arc::clone(&self.view));
        let holder = view.holder(app.network);
        let profile_id = self.profile_id.take();
        enroll::check(ANTHROPIC, CredentialType::OAuth, profile_id.as_ref(), holder.store)?;
        let place = Place {
            provider: ANTHROPIC.to_owned(),
            profile_id,
            usual_name: None,
            expires: Expiry::Unknown,
            replace: false,
        };
        let attempt = Attempt { holder, place, no_browser: true, limit: USUAL_LIMIT, how: HOW };
        let Some((sign_in, code)) = self.wait(&attempt).await? else { return Ok(Step::Cancelled) };
        // Counted before that is looked at, so that a gateway that ends either waits or was heard to end.
        let _finishing = app.sign_ins.finish();
        if *app.closing.borrow() {
            return Ok(Step::Cancelled);
        }
        self.told.send_replace(Step::Checking);
        let notice = (!notices::was_shown(&PLAN_CREDENTIALS, &app.paths)).then_some(&PLAN_CREDENTIALS);
        let (mut report, authorization) = attempt.finish(notice, sign_in, code).await?;
        let asked = self.ask(&holder, &authorization).await?;
        attempt.note(&mut report, asked)?;
        Ok(done(report))
    }

    async fn ask(
        &self,
        holder: &Holder<'_>,
        authorization: &crate::anthropic::Authorization,
    ) -> Result<Asked, Failure> {
        let client = provider::client(ANTHROPIC, holder.config, holder.env, holder.network)?;
        Ok(check::ask(holder, ANTHROPIC, &client, authorization).await)
    }

    /// Waits for the browser, a paste, the end of the time or of somebody's patience, whichever is first; `None` for the last.
    async fn wait(&mut self, attempt: &Attempt<'_>) -> Result<Option<(SignIn, Code)>, Failure> {
        let sign_in = attempt.begin(Way::Loopback).await?;
        let until = self.app.clock.steady() + USUAL_LIMIT;
        let link = sign_in.link();
        let waiting = |paste_problem| Step::Waiting {
            link: link.to_string(),
            place: format!("{}{}", link.host_str().unwrap_or_default(), link.path()),
            listening: sign_in.is_listening(),
            until,
            paste_problem,
        };
        self.told.send_replace(waiting(None));
        let mut over = std::pin::pin!(tokio::time::sleep(USUAL_LIMIT));
        let mut closing = self.app.closing.clone();
        loop {
            tokio::select! {
                code = sign_in.callback() => {
                    let code = code.map_err(|error| attempt.failure(error))?;
                    return Ok(Some((sign_in, code)));
                }
                Some(text) = self.pasted.recv() => match sign_in.pasted(&text) {
                    Ok(code) => return Ok(Some((sign_in, code))),
                    // Whoever pasted something else may try again.
                    Err(error @ SignInError::Paste(_)) => {
                        let problem = format!("{}.", capitalised(&error.to_string()));
                        self.told.send_replace(waiting(Some(problem)));
                    }
                    Err(error) => return Err(attempt.failure(error)),
                },
                () = &mut over => return Err(attempt.too_late()),
                _ = self.cancelled.wait_for(|cancelled| *cancelled) => return Ok(None),
                _ = closing.wait_for(|closing| *closing) => return Ok(None),
            }
        }
    }
}

fn done(report: Report) -> Step {
    let said = report.sentence();
    match report.profile_id {
        Some(profile_id) => Step::Done { said, profile_id, warnings: report.warnings },
        // A sign-in that is stored has a name.
        None => Step::Cancelled,
    }
}

//! What failures and successes do to a profile: the windows, counters and trials of `auth-state.json`. What the provider
//! said comes first and the fixed ladder only where it said nothing; a later end wins and an earlier one shortens
//! nothing. Failures that are not the credential's fault leave no trace.
//!
//! A window for billing or for a spend limit is half-open: now and then one request may try, because people pay and
//! raise limits without telling us. Whoever tries claims the trial first ([`StateFile::claim_trial`]).

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::profile::Profile;
use super::reason::{Failed, Reason};
use super::state::{AuthState, Cooldown, Disabled, ProfileState, StateError, StateFile, Verification};
use super::store::Snapshot;
use crate::clock::Clock;
use crate::config::schema::Cooldowns;
use crate::secret::Secret;

/// Windows where the provider said no time, by how often it failed.
const LADDER: [SignedDuration; 4] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(25),
    SignedDuration::from_mins(60),
];
/// The longest wait that is believed of a rate limit.
pub const LONGEST_RATE_LIMIT: SignedDuration = SignedDuration::from_hours(24);
/// The longest wait that is believed of a spend limit.
pub const LONGEST_SPEND_LIMIT: SignedDuration = SignedDuration::from_hours(32 * 24);
/// Failures older than this are forgotten.
const FAILURE_WINDOW: SignedDuration = SignedDuration::from_hours(24);
const BILLING_BACKOFF: SignedDuration = SignedDuration::from_hours(5);
const LONGEST_BILLING: SignedDuration = SignedDuration::from_hours(24);
const SHORTEST_BILLING: SignedDuration = SignedDuration::from_mins(1);
/// Time between trials of a profile whose account does not pay.
const BILLING_TRIALS: SignedDuration = SignedDuration::from_mins(5);
/// Time between trials of a profile that reached a spend limit.
const SPEND_LIMIT_TRIALS: SignedDuration = SignedDuration::from_mins(30);
/// Time between trials of a refused profile whose secret is known only when it is used: it may have been replaced.
const REFUSED_TRIALS: SignedDuration = SignedDuration::from_mins(30);
/// A profile's last use is written at most this often.
const LAST_USED_STEP: SignedDuration = SignedDuration::from_secs(60);

/// What a failure means for the profile it happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing; there is nothing to write either.
    None,
    /// It is left alone until then.
    Until(Timestamp),
    /// It is not used until its credential changes.
    Lasting,
}

/// The secret a request was sent with.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// Its value.
    pub secret: &'a Secret,
    /// Looking does not show whether it was replaced.
    pub known_on_use: bool,
}

impl Effect {
    fn of(until: Option<Timestamp>) -> Self {
        until.map_or(Self::Lasting, Self::Until)
    }

    /// The end of the window, if it has one.
    pub fn until(self) -> Option<Timestamp> {
        match self {
            Self::Until(at) => Some(at),
            Self::None | Self::Lasting => None,
        }
    }
}

impl AuthState {
    /// Notes a failure of a request for a class of models.
    pub fn note_failure(
        &mut self,
        profile: &Profile,
        model_class: &str,
        failed: &Failed,
        rules: &Cooldowns,
        now: Timestamp,
    ) -> Effect {
        let reason = failed.reason;
        let leaves_a_trace = match reason {
            Reason::Auth | Reason::Permission | Reason::RateLimit => true,
            Reason::AuthPermanent | Reason::SpendLimit | Reason::Billing => true,
            Reason::Overloaded | Reason::Timeout | Reason::ModelNotFound => false,
            Reason::Format | Reason::Local | Reason::Unobtainable => false,
        };
        if !leaves_a_trace {
            return Effect::None;
        }
        let state = self.entry(profile);
        state.drop_ended(now);
        let window = rules.failure_window_hours.map_or(FAILURE_WINDOW, |hours| hours.duration());
        if state.last_failure_at.is_some_and(|at| now.duration_since(at) > window) {
            state.error_count = 0;
            state.failure_counts.clear();
        }
        state.error_count = state.error_count.saturating_add(1);
        state.last_failure_at = Some(now);
        let said = failed.until.filter(|until| *until > now);
        match reason {
            Reason::AuthPermanent => state.disable(reason, now, None, |_| None),
            Reason::SpendLimit => state.disable(reason, now, said, |_| Some(end_of_spend_limit(None, now))),
            Reason::Billing => {
                let provider = profile.id.provider();
                state.disable(reason, now, None, |n| Some(after(now, rules.billing_window(provider, n))))
            }
            Reason::Auth => Effect::Until(state.cool(reason, None, said, now)),
            _ => Effect::Until(state.cool(reason, Some(model_class), said, now)),
        }
    }

    /// Notes a failure of a request, and which secret it was about: what was only referred to may be replaced where it is.
    pub fn note_failure_of(
        &mut self,
        profile: &Profile,
        sent: Sent<'_>,
        model_class: &str,
        failed: &Failed,
        rules: &Cooldowns,
        now: Timestamp,
    ) -> Effect {
        self.now_about(profile, sent.secret);
        let effect = self.note_failure(profile, model_class, failed, rules, now);
        if failed.reason == Reason::AuthPermanent
            && sent.known_on_use
            && let Some(disabled) = &mut self.entry(profile).disabled
        {
            disabled.next_trial_at = disabled.next_trial_at.max(Some(after(now, REFUSED_TRIALS)));
        }
        effect
    }

    /// Notes an answer, and which secret it was given for.
    pub fn note_success_of(
        &mut self,
        profile: &Profile,
        secret: &Secret,
        model_class: &str,
        sent: Timestamp,
        now: Timestamp,
    ) -> bool {
        let is_new = self.of(profile).is_some_and(|state| !state.speaks_about(Some(secret)));
        if is_new {
            self.now_about(profile, secret);
        }
        self.note_success(profile, model_class, sent, now) || is_new
    }

    /// Notes that a request sent at `sent` for a class of models was answered: the profile is good, and its windows and
    /// counters for that class, and those for all classes, end. A request from before the last failure ends nothing: a
    /// long answer says nothing about a limit that was reached meanwhile. Says whether anything worth writing changed.
    pub fn note_success(
        &mut self,
        profile: &Profile,
        model_class: &str,
        sent: Timestamp,
        now: Timestamp,
    ) -> bool {
        let provider = profile.id.provider();
        let was_good = self.last_good.get(provider).is_some_and(|id| id == profile.id.as_str());
        let state = self.entry(profile);
        let mended = state.last_failure_at.is_none_or(|at| at <= sent) && state.forget(model_class);
        let doubted =
            state.verified.as_ref().is_some_and(|verified| !verified.accepted && verified.at <= sent);
        if doubted {
            let how = "request".to_owned();
            state.verified = Some(Verification { accepted: true, at: now, how, status: None });
        }
        let recent = state.last_used.is_some_and(|used| now.duration_since(used).abs() < LAST_USED_STEP);
        if was_good && recent && !mended && !doubted {
            return false;
        }
        state.last_used = Some(now);
        state.drop_ended(now);
        self.last_good.insert(provider.to_owned(), profile.id.as_str().to_owned());
        true
    }

    /// Takes the trial of a disabled profile when one is due, so that nobody else does until the next.
    pub fn claim_trial(&mut self, profile: &Profile, now: Timestamp) -> bool {
        let is_due = |disabled: &Disabled| disabled.trial_at(now).is_some_and(|at| at <= now);
        if !self.of(profile).and_then(|state| state.disabled.as_ref()).is_some_and(is_due) {
            return false;
        }
        if let Some(disabled) = &mut self.entry(profile).disabled {
            disabled.next_trial_at = disabled.trial_interval().map(|interval| after(now, interval));
        }
        true
    }
}

impl StateFile {
    /// Takes the trial of a disabled profile when one is due. It is taken under the state's lock: of all processes
    /// exactly one gets it.
    ///
    /// # Errors
    /// When the lock, the directory or the file refuses.
    pub fn claim_trial(
        &self,
        snapshot: &Snapshot,
        profile: &Profile,
        clock: &dyn Clock,
    ) -> Result<bool, StateError> {
        let mut claimed = false;
        self.update(snapshot, clock, |state| {
            claimed = state.claim_trial(profile, clock.now());
            claimed
        })?;
        Ok(claimed)
    }
}

impl ProfileState {
    /// Removes windows that are over. Their counters stay until a success, or until they are too old to count.
    pub(super) fn drop_ended(&mut self, now: Timestamp) {
        self.cooldowns.retain(|cooldown| cooldown.until > now);
        self.context1m_refused.retain(|refused| refused.until > now);
        self.disabled.take_if(|disabled| disabled.until.is_some_and(|until| until <= now));
    }

    /// Begins or continues a cooldown and returns its end.
    fn cool(
        &mut self,
        reason: Reason,
        class: Option<&str>,
        said: Option<Timestamp>,
        now: Timestamp,
    ) -> Timestamp {
        let same = |it: &&mut Cooldown| it.model_class.as_deref() == class && it.reason == reason.as_str();
        if let Some(running) = self.cooldowns.iter_mut().find(same) {
            // It was sent before the window began, so it is no step up the ladder.
            running.until = running.until.max(said.unwrap_or(running.until));
            return running.until;
        }
        let n = self.count(reason, class);
        let step = usize::try_from(n - 1).unwrap_or(usize::MAX).min(LADDER.len() - 1);
        let until = said.unwrap_or_else(|| after(now, LADDER[step]));
        let model_class = class.map(str::to_owned);
        self.cooldowns.push(Cooldown { model_class, reason: reason.as_str().to_owned(), until });
        until
    }

    /// Begins or continues a window for all classes. `fixed` is its end by how often that happened, where the provider
    /// said none; no end is forever.
    fn disable(
        &mut self,
        reason: Reason,
        now: Timestamp,
        said: Option<Timestamp>,
        fixed: impl FnOnce(u32) -> Option<Timestamp>,
    ) -> Effect {
        let next_trial_at = trial_interval(reason.as_str()).map(|interval| after(now, interval));
        if let Some(running) = self.disabled.as_mut().filter(|it| it.reason == reason.as_str()) {
            // A failed trial, or a request from before the window: the end stays, unless the provider said a later one.
            running.until = later(running.until, said.or(running.until));
            running.next_trial_at = running.next_trial_at.max(next_trial_at);
            return Effect::of(running.until);
        }
        let n = self.count(reason, None);
        let until = said.or_else(|| fixed(n));
        let running = self.disabled.as_ref();
        if running.is_none_or(|running| later(running.until, until) != running.until) {
            self.disabled = Some(Disabled { reason: reason.as_str().to_owned(), until, next_trial_at });
        }
        Effect::of(self.disabled.as_ref().and_then(|disabled| disabled.until))
    }

    /// Counts a failure that begins a window, and says which of its kind it is, from 1.
    fn count(&mut self, reason: Reason, class: Option<&str>) -> u32 {
        let count = self.failure_counts.entry(counter(reason, class)).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// Forgets everything that speaks against it.
    pub(super) fn forget_all(&mut self) {
        self.cooldowns.clear();
        self.context1m_refused.clear();
        self.failure_counts.clear();
        self.disabled = None;
        self.error_count = 0;
    }

    /// Forgets what speaks against a class of models, and against all of them. Says whether there was anything.
    fn forget(&mut self, model_class: &str) -> bool {
        let before = (self.cooldowns.len(), self.failure_counts.len());
        let of_another = |class: Option<&str>| class.is_some_and(|class| class != model_class);
        self.cooldowns.retain(|cooldown| of_another(cooldown.model_class.as_deref()));
        self.failure_counts.retain(|counter, _| of_another(counter.split_once(':').map(|(_, class)| class)));
        let was_disabled = self.disabled.take().is_some();
        let had_errors = std::mem::take(&mut self.error_count) > 0;
        was_disabled || had_errors || before != (self.cooldowns.len(), self.failure_counts.len())
    }
}

impl Disabled {
    /// When one request may try it although it is disabled; in the past when it may now. `None` when time alone helps,
    /// or nothing does.
    pub fn trial_at(&self, now: Timestamp) -> Option<Timestamp> {
        let interval = self.trial_interval()?;
        if self.until.is_some_and(|until| until <= now) {
            return None;
        }
        // No trial is further away than the interval, whatever a clock that was wrong has written.
        Some(self.next_trial_at.map_or(now, |at| at.min(after(now, interval))))
    }

    fn trial_interval(&self) -> Option<SignedDuration> {
        let is_refused = self.reason == Reason::AuthPermanent.as_str();
        // A refusal for good has trials only where one was given to it.
        let refused = self.next_trial_at.filter(|_| is_refused).map(|_| REFUSED_TRIALS);
        refused.or_else(|| trial_interval(&self.reason))
    }
}

impl Cooldowns {
    fn billing_window(&self, provider: &str, n: u32) -> SignedDuration {
        let by_provider = self
            .billing_backoff_hours_by_provider
            .iter()
            .find(|(id, _)| id.trim().eq_ignore_ascii_case(provider));
        let base = by_provider.map(|(_, hours)| *hours).or(self.billing_backoff_hours);
        let base = base.map_or(BILLING_BACKOFF, |hours| hours.duration()).max(SHORTEST_BILLING);
        let longest = self.billing_max_hours.map_or(LONGEST_BILLING, |hours| hours.duration()).max(base);
        let doubled = 2_i32.saturating_pow(n.saturating_sub(1).min(30));
        base.checked_mul(doubled).unwrap_or(longest).min(longest)
    }
}

/// The end of a spend limit: the moment the provider named, else the first of the next month (UTC), when such limits
/// start anew. A moment that is already over means that the provider is late, not that a month is.
pub fn end_of_spend_limit(named: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let end = match named {
        Some(at) if at > now => at,
        Some(_) => after(now, SPEND_LIMIT_TRIALS),
        None => next_month(now).unwrap_or(Timestamp::MAX),
    };
    end.min(after(now, LONGEST_SPEND_LIMIT))
}

fn next_month(now: Timestamp) -> Option<Timestamp> {
    let today = now.to_zoned(TimeZone::UTC).date();
    let first = today.first_of_month().checked_add(1.month()).ok()?;
    Some(first.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn trial_interval(reason: &str) -> Option<SignedDuration> {
    match reason {
        "billing" => Some(BILLING_TRIALS),
        "spend_limit" => Some(SPEND_LIMIT_TRIALS),
        _ => None,
    }
}

/// The name a counter has: the reason, and the class where it is about one.
fn counter(reason: Reason, class: Option<&str>) -> String {
    match class {
        Some(class) => [reason.as_str(), ":", class].concat(),
        None => reason.as_str().to_owned(),
    }
}

/// The later of two ends; `None` is forever.
fn later(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.zip(other).map(|(one, other)| one.max(other))
}

fn after(now: Timestamp, length: SignedDuration) -> Timestamp {
    now.saturating_add(length).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;

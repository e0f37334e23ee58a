use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::auth::health::{Situation, Usable, Verdict, judge};
use crate::auth::profile::{Credential, Material};
use crate::auth::reference::References;
use crate::clock::ManualClock;
use crate::config::{Config, Paths};
use crate::env::Env;
use crate::secret::Secret;

const ALL_REASONS: [Reason; 11] = [
    Reason::Auth,
    Reason::Permission,
    Reason::AuthPermanent,
    Reason::RateLimit,
    Reason::SpendLimit,
    Reason::Billing,
    Reason::Overloaded,
    Reason::Timeout,
    Reason::ModelNotFound,
    Reason::Format,
    Reason::Local,
];

fn profile() -> Profile {
    Profile {
        id: "anthropic:a".parse().unwrap(),
        credential: Credential::ApiKey { key: Material::Value(Secret::new("sk-ant-api03-sandbox-x")) },
        email: None,
        added_at: None,
        issuer: None,
    }
}

fn start() -> Timestamp {
    "2026-11-22T10:00:00Z".parse().unwrap()
}

fn minutes(minutes: i64) -> Timestamp {
    start() + SignedDuration::from_mins(minutes)
}

fn verdict(state: &AuthState, class: &str, now: Timestamp) -> Verdict {
    let (env, config, paths) = (Env::default(), Config::default(), Paths::below("/home/u"));
    let references = References { env: &env, config: &config, paths: &paths };
    let situation = Situation { now, model_class: class, excluded: false, renewable: true, references };
    judge(&profile(), state.of(&profile()), &situation)
}

fn usable(state: &AuthState, class: &str, now: Timestamp) -> bool {
    verdict(state, class, now).usable.is_yes()
}

/// Notes a failure with opus about which the provider said no time; the minute its window ends.
fn fail(state: &mut AuthState, reason: Reason, minute: i64) -> Option<i64> {
    fail_by(state, reason, minute, &Cooldowns::default())
}

fn fail_by(state: &mut AuthState, reason: Reason, minute: i64, rules: &Cooldowns) -> Option<i64> {
    let effect = state.note_failure(&profile(), "opus", &Failed::because(reason), rules, minutes(minute));
    effect.until().map(|until| until.duration_since(start()).as_mins())
}

fn succeed(state: &mut AuthState, class: &str, minute: i64) -> bool {
    state.note_success(&profile(), class, minutes(minute), minutes(minute))
}

#[test]
fn windows_grow_until_there_is_a_success() {
    for reason in [Reason::Auth, Reason::Permission, Reason::RateLimit] {
        let mut state = AuthState::default();
        for (minute, end) in [(0, 1), (1, 6), (10, 35), (40, 100), (100, 160)] {
            assert_eq!(fail(&mut state, reason, minute), Some(end), "{reason}");
        }
        succeed(&mut state, "opus", 160);
        assert_eq!(fail(&mut state, reason, 161), Some(162), "{reason}");
    }
}

#[test]
fn windows_for_billing_double_up_to_a_day() {
    let mut state = AuthState::default();
    let mut minute = 0;
    for hours in [5, 10, 20, 24, 24] {
        assert_eq!(fail(&mut state, Reason::Billing, minute), Some(minute + hours * 60));
        minute += hours * 60;
    }
}

#[test]
fn a_day_without_failure_is_a_new_start() {
    let mut state = AuthState::default();
    fail(&mut state, Reason::RateLimit, 0);
    assert_eq!(fail(&mut state, Reason::RateLimit, 24 * 60), Some(24 * 60 + 5));
    assert_eq!(fail(&mut state, Reason::RateLimit, 24 * 60 * 2 + 1), Some(24 * 60 * 2 + 2));
}

#[test]
fn the_config_sets_hours() {
    let text = "{auth:{cooldowns:{billingBackoffHours:1,billingBackoffHoursByProvider:{Anthropic:2},billingMaxHours:3,failureWindowHours:9}}}";
    let rules = crate::config::load::parse(text).unwrap().auth.cooldowns;
    let mut state = AuthState::default();
    assert_eq!(fail_by(&mut state, Reason::Billing, 0, &rules), Some(120));
    assert_eq!(fail_by(&mut state, Reason::Billing, 120, &rules), Some(120 + 180));
    assert_eq!(fail_by(&mut state, Reason::Billing, 1000, &rules), Some(1000 + 120));
    assert_eq!(rules.billing_window("other", 1), SignedDuration::from_hours(1));
    let base = crate::config::load::parse("{auth:{cooldowns:{billingBackoffHours:48}}}").unwrap();
    assert_eq!(base.auth.cooldowns.billing_window("anthropic", 9), SignedDuration::from_hours(48));
}

#[test]
fn failures_inside_a_window_are_no_step_and_only_a_later_end_counts() {
    let mut state = AuthState::default();
    let limited = |minute: i64| Failed { until: Some(minutes(minute)), ..Failed::because(Reason::RateLimit) };
    let mut note = |failed: Failed, minute| {
        let effect = state.note_failure(&profile(), "opus", &failed, &Cooldowns::default(), minutes(minute));
        effect.until().unwrap().duration_since(start()).as_mins()
    };
    assert_eq!(note(limited(10), 0), 10);
    assert_eq!(note(Failed::because(Reason::RateLimit), 1), 10);
    assert_eq!(note(limited(5), 2), 10);
    assert_eq!(note(limited(20), 3), 20);
    // The second window of a row, because those in between began none.
    assert_eq!(note(Failed::because(Reason::RateLimit), 20), 25);
    // A time that is over says nothing.
    assert_eq!(note(limited(20), 25), 50);
}

#[test]
fn what_is_not_the_credentials_fault_leaves_no_trace() {
    for reason in [Reason::Overloaded, Reason::Timeout, Reason::ModelNotFound, Reason::Format, Reason::Local]
    {
        let mut state = AuthState::default();
        let failed = Failed { until: Some(minutes(60)), wait: None, reason };
        let effect = state.note_failure(&profile(), "opus", &failed, &Cooldowns::default(), start());
        assert_eq!((effect, &state), (Effect::None, &AuthState::default()), "{reason}");
    }
}

#[test]
fn a_refusal_of_one_class_leaves_the_others_and_one_of_the_credential_does_not() {
    for (reason, haiku) in [
        (Reason::RateLimit, true),
        (Reason::Permission, true),
        (Reason::Auth, false),
        (Reason::Billing, false),
        (Reason::SpendLimit, false),
        (Reason::AuthPermanent, false),
    ] {
        let mut state = AuthState::default();
        fail(&mut state, reason, 0);
        assert!(!usable(&state, "opus", start()), "{reason}");
        assert_eq!(usable(&state, "haiku", start()), haiku, "{reason}");
    }
}

#[test]
fn a_success_ends_what_speaks_against_its_class() {
    let mut state = AuthState::default();
    let rules = Cooldowns::default();
    for class in ["opus", "haiku"] {
        state.note_failure(&profile(), class, &Failed::because(Reason::RateLimit), &rules, start());
    }
    fail(&mut state, Reason::Auth, 0);
    fail(&mut state, Reason::AuthPermanent, 0);
    assert!(succeed(&mut state, "opus", 0));
    assert!(usable(&state, "opus", start()) && !usable(&state, "haiku", start()));
    let entry = state.of(&profile()).unwrap();
    assert_eq!(entry.failure_counts.keys().collect::<Vec<_>>(), ["rate_limit:haiku"]);
    assert_eq!((entry.error_count, &entry.disabled, entry.cooldowns.len()), (0, &None, 1));
    assert!(!succeed(&mut state, "opus", 0), "nothing is left to write");
}

#[test]
fn a_success_from_before_the_failure_ends_nothing() {
    let mut state = AuthState::default();
    fail(&mut state, Reason::RateLimit, 2);
    state.note_success(&profile(), "opus", minutes(1), minutes(2));
    assert!(!usable(&state, "opus", minutes(2)));
    state.note_success(&profile(), "opus", minutes(2), minutes(2));
    assert!(usable(&state, "opus", minutes(2)));
}

#[test]
fn a_success_takes_back_an_older_refusal() {
    let mut state = AuthState::default();
    let refused = Verification { accepted: false, at: start(), how: "probe".into(), status: Some(401) };
    state.entry(&profile()).verified = Some(refused.clone());
    assert!(succeed(&mut state, "opus", 1));
    assert!(state.of(&profile()).unwrap().verified.as_ref().unwrap().accepted);
    let later = Verification { at: minutes(9), ..refused };
    state.entry(&profile()).verified = Some(later.clone());
    succeed(&mut state, "opus", 5);
    assert_eq!(state.of(&profile()).unwrap().verified, Some(later));
}

#[test]
fn last_use_is_written_at_most_once_a_minute() {
    let mut state = AuthState::default();
    let mut answered = |seconds: i64| {
        let at = start() + SignedDuration::from_secs(seconds);
        state.note_success(&profile(), "opus", at, at)
    };
    assert!(answered(0) && !answered(59) && answered(60));
}

#[test]
fn a_later_end_of_another_reason_wins() {
    let mut state = AuthState::default();
    let until = fail(&mut state, Reason::SpendLimit, 0).unwrap();
    assert_eq!(minutes(until).to_string(), "2026-12-01T00:00:00Z");
    assert_eq!(fail(&mut state, Reason::Billing, 1), Some(until));
    let reason = |state: &AuthState| state.of(&profile()).unwrap().disabled.clone().unwrap().reason;
    assert_eq!(reason(&state), "spend_limit");
    assert_eq!(fail(&mut state, Reason::AuthPermanent, 2), None);
    assert_eq!(fail(&mut state, Reason::SpendLimit, 3), None);
    assert_eq!(reason(&state), "auth_permanent");
    assert!(!usable(&state, "opus", minutes(60 * 24 * 400)));
    assert_eq!(state.of(&profile()).unwrap().disabled.as_ref().unwrap().trial_at(start()), None);
}

#[test]
fn a_profile_that_does_not_pay_is_tried_every_five_minutes_and_at_its_limit_every_thirty() {
    for (reason, interval) in [(Reason::Billing, 5), (Reason::SpendLimit, 30)] {
        let mut state = AuthState::default();
        let end = fail(&mut state, reason, 0);
        let trial = |state: &AuthState, minute: i64| match verdict(state, "opus", minutes(minute)).usable {
            Usable::No(unusable) => {
                let at = unusable.trial_at.unwrap();
                (at.duration_since(start()).as_mins(), unusable.may_try(minutes(minute), false))
            }
            Usable::Yes => panic!("{reason} at {minute}"),
        };
        assert_eq!(trial(&state, 1), (interval, false));
        assert!(!state.claim_trial(&profile(), minutes(interval - 1)));
        assert_eq!(trial(&state, interval), (interval, true));
        assert!(state.claim_trial(&profile(), minutes(interval)));
        assert!(!state.claim_trial(&profile(), minutes(interval)), "one at a time");
        assert_eq!(trial(&state, interval), (2 * interval, false));
        // It fails: the window stays as it is, and the next trial is an interval away.
        assert_eq!(fail(&mut state, reason, interval + 1), end);
        assert_eq!(trial(&state, interval + 2), (2 * interval + 1, false));
        // It works: everything is well.
        assert!(state.claim_trial(&profile(), minutes(3 * interval)));
        assert!(succeed(&mut state, "haiku", 3 * interval));
        assert!(usable(&state, "opus", minutes(3 * interval)));
        assert!(!state.claim_trial(&profile(), minutes(9 * interval)));
    }
}

#[test]
fn a_spend_limit_is_tried_only_when_nothing_else_is_usable() {
    for (reason, beside_others) in [(Reason::Billing, true), (Reason::SpendLimit, false)] {
        let mut state = AuthState::default();
        fail(&mut state, reason, 0);
        let Usable::No(unusable) = verdict(&state, "opus", minutes(40)).usable else { panic!("{reason}") };
        assert_eq!(
            (unusable.may_try(minutes(40), true), unusable.may_try(minutes(40), false)),
            (beside_others, true)
        );
    }
}

#[test]
fn a_window_the_typescript_program_began_is_tried_at_once() {
    let mut state = AuthState::default();
    let until = Some(minutes(60));
    state.entry(&profile()).disabled =
        Some(Disabled { reason: "billing".into(), until, next_trial_at: None });
    assert!(state.claim_trial(&profile(), start()));
    assert!(!state.claim_trial(&profile(), start()));
    assert!(!state.claim_trial(&profile(), minutes(60)), "then it is usable");
}

#[test]
fn a_clock_that_was_ahead_does_not_put_trials_off() {
    let mut state = AuthState::default();
    fail(&mut state, Reason::Billing, 60 * 24 * 365);
    assert!(!state.claim_trial(&profile(), start()));
    let disabled = state.of(&profile()).unwrap().disabled.clone().unwrap();
    assert_eq!(disabled.trial_at(start()), Some(minutes(5)));
}

#[test]
fn another_secret_has_no_trials() {
    let mut state = AuthState::default();
    fail(&mut state, Reason::Billing, 0);
    let replaced = Credential::ApiKey { key: Material::Value(Secret::new("sk-ant-api03-sandbox-y")) };
    let other = Profile { credential: replaced, ..profile() };
    assert!(!state.claim_trial(&other, minutes(30)));
    assert!(state.claim_trial(&profile(), minutes(30)), "and takes none");
}

#[test]
fn of_many_claims_at_once_one_gets_the_trial() {
    let dir = tempfile::tempdir().unwrap();
    let file = StateFile::in_dir(dir.path());
    let (snapshot, clock) = (Snapshot::default(), ManualClock::at(start()));
    file.update(&snapshot, &clock, |state| fail(state, Reason::Billing, 0).is_some()).unwrap();
    clock.advance(std::time::Duration::from_secs(300));
    let claims: Vec<bool> = std::thread::scope(|scope| {
        let claim =
            || file.claim_trial(&snapshot, &profile(), &crate::clock::SystemClock::standing_at(clock.now()));
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(claim)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect()
    });
    assert_eq!(claims.iter().filter(|claimed| **claimed).count(), 1);
}

#[test]
fn windows_that_are_over_are_not_written_again() {
    let dir = tempfile::tempdir().unwrap();
    let file = StateFile::in_dir(dir.path());
    let (snapshot, clock) = (Snapshot::default(), ManualClock::at(start()));
    file.update(&snapshot, &clock, |state| {
        fail(state, Reason::RateLimit, 0);
        fail(state, Reason::Billing, 0).is_some()
    })
    .unwrap();
    clock.advance(std::time::Duration::from_secs(6 * 3600));
    let other = Profile { id: "anthropic:b".parse().unwrap(), ..profile() };
    file.update(&snapshot, &clock, |state| state.note_success(&other, "opus", clock.now(), clock.now()))
        .unwrap();
    let (state, _) = file.read(&snapshot);
    let entry = state.of(&profile()).unwrap();
    assert_eq!((entry.cooldowns.len(), &entry.disabled), (0, &None));
    assert_eq!(entry.failure_counts.len(), 2, "but what was counted is");
}

#[test]
fn the_end_of_a_spend_limit_is_the_one_named_or_the_next_month() {
    let end = |named: Option<&str>, now: &str| {
        end_of_spend_limit(named.map(|at| at.parse().unwrap()), now.parse().unwrap()).to_string()
    };
    assert_eq!(end(None, "2026-11-22T10:00:00Z"), "2026-12-01T00:00:00Z");
    assert_eq!(end(None, "2026-12-31T23:59:59Z"), "2027-01-01T00:00:00Z");
    assert_eq!(end(None, "2027-01-31T00:00:00Z"), "2027-02-01T00:00:00Z");
    assert_eq!(end(Some("2026-11-23T00:00:00Z"), "2026-11-22T10:00:00Z"), "2026-11-23T00:00:00Z");
    assert_eq!(end(Some("2036-11-23T00:00:00Z"), "2026-11-22T10:00:00Z"), "2026-12-24T10:00:00Z");
    assert_eq!(end(Some("2026-11-01T00:00:00Z"), "2026-11-22T10:00:00Z"), "2026-11-22T10:30:00Z");
}

const CLASSES: [&str; 3] = ["opus", "sonnet", "claude-x:1"];

#[derive(Debug, Clone)]
enum Step {
    Fail { reason: Reason, class: usize, said: Option<i64> },
    Succeed { class: usize },
    Wait { seconds: i64 },
    Claim,
}

fn step() -> impl Strategy<Value = Step> {
    let reason = proptest::sample::select(ALL_REASONS.to_vec());
    let said = proptest::option::weighted(0.4, -60_i64..200_000);
    let wait = prop_oneof![0_i64..120, 0_i64..10_000, 0_i64..200_000];
    prop_oneof![
        4 => (reason, 0..CLASSES.len(), said).prop_map(|(reason, class, said)| Step::Fail { reason, class, said }),
        1 => (0..CLASSES.len()).prop_map(|class| Step::Succeed { class }),
        4 => wait.prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::Claim),
    ]
}

/// What the rules say, kept as simply as they are said.
#[derive(Default)]
struct Expected {
    /// The windows that were announced: the class they are about, and their end (`None`: none).
    windows: Vec<(Option<usize>, Option<Timestamp>)>,
    /// Windows begun by reason and class, since the last success or a day without failure.
    counts: HashMap<(Reason, Option<usize>), usize>,
    last_failure: Option<Timestamp>,
    last_trial: Option<Timestamp>,
}

impl Expected {
    fn open(&self, class: usize, now: Timestamp) -> bool {
        let of_class = |about: &Option<usize>| about.is_none_or(|about| about == class);
        let blocks = |(about, end): &&(Option<usize>, Option<Timestamp>)| {
            of_class(about) && end.is_none_or(|end| end > now)
        };
        !self.windows.iter().any(|window| blocks(&window))
    }
}

proptest! {
    #[test]
    fn no_sequence_of_events_keeps_a_profile_out_longer_or_shorter_than_the_rules_say(
        steps in proptest::collection::vec(step(), 1..60)
    ) {
        let rules = Cooldowns::default();
        let (mut state, mut expected, mut now) = (AuthState::default(), Expected::default(), start());
        for step in steps {
            match step {
                Step::Wait { seconds } => now += SignedDuration::from_secs(seconds),
                Step::Succeed { class } => {
                    state.note_success(&profile(), CLASSES[class], now, now);
                    expected.windows.retain(|(about, _)| about.is_some_and(|about| about != class));
                    expected.counts.retain(|(_, about), _| about.is_some_and(|about| about != class));
                    prop_assert!(usable(&state, CLASSES[class], now), "success clears");
                }
                Step::Claim => {
                    let claimed = state.claim_trial(&profile(), now);
                    prop_assert!(!claimed || !usable(&state, "opus", now));
                    prop_assert!(!claimed || expected.last_trial.is_none_or(|last| now.duration_since(last) >= BILLING_TRIALS));
                    expected.last_trial = if claimed { Some(now) } else { expected.last_trial };
                }
                Step::Fail { reason, class, said } => {
                    let said = said.map(|seconds| now + SignedDuration::from_secs(seconds));
                    let before = state.clone();
                    let failed = Failed { reason, until: said, wait: None };
                    let effect = state.note_failure(&profile(), CLASSES[class], &failed, &rules, now);
                    let about = match reason {
                        Reason::Permission | Reason::RateLimit => Some(class),
                        Reason::Auth | Reason::AuthPermanent | Reason::SpendLimit | Reason::Billing => None,
                        _ => {
                            prop_assert_eq!(&state, &before, "{} leaves no trace", reason);
                            continue;
                        }
                    };
                    if expected.last_failure.is_some_and(|last| now.duration_since(last) > FAILURE_WINDOW) {
                        expected.counts.clear();
                    }
                    expected.last_failure = Some(now);
                    // Where nothing was said and no window is open for anybody, the table says when it ends.
                    let recovered = CLASSES.iter().all(|class| usable(&before, class, now));
                    let in_row = expected.counts.entry((reason, about)).or_default();
                    let end = effect.until();
                    if recovered {
                        *in_row += 1;
                        let fixed = match reason {
                            Reason::Auth | Reason::Permission | Reason::RateLimit => {
                                [1, 5, 25, 60][(*in_row).min(4) - 1]
                            }
                            Reason::Billing => [300, 600, 1200, 1440][(*in_row).min(4) - 1],
                            _ => 0,
                        };
                        let said = said.filter(|said| *said > now && reason != Reason::Billing);
                        let fixed = now + SignedDuration::from_mins(fixed);
                        match reason {
                            Reason::AuthPermanent => prop_assert_eq!(end, None),
                            Reason::SpendLimit => prop_assert!(end.is_some_and(|end| end > now)),
                            _ => prop_assert_eq!(end, Some(said.unwrap_or(fixed))),
                        }
                    } else {
                        *in_row = state.of(&profile()).unwrap().failure_counts
                            .get(&counter(reason, about.map(|class| CLASSES[class]))).map_or(0, |n| *n as usize);
                    }
                    expected.windows.push((about, end));
                }
            }
            for (class, name) in CLASSES.iter().enumerate() {
                prop_assert_eq!(usable(&state, name, now), expected.open(class, now), "{} at {}", name, now);
            }
        }
        // What has no end is the only thing that lasts.
        let lasting = expected.windows.iter().any(|(_, end)| end.is_none());
        let much_later = now + SignedDuration::from_hours(24 * 365);
        for class in CLASSES {
            prop_assert_eq!(usable(&state, class, much_later), !lasting);
        }
    }
}

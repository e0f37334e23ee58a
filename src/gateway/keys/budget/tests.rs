use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::gateway::keys::caps::Caps;
use crate::usage::ledger::{CredentialSource, Tokens};

const NOW: &str = "2026-06-03T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn key(name: &str, caps: Caps) -> ClientKey {
    let mut key: ClientKey = serde_json::from_value(serde_json::json!({
        "name": name, "agent": "main", "createdAt": NOW, "tail": "9f2K", "sha256": "",
    }))
    .unwrap();
    key.caps = caps;
    key
}

fn daily(cap: u64) -> Caps {
    Caps { daily: Some(MicroDollars(cap)), ..Caps::default() }
}

fn row(at: Timestamp, outcome: Outcome, cost: Option<u64>) -> Row {
    Row {
        at,
        agent: crate::config::AgentId::main(),
        session: None,
        source: CredentialSource::Profile,
        credential: "anthropic:default".to_owned(),
        billing: Billing::Api,
        requested_model: "claude-sonnet-5".parse().unwrap(),
        served_model: None,
        request_id: None,
        organization_id: None,
        workspace_id: None,
        tokens: Tokens::default(),
        cost: cost.map(MicroDollars),
        cache_savings: None,
        outcome,
        stop_reason: None,
        error: None,
        retries: 0,
        failed_attempts: 0,
        duration: Duration::ZERO,
        first_content: None,
        client_key: None,
        charged: None,
    }
}

/// What is spent today and held.
fn state(budget: &Budget, key: &ClientKey) -> (u64, u64) {
    let (spent, reserved) = budget.of(&key.name);
    (spent.of(CapPeriod::Day, at(NOW)).0, reserved.0)
}

#[test]
fn a_place_is_held_until_the_request_has_ended_and_then_counts_what_it_cost() {
    let (budget, key) = (Arc::new(Budget::default()), key("app", daily(100)));
    let held = budget.reserve(&key, MicroDollars(60), at(NOW)).unwrap();
    let over = budget.reserve(&key, MicroDollars(41), at(NOW)).unwrap_err();
    let expected = OverCap {
        period: CapPeriod::Day,
        cap: MicroDollars(100),
        spent: MicroDollars(0),
        reserved: MicroDollars(60),
        estimate: MicroDollars(41),
        resets_at: at("2026-06-04T00:00:00Z"),
    };
    assert_eq!((over, over.seconds_left(at(NOW))), (expected, 12 * 3600));
    let mut row = row(at(NOW), Outcome::Complete, Some(10));
    held.settle(&mut row);
    assert_eq!((row.client_key.as_deref(), row.charged), (Some("app"), None));
    assert_eq!(state(&budget, &key), (10, 0));
    // Up to the cap and not beyond.
    drop(budget.reserve(&key, MicroDollars(90), at(NOW)).unwrap());
    budget.reserve(&key, MicroDollars(91), at(NOW)).unwrap_err();
    assert_eq!(state(&budget, &key), (10, 0));
}

#[test]
fn what_a_request_is_charged_depends_on_how_it_ended() {
    let subscription = |row: Row| Row { billing: Billing::Subscription, ..row };
    for (row, charged, noted) in [
        (row(at(NOW), Outcome::Complete, Some(7)), 7, None),
        (row(at(NOW), Outcome::Refused, Some(7)), 7, None),
        // The tokens that were told by then.
        (row(at(NOW), Outcome::Interrupted, Some(3)), 3, None),
        (row(at(NOW), Outcome::Interrupted, None), 60, Some(60)),
        (row(at(NOW), Outcome::Complete, None), 60, Some(60)),
        (row(at(NOW), Outcome::Failed, None), 0, None),
        (subscription(row(at(NOW), Outcome::Complete, None)), 0, None),
        (subscription(row(at(NOW), Outcome::Interrupted, None)), 0, None),
    ] {
        let (budget, key) = (Arc::new(Budget::default()), key("app", daily(100)));
        let mut row = row;
        budget.reserve(&key, MicroDollars(60), at(NOW)).unwrap().settle(&mut row);
        assert_eq!(state(&budget, &key), (charged, 0), "{row:?}");
        assert_eq!(row.charged, noted.map(MicroDollars), "{row:?}");
        assert_eq!(row.charge(), MicroDollars(charged), "{row:?}");
    }
}

#[test]
fn what_passed_of_an_answer_is_charged_where_it_is_more_than_was_told() {
    let (budget, key) = (Arc::new(Budget::default()), key("app", daily(100)));
    let broken_off = row(at(NOW), Outcome::Interrupted, Some(3));
    let mut row = Row { charged: Some(MicroDollars(20)), ..broken_off };
    budget.reserve(&key, MicroDollars(60), at(NOW)).unwrap().settle(&mut row);
    assert_eq!((state(&budget, &key), row.charge()), ((20, 0), MicroDollars(20)));
}

#[test]
fn of_several_caps_the_one_that_ends_last_is_told() {
    let caps = Caps { daily: Some(MicroDollars(1)), weekly: None, monthly: Some(MicroDollars(1)) };
    let (budget, key) = (Arc::new(Budget::default()), key("app", caps));
    let over = budget.reserve(&key, MicroDollars(2), at(NOW)).unwrap_err();
    assert_eq!((over.period, over.resets_at), (CapPeriod::Month, at("2026-07-01T00:00:00Z")));
}

#[test]
fn a_new_period_begins_at_nothing_and_a_longer_one_goes_on() {
    let mut spent = Spent::default();
    spent.add(at("2026-05-31T23:59:59Z"), MicroDollars(1));
    spent.add(at("2026-06-01T00:00:00Z"), MicroDollars(10));
    spent.add(at("2026-06-02T00:00:00Z"), MicroDollars(100));
    let of = |now: &str| CapPeriod::ALL.map(|period| spent.of(period, at(now)).0);
    assert_eq!(of("2026-06-02T12:00:00Z"), [100, 110, 110]);
    assert_eq!(of("2026-06-03T12:00:00Z"), [0, 110, 110]);
    assert_eq!(of("2026-06-08T00:00:00Z"), [0, 0, 110]);
    assert_eq!(of("2026-07-01T00:00:00Z"), [0, 0, 0]);
    // A request that ended before midnight and is settled after it belongs to the day before.
    spent.add(at("2026-06-01T23:59:59Z"), MicroDollars(1_000));
    assert_eq!(spent.of(CapPeriod::Day, at("2026-06-02T12:00:00Z")).0, 100);
    assert_eq!(spent.of(CapPeriod::Month, at("2026-06-02T12:00:00Z")).0, 1_110);
}

#[test]
fn keys_do_not_count_for_each_other_and_one_without_a_cap_is_counted_too() {
    let budget = Arc::new(Budget::default());
    let (capped, free) = (key("capped", daily(100)), key("free", Caps::default()));
    budget.reserve(&free, MicroDollars(0), at(NOW)).unwrap().settle(&mut row(
        at(NOW),
        Outcome::Complete,
        Some(5_000),
    ));
    assert_eq!((state(&budget, &free).0, state(&budget, &capped).0), (5_000, 0));
    drop(budget.reserve(&capped, MicroDollars(100), at(NOW)).unwrap());
    // The same name with a cap now: what it spent before counts.
    budget.reserve(&key("free", daily(5_000)), MicroDollars(1), at(NOW)).unwrap_err();
}

/// What happens to requests, in any order.
#[derive(Debug, Clone)]
enum Step {
    Ask {
        estimate: u64,
    },
    /// It ends; `share` of a hundred of the estimate is what it cost, or nobody knows.
    End {
        which: usize,
        share: Option<u64>,
        outcome: Outcome,
    },
    /// It was never sent.
    Withdraw {
        which: usize,
    },
    Later {
        hours: i64,
    },
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        3 => Just(Outcome::Complete), 1 => Just(Outcome::Refused), 1 => Just(Outcome::Interrupted), 1 => Just(Outcome::Failed)
    ];
    let share = proptest::option::weighted(0.8, 0..=100_u64);
    let step = prop_oneof![
        6 => (0..400_u64).prop_map(|estimate| Step::Ask { estimate }),
        5 => (any::<usize>(), share, outcome).prop_map(|(which, share, outcome)| Step::End { which, share, outcome }),
        1 => any::<usize>().prop_map(|which| Step::Withdraw { which }),
        2 => (1..40_i64).prop_map(|hours| Step::Later { hours }),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 0..120)
}

proptest! {
    #[test]
    fn in_any_order_no_cap_is_passed_and_the_ledger_is_what_is_enforced(steps in steps()) {
        let caps = Caps {
            daily: Some(MicroDollars(1_000)),
            weekly: Some(MicroDollars(2_000)),
            monthly: Some(MicroDollars(3_500)),
        };
        let key = key("app", caps);
        let (mut now, mut budget) = (at("2026-05-25T00:00:00Z"), Arc::new(Budget::default()));
        let mut under_way: Vec<Reservation> = Vec::new();
        let mut ledger: Vec<Row> = Vec::new();
        for step in steps {
            match step {
                Step::Ask { estimate } => {
                    let (spent, reserved) = budget.of(&key.name);
                    let fits = CapPeriod::ALL.into_iter().all(|period| {
                        spent.of(period, now).0 + reserved.0 + estimate <= key.caps.of(period).unwrap().0
                    });
                    let asked = budget.reserve(&key, MicroDollars(estimate), now);
                    prop_assert_eq!(asked.is_ok(), fits);
                    under_way.extend(asked);
                }
                Step::End { which, share, outcome } if !under_way.is_empty() => {
                    let held = under_way.swap_remove(which % under_way.len());
                    let cost = share.map(|share| held.estimate.0 * share / 100);
                    let mut ended = row(now, outcome, cost.filter(|_| outcome != Outcome::Failed));
                    held.settle(&mut ended);
                    ledger.push(ended);
                }
                Step::Withdraw { which } if !under_way.is_empty() => {
                    drop(under_way.swap_remove(which % under_way.len()));
                }
                Step::Later { hours } => now += jiff::SignedDuration::from_hours(hours),
                Step::Restart => {
                    // Nothing survives but the ledger.
                    under_way.clear();
                    budget = Arc::new(Budget::default());
                    for row in &ledger {
                        let key = row.client_key.clone().unwrap();
                        budget.count(&Charge { key, at: row.at, amount: row.charge() });
                    }
                }
                Step::End { .. } | Step::Withdraw { .. } => {}
            }
            let (spent, reserved) = budget.of(&key.name);
            prop_assert_eq!(reserved.0, under_way.iter().map(|held| held.estimate.0).sum::<u64>());
            for period in CapPeriod::ALL {
                let of_period = ledger.iter().filter(|row| row.at >= period.start(now));
                let sum: u64 = of_period.map(|row| row.charge().0).sum();
                prop_assert_eq!(spent.of(period, now).0, sum);
                prop_assert!(sum + reserved.0 <= key.caps.of(period).unwrap().0);
            }
        }
    }
}

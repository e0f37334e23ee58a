use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::usage::ledger::Tokens;

fn row(tokens: [Option<u64>; 5], cost: Option<u64>, billing: Billing, outcome: Outcome) -> Row {
    let [input, output, cache_write_5m, cache_write_1h, cache_read] = tokens;
    Row {
        at: "2026-06-01T02:00:00Z".parse().unwrap(),
        agent: AgentId::main(),
        session: None,
        source: CredentialSource::Env,
        credential: "ANTHROPIC_API_KEY".to_owned(),
        billing,
        requested_model: "anthropic/claude-sonnet-5".parse().unwrap(),
        served_model: None,
        request_id: None,
        organization_id: None,
        workspace_id: None,
        tokens: Tokens { input, output, cache_write_5m, cache_write_1h, cache_read },
        cost: cost.map(MicroDollars),
        cache_savings: cost.map(|_| -5),
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

fn sum(rows: &[Row]) -> Totals {
    let mut totals = Totals::default();
    rows.iter().for_each(|row| totals.add(row));
    totals
}

const ALL: [Option<u64>; 5] = [Some(10), Some(20), Some(30), Some(40), Some(20)];

#[test]
fn a_sum_of_known_costs_is_known() {
    let row = row(ALL, Some(7), Billing::Api, Outcome::Complete);
    let totals = sum(&[row.clone(), row]);
    assert_eq!((totals.known_cost(), totals.is_cost_known()), (Some(MicroDollars(14)), true));
    assert_eq!((totals.total_input(), totals.output, totals.cached_percent()), (200, 40, Some(20)));
    assert_eq!(totals.cache_savings, -10);
}

#[test]
fn one_unknown_cost_makes_the_sum_a_lower_bound() {
    let priced = row(ALL, Some(7), Billing::Api, Outcome::Complete);
    let unknown = row(ALL, None, Billing::Api, Outcome::Complete);
    let totals = sum(&[priced, unknown.clone()]);
    assert_eq!((totals.known_cost(), totals.is_cost_known()), (Some(MicroDollars(7)), false));
    assert_eq!((sum(&[unknown]).known_cost(), sum(&[]).known_cost()), (None, Some(MicroDollars(0))));
}

#[test]
fn an_interrupted_answer_has_cost_at_least_what_was_told() {
    let totals = sum(&[row(ALL, Some(7), Billing::Api, Outcome::Interrupted)]);
    assert_eq!((totals.known_cost(), totals.is_cost_known()), (Some(MicroDollars(7)), false));
    assert_eq!((totals.interrupted, totals.unpriced_requests), (1, 0));
}

#[test]
fn a_subscription_has_tokens_and_no_price() {
    let totals = sum(&[row(ALL, None, Billing::Subscription, Outcome::Complete)]);
    assert_eq!((totals.known_cost(), totals.is_cost_known()), (None, true));
    assert_eq!((totals.tokens(), totals.subscription_requests), (120, 1));
}

#[test]
fn a_request_without_an_answer_costs_nothing_and_is_counted() {
    let totals = sum(&[row([None; 5], None, Billing::Api, Outcome::Failed)]);
    assert_eq!((totals.requests, totals.failures, totals.uncounted_requests), (1, 1, 0));
    assert_eq!((totals.known_cost(), totals.is_cost_known()), (Some(MicroDollars(0)), true));
}

#[test]
fn tokens_that_were_not_told_are_not_taken_for_none() {
    let mut tokens = ALL;
    tokens[4] = None;
    assert_eq!(sum(&[row(tokens, None, Billing::Unknown, Outcome::Complete)]).uncounted_requests, 1);
}

#[test]
fn sums_end_at_the_largest_number() {
    let row = row([Some(u64::MAX); 5], Some(u64::MAX), Billing::Api, Outcome::Complete);
    let totals = sum(&[row.clone(), row]);
    assert_eq!((totals.tokens(), totals.known_cost()), (u64::MAX, Some(MicroDollars(u64::MAX))));
    assert_eq!(totals.cached_percent(), Some(100));
}

#[test]
fn a_day_is_one_of_the_time_zone() {
    let row = row(ALL, None, Billing::Api, Outcome::Complete);
    let key = |zone: &TimeZone| key(&row, Grouping::Day, zone).unwrap();
    assert_eq!(key(&TimeZone::UTC), "2026-06-01");
    let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
    assert_eq!(key(&zone), "2026-05-31");
    assert_eq!(name_of(&zone, Timestamp::UNIX_EPOCH), "UTC-05");
}

#[test]
fn a_variable_is_told_from_a_profile_of_its_name() {
    let row = row(ALL, None, Billing::Api, Outcome::Complete);
    assert_eq!(key(&row, Grouping::Profile, &TimeZone::UTC).unwrap(), "env: ANTHROPIC_API_KEY");
    assert_eq!(key(&row, Grouping::Model, &TimeZone::UTC).unwrap(), "anthropic/claude-sonnet-5");
    assert_eq!(key(&row, Grouping::Session, &TimeZone::UTC), None);
    assert_eq!(key(&row, Grouping::Key, &TimeZone::UTC), None);
    let of_a_client = Row { client_key: Some("my-app".to_owned()), ..row };
    assert_eq!(key(&of_a_client, Grouping::Key, &TimeZone::UTC).as_deref(), Some("my-app"));
}

use super::*;
use crate::secret::Secret;

fn plan(fault: Fault, after: u64, times: Option<u64>, retry_after: Option<u64>) -> Option<FaultPlan> {
    Some(FaultPlan { fault, after, times, retry_after, should_retry: None })
}

fn in_credential(credential: &str) -> Option<FaultPlan> {
    of_credential(credential, Place::Api).unwrap().fault
}

#[test]
fn every_fault_is_found_by_its_name_with_dashes_or_underscores() {
    for place in [Place::Api, Place::Token] {
        for (name, fault) in Fault::known_at(place) {
            for name in [name.to_owned(), name.replace('-', "_")] {
                assert_eq!(of_header(&name, place).unwrap().fault, fault, "{name}");
                for end in ["", "-x3Qw", "-retryx"] {
                    let credential = format!("sk-ant-ort01-sandbox-fault-{name}{end}");
                    let found = of_credential(&credential, place).unwrap().fault;
                    assert_eq!(found.unwrap().fault, fault, "{name}{end}");
                }
            }
        }
    }
}

#[test]
fn options_are_read_from_headers_and_from_credentials() {
    assert_eq!(of_header("rate-limit", Place::Api).ok(), plan(Fault::RateLimit, 0, None, Some(30)));
    assert_eq!(
        of_header("rate_limit; retry-after=5; after=1; times=2", Place::Api).ok(),
        plan(Fault::RateLimit, 1, Some(2), Some(5))
    );
    assert_eq!(
        of_header("rate-limit;retry_after=none", Place::Api).ok(),
        plan(Fault::RateLimit, 0, None, None)
    );
    assert_eq!(
        in_credential("sk-ant-api03-sandbox-fault-rate-limit-retry-after-5-after-1-times-2-x3Qw"),
        plan(Fault::RateLimit, 1, Some(2), Some(5))
    );
    assert_eq!(
        in_credential("sk-ant-api03-sandbox-fault-overloaded-times-1"),
        plan(Fault::Overloaded, 0, Some(1), None)
    );
    assert_eq!(in_credential("sk-ant-api03-sandbox-x3Qw"), None);
}

#[test]
fn unknown_names_and_options_are_refused_without_showing_a_credential() {
    assert!(of_header("flood", Place::Api).unwrap_err().contains("\"flood\"; known here are rate-limit, "));
    for wrong in ["hang;often=1", "hang;times", "hang;times=x", "hang;retry-after=soon"] {
        assert!(of_header(wrong, Place::Api).unwrap_err().contains("options after=N"), "{wrong}");
    }
    let message = of_credential("sk-ant-api03-sandbox-fault-flood-x3Qw", Place::Api).unwrap_err();
    assert!(!message.contains("flood"), "{message}");
}

#[test]
fn delays_are_read_and_bounded() {
    let behaviour =
        of_credential("sk-ant-api03-sandbox-event-delay-20ms-delay-250ms-x3Qw", Place::Api).unwrap();
    assert_eq!(behaviour.delay, Some(Duration::from_millis(250)));
    assert_eq!(behaviour.event_delay, Some(Duration::from_millis(20)));
    let behaviour = of_credential("sk-ant-api03-sandbox-event-delay-20ms-x3Qw", Place::Api).unwrap();
    assert_eq!(behaviour.delay, None);
    assert_eq!(within_limit("600000"), Some(LONGEST_DELAY));
    for wrong in ["600001", "-1", "1.5", "", "soon"] {
        assert_eq!(within_limit(wrong), None, "{wrong}");
    }
}

#[test]
fn a_fault_strikes_after_so_many_requests_and_so_many_times() {
    let credential = Secret::new("one").fingerprint();
    let struck = |header: &str| {
        let (mut counts, plan) = (FaultCounts::default(), of_header(header, Place::Api).unwrap());
        (0..5).map(|_| counts.strikes(&credential, &plan)).collect::<Vec<_>>()
    };
    assert_eq!(struck("auth"), [true; 5]);
    assert_eq!(struck("auth;after=2"), [false, false, true, true, true]);
    assert_eq!(struck("auth;times=2"), [true, true, false, false, false]);
    assert_eq!(struck("auth;after=1;times=2"), [false, true, true, false, false]);
    assert_eq!(struck("auth;times=0"), [false; 5]);
}

#[test]
fn counts_of_credentials_and_faults_are_apart() {
    let (one, two) = (Secret::new("one").fingerprint(), Secret::new("two").fingerprint());
    let mut counts = FaultCounts::default();
    let once = of_header("auth;times=1", Place::Api).unwrap();
    assert!(counts.strikes(&one, &once));
    assert!(!counts.strikes(&one, &once));
    assert!(counts.strikes(&two, &once));
    assert!(counts.strikes(&one, &of_header("hang;times=1", Place::Api).unwrap()));
}

#[test]
fn spend_limits_end_with_the_month() {
    for (now, expected) in [
        ("2026-11-22T10:00:00Z", "2026-12-01 at 00:00 UTC"),
        ("2026-12-31T23:59:59Z", "2027-01-01 at 00:00 UTC"),
    ] {
        assert_eq!(next_month(now.parse().unwrap()), expected);
    }
}

#[test]
fn every_fault_strikes_somewhere_and_is_unknown_elsewhere() {
    for (name, fault) in Fault::ALL {
        let (api, token) = (fault.strikes_at(Place::Api), fault.strikes_at(Place::Token));
        assert!(api || token, "{name}");
        assert_eq!(of_header(name, Place::Api).is_ok(), api, "{name}");
        assert_eq!(of_header(name, Place::Token).is_ok(), token, "{name}");
    }
}

#[test]
fn parts_ask_for_the_same_again() {
    for parts in [
        "",
        "delay-250ms-",
        "fault-hang-",
        "delay-5ms-fault-lost-reply-after-1-times-2-",
        "fault-rate-limit-retry-after-5-",
        "fault-rate-limit-times-1-retry-after-none-",
        "fault-overloaded-retry-after-1-should-retry-false-",
    ] {
        let behaviour = of_credential(&format!("sk-ant-ort01-sandbox-{parts}0000"), Place::Token).unwrap();
        assert_eq!(behaviour.parts(), parts);
    }
}

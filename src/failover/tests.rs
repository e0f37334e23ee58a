//! Runs against a scripted world: what each credential answers, in order, and what came of it.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};

use super::*;

mod together;

type Scripted = Outcome<String, &'static str>;

fn because(reason: Reason) -> Scripted {
    waiting(reason, None)
}

fn waiting(reason: Reason, seconds: Option<u64>) -> Scripted {
    let failed = Failed { wait: seconds.map(Duration::from_secs), ..Failed::because(reason) };
    Outcome::Failed { error: reason.as_str(), failed, committed: false }
}

fn committed(reason: Reason) -> Scripted {
    Outcome::Failed { error: reason.as_str(), failed: Failed::because(reason), committed: true }
}

/// Credentials by id; `plan` at the beginning of an id is paid by a plan, `any` by nobody knows whom.
fn route(model: &str, ids: &[&str]) -> Route<()> {
    let billing = |id: &str| match id {
        id if id.starts_with("plan") => Billing::Subscription,
        id if id.starts_with("any") => Billing::Unknown,
        _ => Billing::Api,
    };
    let candidate = |id: &&str| Candidate { id: (*id).to_owned(), billing: billing(id), credential: () };
    let class = model.split('-').next().unwrap_or_default().to_owned();
    Route { model: model.to_owned(), class, candidates: ids.iter().map(candidate).collect() }
}

#[derive(Debug)]
struct Told {
    result: Result<Answered<String, &'static str>, GaveUp<&'static str>>,
    /// Tries and events, in order.
    story: Vec<String>,
    waited: Vec<Duration>,
}

impl Told {
    fn story(&self) -> String {
        self.story.join(", ")
    }

    fn answer(&self) -> &str {
        self.result.as_ref().map_or("none", |answered| answered.value.as_str())
    }

    fn end(&self) -> Option<End> {
        self.result.as_ref().err().map(|gave_up| gave_up.end)
    }
}

/// `script`: what a credential does, by `id` or `model/id`; afterwards it answers.
async fn tell(routes: &[Route<()>], options: Options, script: Vec<(&str, Vec<Scripted>)>) -> Told {
    let mut script: HashMap<&str, VecDeque<Scripted>> =
        script.into_iter().map(|(id, outcomes)| (id, outcomes.into())).collect();
    let (story, waited) = (RefCell::new(Vec::new()), RefCell::new(Vec::new()));
    let note = |text: String| story.borrow_mut().push(text);
    let attempt = |this: Try<'_, ()>| {
        let id = this.candidate.id.as_str();
        let flags = if this.alone { "+alone" } else { "" };
        note(format!("{}/{id}{flags}", this.model));
        let by_model = format!("{}/{id}", this.model);
        let key = if script.contains_key(by_model.as_str()) { by_model.as_str() } else { id };
        let next = script.get_mut(key).and_then(VecDeque::pop_front);
        let outcome = next.unwrap_or(Outcome::Answered(by_model));
        async {
            tokio::task::yield_now().await;
            outcome
        }
    };
    let report = |event: Event<'_, ()>| {
        note(match event {
            Event::Retrying { candidate, failed, number, .. } => {
                format!("retry {number} of {} ({})", candidate.id, failed.reason)
            }
            Event::Rotating { from, to, failed } => format!("{}>{} ({})", from.id, to.id, failed.reason),
            Event::NextModel { from, to, failed, .. } => format!("{from}>>{to} ({})", failed.reason),
            Event::PayerChanges { from, to } => format!("{}${}", from.as_str(), to.billing.as_str()),
        });
    };
    let pause = async |wait: Duration| waited.borrow_mut().push(wait);
    let result = run(routes, &options, attempt, report, pause, || 0.5).await;
    Told { result, story: story.into_inner(), waited: waited.into_inner() }
}

fn options() -> Options {
    Options::default()
}

#[tokio::test]
async fn the_first_credential_that_answers_is_the_last_one_asked() {
    let told = tell(&[route("m", &["a", "b"])], options(), vec![]).await;
    assert_eq!((told.answer(), told.story().as_str()), ("m/a", "m/a"));
}

#[tokio::test]
async fn a_limit_or_a_refused_credential_rotates_at_once() {
    for reason in [
        Reason::RateLimit,
        Reason::Auth,
        Reason::Permission,
        Reason::AuthPermanent,
        Reason::Billing,
        Reason::SpendLimit,
    ] {
        let script = vec![("a", vec![because(reason)]), ("b", vec![because(reason)])];
        let told = tell(&[route("m", &["a", "b", "c"])], options(), script).await;
        let expected = format!("m/a, a>b ({reason}), m/b, b>c ({reason}), m/c+alone");
        assert_eq!((told.answer(), told.story()), ("m/c", expected));
        assert!(told.waited.is_empty());
        let answered = told.result.unwrap();
        assert_eq!((answered.retries, answered.failures.len()), (0, 2));
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again_before_another_credential_and_another_model() {
    let routes = [route("m", &["a", "b"]), route("n", &["a"])];
    for reason in [Reason::Overloaded, Reason::Timeout] {
        let failing = || vec![because(reason), because(reason), because(reason)];
        let script = vec![("m/a", failing()), ("m/b", failing())];
        let told = tell(&routes, options(), script).await;
        assert_eq!(
            told.story(),
            format!(
                "m/a, retry 1 of a ({reason}), m/a, retry 2 of a ({reason}), m/a, a>b ({reason}), m/b, \
                 m>>n ({reason}), n/a+alone"
            )
        );
        assert!(told.waited.iter().sum::<Duration>() < Duration::from_secs(3), "{:?}", told.waited);
        let answered = told.result.unwrap();
        // One failure per candidate, however often it was tried.
        assert_eq!((answered.retries, answered.failures.len()), (2, 2));
    }
}

#[tokio::test]
async fn alone_it_waits_longer_but_not_for_ever() {
    let overloaded = |wait| waiting(Reason::Overloaded, wait);
    let script = vec![("a", vec![overloaded(None), overloaded(Some(11)), overloaded(None)])];
    let told = tell(&[route("m", &["a"])], options(), script).await;
    assert_eq!(told.end(), Some(End::Exhausted));
    let total = told.waited.iter().sum::<Duration>();
    assert!((Duration::from_secs(11)..Duration::from_secs(20)).contains(&total), "{:?}", told.waited);
    let told = tell(&[route("m", &["a"])], options(), vec![("a", vec![overloaded(Some(60))])]).await;
    assert_eq!((told.end(), told.waited.len()), (Some(End::Exhausted), 0));
}

#[tokio::test]
async fn when_every_credential_is_limited_the_soonest_is_waited_for_if_that_is_soon() {
    let limited = |wait| waiting(Reason::RateLimit, Some(wait));
    let routes = [route("m", &["a", "b", "c"])];
    let script = |a, b| {
        vec![("a", vec![limited(a)]), ("b", vec![limited(b)]), ("c", vec![because(Reason::RateLimit)])]
    };
    let told = tell(&routes, options(), script(9, 4)).await;
    assert_eq!(told.answer(), "m/b");
    assert_eq!(told.story.last().map(String::as_str), Some("m/b+alone"));
    assert_eq!(told.waited, [Duration::from_millis(4200)]);
    let told = tell(&routes, options(), script(90, 40)).await;
    assert_eq!((told.end(), told.waited.len()), (Some(End::Exhausted), 0));
    // Another model that is ready is better than waiting.
    let routes = [route("m", &["a"]), route("n", &["b"])];
    let told = tell(&routes, options(), vec![("a", vec![limited(1)])]).await;
    assert_eq!((told.answer(), told.waited.len()), ("n/b", 0));
}

#[tokio::test]
async fn a_wrong_request_ends_it() {
    for reason in [Reason::Format, Reason::Local] {
        let routes = [route("m", &["a", "b"]), route("n", &["a"])];
        let told = tell(&routes, options(), vec![("a", vec![because(reason)])]).await;
        assert_eq!((told.end(), told.story().as_str()), (Some(End::Refused), "m/a"));
    }
}

#[tokio::test]
async fn an_unknown_model_goes_to_the_next_one_whatever_the_credential() {
    let routes = [route("m", &["a", "b"]), route("n", &["a"]), route("o", &["a"])];
    let missing = || vec![because(Reason::ModelNotFound)];
    let told = tell(&routes, options(), vec![("m/a", missing()), ("n/a", missing())]).await;
    assert_eq!(told.story(), "m/a, m>>n (model_not_found), n/a, n>>o (model_not_found), o/a+alone");
    let told = tell(&routes[..1], options(), vec![("m/a", missing())]).await;
    assert_eq!((told.end(), told.story().as_str()), (Some(End::Exhausted), "m/a"));
}

#[tokio::test]
async fn nothing_takes_over_once_a_part_of_the_answer_is_out() {
    for reason in [Reason::Overloaded, Reason::RateLimit, Reason::Timeout, Reason::Auth] {
        let routes = [route("m", &["a", "b"]), route("n", &["a"])];
        let told = tell(&routes, options(), vec![("a", vec![committed(reason)])]).await;
        assert_eq!((told.end(), told.story().as_str()), (Some(End::Interrupted), "m/a"));
    }
}

#[tokio::test]
async fn a_trial_that_another_process_has_is_passed_over() {
    let routes = [route("m", &["a", "b"])];
    let told = tell(&routes, options(), vec![("a", vec![Outcome::NotTried])]).await;
    assert_eq!((told.answer(), told.story().as_str()), ("m/b", "m/a, m/b+alone"));
    let script = vec![("a", vec![waiting(Reason::RateLimit, Some(1))]), ("b", vec![Outcome::NotTried])];
    assert_eq!(tell(&routes, options(), script).await.answer(), "m/a");
}

#[tokio::test]
async fn a_change_of_who_pays_is_said_stopped_or_allowed() {
    let routes = [route("m", &["plan1", "key", "plan2"])];
    let limited = || vec![because(Reason::RateLimit)];
    let with = |cross_billing| Options { cross_billing, ..options() };
    let script = || vec![("plan1", limited())];

    let told = tell(&routes, with(CrossBilling::Notice), script()).await;
    assert_eq!(told.story(), "m/plan1, plan1>key (rate_limit), subscription$api, m/key");
    let told = tell(&routes, with(CrossBilling::Allow), script()).await;
    assert_eq!(told.story(), "m/plan1, plan1>key (rate_limit), m/key");
    let told = tell(&routes, with(CrossBilling::Stop), script()).await;
    assert_eq!(told.story(), "m/plan1, plan1>plan2 (rate_limit), m/plan2+alone");

    let told = tell(&routes[..1], with(CrossBilling::Stop), vec![("plan1", limited()), ("plan2", limited())]);
    let gave_up = told.await.result.unwrap_err();
    assert_eq!((gave_up.end, gave_up.held_back), (End::Exhausted, vec![Place { route: 0, candidate: 1 }]));
}

#[tokio::test]
async fn a_payer_that_is_cooling_down_still_counts() {
    let routes = [route("m", &["key"])];
    let usual = |cross_billing| Options { cross_billing, payer: Some(Billing::Subscription), ..options() };
    let told = tell(&routes, usual(CrossBilling::Notice), vec![]).await;
    assert_eq!((told.answer(), told.story().as_str()), ("m/key", "subscription$api, m/key+alone"));
    let told = tell(&routes, usual(CrossBilling::Stop), vec![]).await;
    assert_eq!((told.answer(), told.story.len()), ("none", 0));
    assert_eq!(told.result.unwrap_err().held_back.len(), 1);
}

#[tokio::test]
async fn without_retries_only_rotation_is_left() {
    let failing = || vec![because(Reason::Overloaded)];
    let options = Options { retries: 0, ..options() };
    let told = tell(&[route("m", &["a", "b"])], options, vec![("a", failing()), ("b", failing())]).await;
    assert_eq!(told.story(), "m/a, a>b (overloaded), m/b+alone");
    let gave_up = told.result.unwrap_err();
    assert_eq!(gave_up.failures.iter().map(|it| it.place.candidate).collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test]
async fn nothing_to_try_is_no_answer() {
    assert_eq!(tell(&[], options(), vec![]).await.end(), Some(End::Exhausted));
    let told = tell(&[route("m", &[]), route("n", &["a"])], options(), vec![]).await;
    assert_eq!(told.answer(), "n/a");
}

#[test]
fn a_server_may_move_a_run_between_threads() {
    fn movable(_: impl Send) {}
    let routes = [route("m", &["a"])];
    let options = options();
    movable(run(
        &routes,
        &options,
        async |this: Try<'_, ()>| {
            tokio::task::yield_now().await;
            Outcome::<String, String>::Answered(this.candidate.id.clone())
        },
        |_: Event<'_, ()>| {},
        async |wait: Duration| tokio::time::sleep(wait).await,
        || 0.0,
    ));
}

#[tokio::test]
async fn another_model_is_not_asked_with_a_credential_that_failed_for_it_too() {
    let routes = [route("opus-1", &["a"]), route("opus-2", &["a", "b"]), route("haiku-1", &["a", "b"])];
    for (reason, asked) in [
        (Reason::AuthPermanent, "opus-2/b"),
        (Reason::Auth, "opus-2/b"),
        (Reason::Billing, "opus-2/b"),
        (Reason::SpendLimit, "opus-2/b"),
        (Reason::RateLimit, "opus-2/b"),
        (Reason::Permission, "opus-2/b"),
        (Reason::ModelNotFound, "opus-2/a"),
        (Reason::Unobtainable, "opus-2/a"),
    ] {
        let told = tell(&routes, options(), vec![("opus-1/a", vec![because(reason)])]).await;
        assert_eq!(told.answer(), asked, "{reason}");
    }
    let routes = [route("opus-1", &["a"]), route("opus-2", &["a"]), route("haiku-1", &["a"])];
    for (reason, asked) in [(Reason::AuthPermanent, "none"), (Reason::RateLimit, "haiku-1/a")] {
        let told = tell(&routes, options(), vec![("opus-1/a", vec![because(reason)])]).await;
        assert_eq!(told.answer(), asked, "{reason}");
        assert!(!told.story().contains("opus-2"), "{}", told.story());
    }
}

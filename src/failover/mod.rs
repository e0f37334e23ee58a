//! Failover: what a failure means ([`classify`]), and what is tried next - the same again, the next credential, the next
//! model, or nothing ([`run`]). It takes closures and knows no HTTP, no clock and no file.
//!
//! The rules, in short: a limit or a refused credential rotates at once; what passes by itself is tried again, at most
//! twice for a model and never for long; a wrong request ends it; and once a part of an answer has gone out nothing else
//! is tried, so that two answers are never spliced.

mod classify;
mod resumption;
mod retry;
mod rotate;
pub mod wording;

use std::time::Duration;

pub use classify::classify;
use retry::Backoff;
use rotate::{Payer, Reach, Way, reach_of, way_after};

use crate::auth::candidates::Eligible;
use crate::auth::health::Billing;
pub use crate::auth::reason::{Failed, Reason};
use crate::config::schema::CrossBilling;

/// A model with the credentials that may be used for it.
#[derive(Debug, Clone)]
pub struct Route<C> {
    /// The model, for events.
    pub model: String,
    /// The class it is of: a limit is one of all models of its class.
    pub class: String,
    /// First to last.
    pub candidates: Vec<Candidate<C>>,
}

/// A credential that may be used.
#[derive(Debug, Clone)]
pub struct Candidate<C> {
    /// Its name, for events: the profile's id, or the variable's name.
    pub id: String,
    /// Who pays for what it is used for.
    pub billing: Billing,
    /// What the caller signs with; not looked at here.
    pub credential: C,
}

impl<'a> From<Eligible<'a>> for Candidate<Eligible<'a>> {
    fn from(eligible: Eligible<'a>) -> Self {
        let Eligible { credential, .. } = &eligible;
        Self { id: credential.source.name().to_owned(), billing: credential.billing, credential: eligible }
    }
}

/// What may happen during a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether rotation may change who pays.
    pub cross_billing: CrossBilling,
    /// Who pays when everything is well, where that is not the first candidate: the better one may be cooling down and
    /// so not be among the candidates.
    pub payer: Option<Billing>,
    /// How often a model may be tried again after a failure that passes by itself.
    pub retries: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { cross_billing: CrossBilling::default(), payer: None, retries: 2 }
    }
}

/// A place in the list of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of the route.
    pub route: usize,
    /// Index of the candidate in it.
    pub candidate: usize,
}

/// One try, as the caller is asked to make it.
#[derive(Debug)]
pub struct Try<'a, C> {
    /// Where it stands in the list.
    pub place: Place,
    /// The model.
    pub model: &'a str,
    /// The credential.
    pub candidate: &'a Candidate<C>,
    /// Nothing else could take over, so nothing needs to be held back before the commit point.
    pub alone: bool,
}

/// What came of a try. Whoever makes it also notes it: `AuthState::note_failure` and `note_success`.
#[derive(Debug)]
pub enum Outcome<T, E> {
    /// An answer.
    Answered(T),
    /// A failure.
    Failed {
        /// What is handed back when nothing else helps.
        error: E,
        /// What it means.
        failed: Failed,
        /// Whether a part of the answer has already gone out.
        committed: bool,
    },
    /// It was not made: another process has the trial of this credential.
    NotTried,
}

/// Something people should know of.
#[derive(Debug)]
pub enum Event<'a, C> {
    /// The same is tried again after a wait.
    Retrying {
        /// The credential.
        candidate: &'a Candidate<C>,
        /// Why the last try failed.
        failed: &'a Failed,
        /// How long until then.
        wait: Duration,
        /// Which retry of the run it is, from 1.
        number: u32,
    },
    /// Another credential takes over.
    Rotating {
        /// The one that failed.
        from: &'a Candidate<C>,
        /// The one that is tried now.
        to: &'a Candidate<C>,
        /// Why, and until when.
        failed: &'a Failed,
    },
    /// Another model takes over.
    NextModel {
        /// The one that could not answer.
        from: &'a str,
        /// The one that is asked now.
        to: &'a str,
        /// The credential it is asked with.
        candidate: &'a Candidate<C>,
        /// Why.
        failed: &'a Failed,
    },
    /// Somebody else pays from here on.
    PayerChanges {
        /// Who would have paid.
        from: Billing,
        /// The credential that is used, with who pays now.
        to: &'a Candidate<C>,
    },
}

/// An answer, and what it took.
#[derive(Debug)]
pub struct Answered<T, E> {
    /// The answer.
    pub value: T,
    /// Who gave it.
    pub place: Place,
    /// How often the same was tried again.
    pub retries: u32,
    /// What failed before.
    pub failures: Vec<FailedTry<E>>,
}

/// No answer.
#[derive(Debug)]
pub struct GaveUp<E> {
    /// What ended it.
    pub end: End,
    /// What failed, the last one last; each candidate of a route once, with its last failure.
    pub failures: Vec<FailedTry<E>>,
    /// What was not tried because it would have changed who pays.
    pub held_back: Vec<Place>,
    /// How often the same was tried again.
    pub retries: u32,
}

/// Why a run gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing is left to try, or nothing was there.
    Exhausted,
    /// Nothing else would help: the request or a setting is wrong.
    Refused,
    /// A part of the answer had already gone out.
    Interrupted,
}

/// A candidate's last failure.
#[derive(Debug)]
pub struct FailedTry<E> {
    /// The candidate.
    pub place: Place,
    /// What it means.
    pub failed: Failed,
    /// What the caller handed in.
    pub error: E,
}

/// Tries the routes in order until one answers, nothing is left, or nothing else would help. `pause` waits, `jitter`
/// gives numbers from 0 to 1.
///
/// A run whose tries are `Send` is `Send`.
///
/// # Errors
/// When there is no answer, with what failed.
pub async fn run<'r, C, T, E, A, P>(
    routes: &'r [Route<C>],
    options: &Options,
    // Async closures would read better, but the compiler cannot see that those that borrow are `Send`.
    mut attempt: impl FnMut(Try<'r, C>) -> A,
    mut report: impl FnMut(Event<'_, C>),
    mut pause: impl FnMut(Duration) -> P,
    mut jitter: impl FnMut() -> f64,
) -> Result<Answered<T, E>, GaveUp<E>>
where
    A: Future<Output = Outcome<T, E>>,
    P: Future<Output = ()>,
{
    let mut plan = Plan { routes, payer: Payer::new(options.cross_billing, options.payer) };
    let (mut failures, mut retries) = (Vec::new(), 0);
    let mut turn = plan.first_from::<E>(0, &[]).map(Turn::new);
    let mut backoff = Backoff::new(options.retries);
    while let Some(Turn { place, is_last_resort }) = turn {
        plan.announce(place, failures.last().filter(|_| !is_last_resort), &mut report);
        let candidate = &routes[place.route].candidates[place.candidate];
        // What was waited for has no successor: the others had their turn.
        let successors = |failures: &[FailedTry<E>]| {
            let another = plan.after(place, failures).filter(|_| !is_last_resort);
            let next_model = plan.first_from(place.route + 1, failures).filter(|_| !is_last_resort);
            (another, next_model)
        };
        let (another, next_model) = successors(&failures);
        turn = loop {
            let model = &routes[place.route].model;
            let alone = another.is_none() && next_model.is_none();
            let this = Try { place, model, candidate, alone };
            let failed = match attempt(this).await {
                Outcome::Answered(value) => return Ok(Answered { value, place, retries, failures }),
                Outcome::NotTried => None,
                Outcome::Failed { error, failed, committed } => Some((error, failed, committed)),
            };
            let way = failed.as_ref().map_or(Way::NextCredential, |(_, failed, _)| way_after(failed.reason));
            if let Some((error, failed, committed)) = failed {
                failures.retain(|earlier: &FailedTry<E>| earlier.place != place);
                failures.push(FailedTry { place, failed, error });
                if committed || way == Way::End {
                    let end = if committed { End::Interrupted } else { End::Refused };
                    return Err(GaveUp { end, failures, held_back: plan.held_back(), retries });
                }
                if way == Way::Again
                    && let Some(wait) = backoff.take(failed.wait, another.is_some(), jitter())
                {
                    retries += 1;
                    report(Event::Retrying { candidate, failed: &failed, wait, number: retries });
                    pause(wait).await;
                    continue;
                }
            }
            // What failed just now may be next in line once more, for another model.
            let (another, next_model) = successors(&failures);
            let next = if way == Way::NextModel { next_model } else { another.or(next_model) };
            if next.is_some() || way == Way::NextModel {
                break next.map(Turn::new);
            }
            let Some(soonest) = soonest_limit(&failures, place.route) else { break None };
            let Some(wait) = backoff.take(soonest.failed.wait, false, jitter()) else { break None };
            retries += 1;
            let candidate = &routes[soonest.place.route].candidates[soonest.place.candidate];
            report(Event::Retrying { candidate, failed: &soonest.failed, wait, number: retries });
            pause(wait).await;
            break Some(Turn { place: soonest.place, is_last_resort: true });
        };
        if turn.is_some_and(|turn| turn.place.route != place.route) {
            backoff = Backoff::new(options.retries);
        }
    }
    Err(GaveUp { end: End::Exhausted, failures, held_back: plan.held_back(), retries })
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy)]
struct Turn {
    place: Place,
    /// Everything else has failed, and its limit was waited for.
    is_last_resort: bool,
}

impl Turn {
    fn new(place: Place) -> Self {
        Self { place, is_last_resort: false }
    }
}

/// Of the candidates of a route that met a rate limit, the one that is free again first.
fn soonest_limit<E>(failures: &[FailedTry<E>], route: usize) -> Option<&FailedTry<E>> {
    let limited =
        failures.iter().filter(|it| it.place.route == route && it.failed.reason == Reason::RateLimit);
    limited.filter(|it| it.failed.wait.is_some()).min_by_key(|it| it.failed.wait)
}

/// The routes, and who pays by now.
struct Plan<'r, C> {
    routes: &'r [Route<C>],
    payer: Payer,
}

impl<'r, C> Plan<'r, C> {
    fn places(&self) -> impl Iterator<Item = (Place, &'r Candidate<C>)> + use<'r, C> {
        self.routes.iter().enumerate().flat_map(|(route, it)| {
            let place = move |candidate| Place { route, candidate };
            it.candidates.iter().enumerate().map(move |(at, candidate)| (place(at), candidate))
        })
    }

    /// The first candidate of this route, or of a later one, that may be used.
    fn first_from<E>(&self, route: usize, failures: &[FailedTry<E>]) -> Option<Place> {
        self.open(failures).find(|place| place.route >= route)
    }

    /// The next candidate of the same route that may be used.
    fn after<E>(&self, last: Place, failures: &[FailedTry<E>]) -> Option<Place> {
        self.open(failures).find(|place| place.route == last.route && place.candidate > last.candidate)
    }

    /// The places that may be used, after these failures.
    fn open<E>(&self, failures: &[FailedTry<E>]) -> impl Iterator<Item = Place> {
        let open = self.places().filter(|(place, candidate)| {
            self.payer.admits(candidate.billing) && !self.is_spent(*place, candidate, failures)
        });
        open.map(|(place, _)| place)
    }

    /// Whether a candidate has failed for another model in a way that means this one, too.
    fn is_spent<E>(&self, place: Place, candidate: &Candidate<C>, failures: &[FailedTry<E>]) -> bool {
        failures.iter().any(|failure| {
            let before = &self.routes[failure.place.route];
            let is_about_it = match reach_of(failure.failed.reason) {
                Reach::Request => false,
                Reach::ModelClass => before.class == self.routes[place.route].class,
                Reach::Credential => true,
            };
            is_about_it && before.candidates[failure.place.candidate].id == candidate.id
        })
    }

    fn held_back(&self) -> Vec<Place> {
        let held_back = self.places().filter(|(_, candidate)| !self.payer.admits(candidate.billing));
        held_back.map(|(place, _)| place).collect()
    }

    /// Says what takes over from what failed last, and who pays for it.
    fn announce<E>(
        &mut self,
        place: Place,
        last: Option<&FailedTry<E>>,
        report: &mut impl FnMut(Event<'_, C>),
    ) {
        let route = &self.routes[place.route];
        let to = &route.candidates[place.candidate];
        if let Some(FailedTry { place: before, failed, .. }) = last {
            let former = &self.routes[before.route];
            report(if before.route == place.route {
                Event::Rotating { from: &former.candidates[before.candidate], to, failed }
            } else {
                Event::NextModel { from: &former.model, to: &route.model, candidate: to, failed }
            });
        }
        if let Some(from) = self.payer.move_to(to.billing) {
            report(Event::PayerChanges { from, to });
        }
    }
}

#[cfg(test)]
mod tests;

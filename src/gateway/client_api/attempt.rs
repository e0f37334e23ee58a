//! One try: a credential's secret, the request sent on with it, and the answer up to the point from which it goes to the
//! client. What comes behind that point is for [`super::answer`].

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::noting::Noting;
use super::tally::{Seen, Tally, Tap};
use super::underway::Underway;
use super::{Asks, LONGEST_SILENCE};
use crate::anthropic::{self, Client, CommitPoint, HOLD_LIMIT, Relayed, RelayedAnswer, ResponseMeta};
use crate::auth::ProfileId;
use crate::auth::candidates::Eligible;
use crate::auth::health::Billing;
use crate::auth::obtain::{ObtainError, Obtained, Obtainer};
use crate::auth::reason::{Failed, Reason};
use crate::auth::resolve::{Candidate, Source};
use crate::clock::Clock;
use crate::failover::{Outcome, Try, classify};
use crate::provider;
use crate::secret::Secret;
use crate::usage::ledger::CredentialSource;

/// Longest body of an answer that is not streamed, and of a refusal.
const LONGEST_BODY: usize = 64 * 1024 * 1024;

/// What tries of one request share.
#[derive(Clone, Copy)]
pub(super) struct Trying<'t> {
    pub(super) clock: &'t dyn Clock,
    pub(super) noting: &'t Noting,
    pub(super) obtainer: Obtainer<'t>,
    pub(super) client: &'t Client,
    pub(super) request: &'t Relayed,
    pub(super) asks: Asks,
    /// Whether credentials of a plan may be used.
    pub(super) allows_plans: bool,
    /// Knows what was sent.
    pub(super) underway: &'t Underway,
}

/// What signed a request.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    pub(super) source: CredentialSource,
    /// The profile's id, the variable's name or the key's place in the config.
    pub(super) credential: String,
    pub(super) profile: Option<ProfileId>,
    pub(super) billing: Billing,
    pub(super) secret: Secret,
    /// When it was sent, by both clocks.
    pub(super) at: Timestamp,
    pub(super) started: Duration,
}

/// An answer that goes to the client.
pub(super) struct Begun {
    pub(super) answer: RelayedAnswer,
    pub(super) signed: Signed,
    pub(super) body: Begins,
}

/// How the body of an answer begins.
pub(super) enum Begins {
    /// It is all here.
    Whole(Bytes, Tally),
    /// It is arriving; this came already, and told this of its end.
    Stream(Vec<Bytes>, Box<Tap>, Told),
}

/// What a stream told of its end.
#[derive(Debug)]
pub(super) enum Told {
    /// Nothing yet.
    Nothing,
    /// It is complete.
    Stops,
    /// It failed, with content before that.
    Failed(anthropic::Error),
}

/// What was sent and gave no answer.
#[derive(Debug)]
pub(super) struct Fallen {
    pub(super) why: Unanswered,
    pub(super) signed: Signed,
    /// What the head of the response said.
    pub(super) meta: ResponseMeta,
}

/// Why a try gave no answer.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The provider refused, in these words, which mean this.
    Refused { status: StatusCode, headers: HeaderMap, body: Bytes, meaning: anthropic::Error },
    /// The way to the provider failed.
    Failed(anthropic::Error),
    /// The secret could not be had.
    Unobtainable(ObtainError),
    /// It turned out to be a plan's.
    Plan,
}

impl Unanswered {
    /// What happened on the way to the provider or there; `None` when nothing was sent.
    pub(super) fn error(&self) -> Option<&anthropic::Error> {
        match self {
            Self::Refused { meaning: error, .. } | Self::Failed(error) => Some(error),
            Self::Unobtainable(_) | Self::Plan => None,
        }
    }
}

type Sent = Result<Begun, Fallen>;

impl Trying<'_> {
    pub(super) async fn attempt(self, this: Try<'_, Eligible<'_>>) -> Outcome<Begun, Unanswered> {
        let Eligible { credential, is_trial, .. } = &this.candidate.credential;
        if *is_trial && !self.noting.claim_trial(credential).await {
            return Outcome::NotTried;
        }
        let obtained = match self.obtainer.obtain(credential).await {
            Ok(obtained) => obtained,
            Err(error) => return unobtainable(error),
        };
        let mut secret = obtained.secret.clone();
        let Some(mut sent) = self.send(credential, obtained, this.alone).await else { return plan() };
        if let Err(fallen) = &sent
            && let Unanswered::Refused { meaning: anthropic::Error::Api(refusal), .. } = &fallen.why
            && Obtainer::renews_after(credential, refusal.kind)
        {
            match self.obtainer.renew(credential, &secret).await {
                Ok(Some(renewed)) => {
                    secret = renewed.secret.clone();
                    let Some(again) = self.send(credential, renewed, this.alone).await else { return plan() };
                    sent = again;
                }
                Ok(None) => {}
                Err(error) => return unobtainable(error),
            }
        }
        match sent {
            Ok(begun) => Outcome::Answered(begun),
            Err(fallen) => {
                let now = self.clock.now();
                let because = Failed::because(Reason::Unobtainable);
                let failed = fallen.why.error().map_or(because, |error| classify(error, now));
                self.underway.fell(&fallen, failed.reason);
                let failed = if self.is_about_the_credential(failed.reason) {
                    self.noting.failure(credential, &secret, failed).await
                } else {
                    failed
                };
                Outcome::Failed { error: fallen.why, failed, committed: false }
            }
        }
    }

    /// Whether a failure is one to remember: counting tokens and listing models have limits of their own.
    fn is_about_the_credential(self, reason: Reason) -> bool {
        self.asks == Asks::Answer || matches!(reason, Reason::Auth | Reason::AuthPermanent)
    }

    /// Sends it; `None` when the credential is a plan's and may not be used for clients.
    async fn send(self, credential: &Candidate<'_>, obtained: Obtained, alone: bool) -> Option<Sent> {
        if !self.allows_plans && obtained.billing != Billing::Api {
            return None;
        }
        let signed = Signed {
            source: match &credential.source {
                Source::Profile(_) => CredentialSource::Profile,
                Source::Env(..) => CredentialSource::Env,
                Source::Config(_) => CredentialSource::Config,
            },
            credential: credential.source.name().to_owned(),
            profile: match &credential.source {
                Source::Profile(profile) => Some(profile.id.clone()),
                Source::Env(..) | Source::Config(_) => None,
            },
            billing: obtained.billing,
            secret: obtained.secret.clone(),
            at: self.clock.now(),
            started: self.clock.steady(),
        };
        let authorization = provider::authorization(obtained);
        self.underway.sends(&signed);
        Some(match self.client.relay(&authorization, self.request).await {
            Ok(answer) => self.begin(answer, signed, alone).await,
            Err(error) => Err(Fallen::sent(Unanswered::Failed(error), signed, ResponseMeta::default())),
        })
    }

    async fn begin(self, mut answer: RelayedAnswer, signed: Signed, alone: bool) -> Sent {
        let meta = answer.meta.clone();
        if !answer.status.is_success() {
            let body = match answer.rest(LONGEST_BODY).await {
                Ok(body) => body,
                Err(error) => return Err(Fallen::sent(Unanswered::Failed(error), signed, meta)),
            };
            let meaning = answer.refusal(&body);
            let (status, headers) = (answer.status, answer.headers);
            let why = Unanswered::Refused { status, headers, body, meaning };
            return Err(Fallen::sent(why, signed, meta));
        }
        if !answer.is_event_stream() {
            return match answer.rest(LONGEST_BODY).await {
                Ok(body) => {
                    let mut tally = Tally::default();
                    if self.asks == Asks::Answer {
                        tally.whole(&body);
                        tally.first_content = Some(self.clock.steady().saturating_sub(signed.started));
                    }
                    Ok(Begun { answer, signed, body: Begins::Whole(body, tally) })
                }
                Err(error) => Err(Fallen::sent(Unanswered::Failed(error), signed, meta)),
            };
        }
        if alone {
            let body = Begins::Stream(Vec::new(), Box::new(Tap::new()), Told::Nothing);
            return Ok(Begun { answer, signed, body });
        }
        self.hold(answer, signed).await
    }

    /// Holds a stream back until nobody else could take over unnoticed, or it has been held for long enough.
    async fn hold(self, mut answer: RelayedAnswer, signed: Signed) -> Sent {
        let meta = answer.meta.clone();
        let mut tap = Box::new(Tap::new());
        let mut point = CommitPoint::new(true);
        let limit = tokio::time::sleep(HOLD_LIMIT);
        let mut limit = std::pin::pin!(limit);
        let (mut goes_out, mut told) = (Vec::new(), Told::Nothing);
        while !point.is_passed() {
            let chunk = tokio::select! {
                chunk = answer.chunk_within(LONGEST_SILENCE) => chunk,
                () = &mut limit => {
                    goes_out = point.pass();
                    break;
                }
            };
            let chunk = match chunk {
                Ok(Some(chunk)) => chunk,
                Ok(None) => {
                    let reason = "the stream ended before the answer did".to_owned();
                    let why = Unanswered::Failed(anthropic::Error::Cut { reason });
                    return Err(Fallen::sent(why, signed, meta));
                }
                Err(error) => return Err(Fallen::sent(Unanswered::Failed(error), signed, meta)),
            };
            let (mut commits, mut stops, mut refusal) = (false, false, None);
            let took = self.clock.steady().saturating_sub(signed.started);
            tap.look(&chunk, took, |seen| match seen {
                Seen::Passing => {}
                Seen::Commits => commits = true,
                // What ended well need not be held either.
                Seen::Stops => (commits, stops) = (true, true),
                Seen::Error(data) if !stops => {
                    refusal.get_or_insert((data, commits));
                }
                Seen::Error(_) => {}
            });
            let refusal = refusal.map(|(data, has_begun)| (answer.refusal(&data), has_begun));
            let is_refused = matches!(refusal, Some((_, false)));
            goes_out.extend(point.take(chunk, commits && !is_refused));
            if stops {
                told = Told::Stops;
            }
            let Some((meaning, _)) = refusal else { continue };
            if point.is_passed() {
                told = Told::Failed(meaning);
            } else {
                let body = point.pass().concat().into();
                let (status, headers) = (answer.status, answer.headers);
                let why = Unanswered::Refused { status, headers, body, meaning };
                return Err(Fallen::sent(why, signed, meta));
            }
        }
        Ok(Begun { answer, signed, body: Begins::Stream(goes_out, tap, told) })
    }
}

impl Fallen {
    fn sent(why: Unanswered, signed: Signed, meta: ResponseMeta) -> Self {
        Self { why, signed, meta }
    }
}

fn unobtainable(error: ObtainError) -> Outcome<Begun, Unanswered> {
    // What could not be had says nothing about how the provider would have liked it.
    unsent(Unanswered::Unobtainable(error))
}

fn plan() -> Outcome<Begun, Unanswered> {
    unsent(Unanswered::Plan)
}

fn unsent(why: Unanswered) -> Outcome<Begun, Unanswered> {
    let failed = Failed::because(Reason::Unobtainable);
    Outcome::Failed { error: why, failed, committed: false }
}

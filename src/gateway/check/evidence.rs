//! Everything that was asked and seen, for rules to judge.

use std::collections::BTreeMap;

use super::arrivals::{Arrivals, Arrived};
use super::exchange::{Answer, Caller, NoAnswer, Sent};
use super::probes::{self, Client, Form, Probe};
use super::verdict::Verdict;
use super::{CheckError, Target};
use crate::anthropic::{Endpoint, Error};
use crate::clock::Clock;
use crate::secret::Secret;

const KEY_REFUSED: &str = "the key was refused";

/// One request, its answer, and what arrived upstream meanwhile.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) sent: Sent,
    pub(super) answer: Result<Answer, NoAnswer>,
    /// `None` when nobody could see it.
    pub(super) arrived: Option<Vec<Arrived>>,
}

impl Exchange {
    /// Whether the credential was not refused; that nobody answered says nothing about it.
    fn is_taken(&self) -> bool {
        !self.answer.as_ref().is_ok_and(refuses)
    }
}

/// Everything that was seen.
#[derive(Debug)]
pub(super) struct Evidence {
    pub(super) key: Option<Secret>,
    pub(super) model: String,
    /// Whether the sandbox's log could be read.
    pub(super) has_sandbox: bool,
    /// Whether there is a gateway between the client and the sandbox at all.
    pub(super) is_between: bool,
    exchanges: BTreeMap<Probe, Exchange>,
}

impl Evidence {
    pub(super) async fn gather(
        target: &Target<'_>,
        endpoint: &Endpoint,
        clock: &dyn Clock,
    ) -> Result<Self, CheckError> {
        let upstream = target.sandbox.map(|url| Endpoint::new(url, target.transport.network)).transpose()?;
        let mut inquiry = Inquiry {
            caller: Caller::new(endpoint, target.transport, clock)?,
            arrivals: match &upstream {
                Some(upstream) => Some(Arrivals::watch(upstream, target.transport, clock).await?),
                None => None,
            },
            exchanges: BTreeMap::new(),
        };
        let mut client = Client { key: None, model: "", sandbox: upstream.is_some() };
        let forms = target.key.map_or(&[] as &[Form], Form::of);
        for form in forms {
            client.key = target.key.map(|key| (key, *form));
            inquiry.ask(&client, form.models()).await?;
        }
        if forms.is_empty() {
            inquiry.ask(&client, Probe::ModelsOpen).await?;
            if !inquiry.takes(Probe::ModelsOpen) {
                return Err(CheckError::KeyNeeded { host: endpoint.host().to_owned() });
            }
        }
        if let Some(Exchange { answer: Err(NoAnswer::Unreachable(reason)), .. }) =
            inquiry.exchanges.values().next()
        {
            let host = endpoint.host().to_owned();
            return Err(CheckError::Unreachable { host, reason: reason.clone() });
        }
        let taken = forms.iter().find(|form| inquiry.takes(form.models()));
        let list = taken.map_or(Probe::ModelsOpen, |form| form.models());
        let model = match target.model {
            Some(model) => model.to_owned(),
            None => probes::cheapest(&inquiry.listed(list)),
        };
        // Whoever refuses the key refuses everything, and forty refusals say no more than one.
        if taken.is_some() || forms.is_empty() {
            client =
                Client { key: target.key.zip(taken.copied()), model: &model, sandbox: upstream.is_some() };
            for probe in Probe::FOLLOWING {
                if probe != Probe::ModelsOpen || !forms.is_empty() {
                    inquiry.ask(&client, probe).await?;
                }
            }
            if client.sandbox {
                inquiry.ask(&client, Probe::Fault).await?;
            }
        }
        let exchanges = inquiry.exchanges;
        let is_between = upstream.as_ref().is_some_and(|upstream| upstream != endpoint);
        let has_sandbox = upstream.is_some();
        Ok(Self { key: target.key.cloned(), model, has_sandbox, is_between, exchanges })
    }

    /// A request and what came of it.
    pub(super) fn exchange(&self, probe: Probe) -> Result<&Exchange, Verdict> {
        let reason = || match probe {
            Probe::ModelsByKey | Probe::ModelsByBearer if self.key.is_none() => "no key was given",
            Probe::ModelsByKey => "an OAuth token is not shown in x-api-key",
            Probe::ModelsByBearer => "an Anthropic API key is not shown as a bearer token",
            _ => KEY_REFUSED,
        };
        self.exchanges.get(&probe).ok_or_else(|| Verdict::unknown(reason()))
    }

    /// The answer to a request whose rule this is.
    pub(super) fn answer(&self, probe: Probe) -> Result<&Answer, Verdict> {
        self.exchange(probe)?.answer.as_ref().map_err(|error| Verdict::Broken(error.words()))
    }

    /// The message that came, for rules about something else than whether one comes.
    pub(super) fn message(&self, probe: Probe) -> Result<&Answer, Verdict> {
        let answer = self.exchange(probe)?.answer.as_ref();
        answer.ok().filter(|it| it.status.is_success()).ok_or_else(|| Verdict::unknown("no message came"))
    }

    /// The list of models that came first.
    pub(super) fn list(&self) -> Result<&Exchange, Verdict> {
        let lists = [Probe::ModelsByKey, Probe::ModelsByBearer, Probe::ModelsOpen];
        let mut asked = lists.iter().filter_map(|probe| self.exchanges.get(probe));
        asked.find(|exchange| exchange.is_taken()).ok_or_else(|| Verdict::unknown(KEY_REFUSED))
    }

    /// What arrived upstream of a request.
    pub(super) fn arrived(&self, probe: Probe) -> Result<&[Arrived], Verdict> {
        let arrived = self.exchange(probe)?.arrived.as_deref();
        arrived.ok_or_else(|| Verdict::unknown("nobody saw what arrived"))
    }

    /// What arrived upstream of a request for a message that was answered, and its only one.
    pub(super) fn arrival(&self, probe: Probe) -> Result<(&Sent, &Arrived), Verdict> {
        let arrived = self.arrived(probe)?;
        let mut messages = arrived.iter().filter(|arrived| arrived.path == "/v1/messages");
        match messages.next_back() {
            Some(last) => Ok((&self.exchange(probe)?.sent, last)),
            None => Err(Verdict::unknown("nothing arrived at the sandbox")),
        }
    }

    /// Every request for a message with what last arrived of it.
    pub(super) fn arrivals(&self) -> Result<Vec<(Probe, &Sent, &Arrived)>, Verdict> {
        let mut found = Vec::new();
        for probe in Probe::FOLLOWING.into_iter().filter(|probe| probe.wants_message()) {
            self.arrived(probe)?;
            if let Ok((sent, arrived)) = self.arrival(probe) {
                found.push((probe, sent, arrived));
            }
        }
        if found.is_empty() { Err(Verdict::unknown("nothing arrived at the sandbox")) } else { Ok(found) }
    }

    /// Every answer that came.
    pub(super) fn answers(&self) -> impl Iterator<Item = (Probe, &Answer)> {
        self.exchanges.iter().filter_map(|(probe, it)| Some((*probe, it.answer.as_ref().ok()?)))
    }
}

/// Whether an answer refuses the credential.
pub(super) fn refuses(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 401 | 403)
}

/// Asking, one after the other.
struct Inquiry<'a> {
    caller: Caller<'a>,
    arrivals: Option<Arrivals<'a>>,
    exchanges: BTreeMap<Probe, Exchange>,
}

impl Inquiry<'_> {
    async fn ask(&mut self, client: &Client<'_>, probe: Probe) -> Result<(), CheckError> {
        let Some(sent) = client.request(probe) else {
            return Err(Error::Setup { reason: "the key has characters no header takes".to_owned() }.into());
        };
        let answer = self.caller.send(&sent).await;
        let arrived = match &mut self.arrivals {
            Some(arrivals) => Some(arrivals.new_ones().await?),
            None => None,
        };
        self.exchanges.insert(probe, Exchange { sent, answer, arrived });
        Ok(())
    }

    fn takes(&self, probe: Probe) -> bool {
        self.exchanges.get(&probe).is_some_and(Exchange::is_taken)
    }

    fn listed(&self, probe: Probe) -> Vec<String> {
        let answer = self.exchanges.get(&probe).and_then(|it| it.answer.as_ref().ok());
        answer.map(ids).unwrap_or_default()
    }
}

/// The ids in a list of models.
pub(super) fn ids(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    let models = list["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    models.iter().filter_map(|model| model["id"].as_str()).map(str::to_owned).collect()
}

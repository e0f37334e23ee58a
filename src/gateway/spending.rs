//! Whether a client may spend what its request may cost, asked before the request is sent.

use http::StatusCode;

use super::app::App;
use super::keys::ClientKey;
use super::keys::budget::{OverCap, Reservation};
use super::keys::estimate::{Wanted, estimate};
use super::refusal::Refusal;
use crate::error::{Exit, Failure};
use crate::models::known::KnownModels;
use crate::models::refs::ModelRef;
use crate::usage::price::MicroDollars;

impl App {
    /// Holds a place for a request among what its key may spend. Every key has one, so that all spending is counted; only a
    /// capped key can be refused.
    pub(super) fn reserve(
        &self,
        key: &ClientKey,
        model: &ModelRef,
        wanted: &Wanted<'_>,
    ) -> Result<Reservation, Refusal> {
        let estimate = if key.is_capped() {
            if !self.ledger.is_writable() {
                return Err(no_ledger(key));
            }
            let world = self.live.world();
            let known = KnownModels::of(&world.loaded.config);
            estimate(model, known, wanted).ok_or_else(|| unpriced(key, model))?
        } else {
            MicroDollars(0)
        };
        let now = self.now();
        self.budget.reserve(key, estimate, now).map_err(|over| over_cap(key, &over, over.seconds_left(now)))
    }
}

fn no_ledger(key: &ClientKey) -> Refusal {
    let message = format!(
        "The client key \"{}\" has a spend cap, and what is spent cannot be written down now.",
        key.name
    );
    let failure = Failure::new(Exit::Failed, "ledger", message)
        .hint("the gateway's log says what is wrong with its ledger, usage.db of the state directory");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, failure).retry_after(RETRY_SECONDS)
}

/// When a ledger that cannot be written may be mended.
const RETRY_SECONDS: u64 = 30;

fn unpriced(key: &ClientKey, model: &ModelRef) -> Refusal {
    let message = format!(
        "The client key \"{}\" has a spend cap, and what {} costs is not known.",
        key.name,
        model.model()
    );
    let failure = Failure::new(Exit::Usage, "unpriced_model", message)
        .hint("ask a model whose prices are known, or use a key without a cap")
        .command("fased gateway keys list");
    Refusal::new(StatusCode::BAD_REQUEST, failure).for_good()
}

fn over_cap(key: &ClientKey, over: &OverCap, seconds: u64) -> Refusal {
    let OverCap { period, cap, spent, reserved, estimate, resets_at } = over;
    let [cap, spent, reserved, estimate] = [cap, spent, reserved, estimate].map(|amount| amount.rounded());
    let message = format!(
        "The {} spend cap of the client key \"{}\" is reached: of {cap}, {spent} is spent and {reserved} held for requests \
         under way, and this request may cost up to {estimate}. It is reset at {resets_at}.",
        period.as_str(),
        key.name
    );
    let failure = Failure::new(Exit::Provider, "billing", message)
        .hint("wait, ask for fewer max_tokens, or have a key with another cap made")
        .command("fased gateway keys list");
    Refusal::new(StatusCode::TOO_MANY_REQUESTS, failure).retry_after(seconds).for_good()
}

#[cfg(test)]
mod tests;

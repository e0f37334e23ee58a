//! What client keys have spent, and what requests under way may still cost. A request of a capped key is only sent when its
//! estimate fits beside both, and holds its place until it has ended; so requests at the same moment cannot pass a cap
//! together. What a request came to is told by its row of the ledger, which is what the counters are built from again after a
//! restart: the ledger, what is enforced and what is shown are one sum.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::ClientKey;
use super::caps::CapPeriod;
use crate::auth::health::Billing;
use crate::usage::ledger::{Charge, Ledger, LedgerError, Outcome, Row};
use crate::usage::price::MicroDollars;

/// What was spent in the current period of each length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent([Counter; 3]);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counter {
    /// The first moment of the period it counts.
    since: Timestamp,
    amount: MicroDollars,
}

impl Default for Spent {
    fn default() -> Self {
        Self([Counter { since: Timestamp::MIN, amount: MicroDollars(0) }; 3])
    }
}

impl Spent {
    /// Adds what was spent at a moment; a counter whose period is over begins anew.
    pub fn add(&mut self, at: Timestamp, amount: MicroDollars) {
        for (counter, period) in self.0.iter_mut().zip(CapPeriod::ALL) {
            let since = period.start(at);
            if since > counter.since {
                *counter = Counter { since, amount: MicroDollars(0) };
            }
            if since == counter.since {
                counter.amount = counter.amount.plus(amount);
            }
        }
    }

    /// What was spent in the period that is `now`.
    pub fn of(&self, period: CapPeriod, now: Timestamp) -> MicroDollars {
        let counters = self.0.iter().zip(CapPeriod::ALL);
        // A clock that was put back makes no spending undone.
        let mut current = counters.filter(|(it, of)| *of == period && it.since >= period.start(now));
        current.next().map_or(MicroDollars(0), |(counter, _)| counter.amount)
    }
}

/// A request does not fit into what its key may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverCap {
    /// Which cap.
    pub period: CapPeriod,
    /// How much it allows.
    pub cap: MicroDollars,
    /// What was spent.
    pub spent: MicroDollars,
    /// What requests under way may cost.
    pub reserved: MicroDollars,
    /// What this one may cost.
    pub estimate: MicroDollars,
    /// When the period ends.
    pub resets_at: Timestamp,
}

impl OverCap {
    /// How long the period still goes on, in seconds, rounded up.
    pub fn seconds_left(&self, now: Timestamp) -> u64 {
        let left = self.resets_at.duration_since(now);
        let rounded = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        u64::try_from(rounded).unwrap_or(0).max(1)
    }
}

/// The counters of all keys.
#[derive(Debug, Default)]
pub struct Budget {
    accounts: Mutex<HashMap<String, Account>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Account {
    spent: Spent,
    reserved: MicroDollars,
}

impl Budget {
    /// Counts what the ledger knows of the current periods.
    ///
    /// # Errors
    /// When it cannot be read; nothing is counted then.
    pub fn load(&self, ledger: &Ledger, now: Timestamp) -> Result<(), LedgerError> {
        let mut charges = Vec::new();
        ledger.charges(CapPeriod::earliest_start(now), |charge| charges.push(charge))?;
        charges.iter().for_each(|charge| self.count(charge));
        Ok(())
    }

    fn count(&self, charge: &Charge) {
        self.accounts().entry(charge.key.clone()).or_default().spent.add(charge.at, charge.amount);
    }

    /// Holds a place for a request of a key, or says which cap is in the way: of several the one that ends last.
    ///
    /// # Errors
    /// When the estimate does not fit beside what was spent and what is held already.
    pub fn reserve(
        self: &Arc<Self>,
        key: &ClientKey,
        estimate: MicroDollars,
        now: Timestamp,
    ) -> Result<Reservation, OverCap> {
        let mut accounts = self.accounts();
        let account = accounts.entry(key.name.clone()).or_default();
        let Account { spent, reserved } = *account;
        for period in CapPeriod::ALL.into_iter().rev() {
            let Some(cap) = key.caps.of(period) else { continue };
            let spent = spent.of(period, now);
            if spent.plus(reserved).plus(estimate) > cap {
                let resets_at = period.end(now);
                return Err(OverCap { period, cap, spent, reserved, estimate, resets_at });
            }
        }
        account.reserved = reserved.plus(estimate);
        drop(accounts);
        let budget = Arc::clone(self);
        Ok(Reservation { budget, key: key.name.clone(), estimate, spent: None })
    }

    /// What a key has spent, and what its requests under way may cost.
    pub fn of(&self, key: &str) -> (Spent, MicroDollars) {
        self.accounts().get(key).map(|account| (account.spent, account.reserved)).unwrap_or_default()
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        // An account is changed by additions that cannot fail half way.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a request among what its key may spend. Dropped as it is, it is given back.
#[derive(Debug)]
#[must_use = "the place is given back when this is dropped"]
pub struct Reservation {
    budget: Arc<Budget>,
    key: String,
    estimate: MicroDollars,
    /// How much was spent, and when.
    spent: Option<(MicroDollars, Timestamp)>,
}

impl Reservation {
    /// The request has ended as this row says, which becomes one of the key's: it is charged what the row says, else what
    /// the answer cost. What failed or is paid by a plan is charged nothing, and an answer whose price nobody knows its
    /// estimate, which the row then says.
    pub fn settle(mut self, row: &mut Row) {
        row.client_key = Some(self.key.clone());
        let is_free = row.outcome == Outcome::Failed || row.billing == Billing::Subscription;
        if row.cost.is_none() {
            row.charged = (!is_free).then_some(self.estimate).filter(|charged| charged.0 > 0);
        }
        self.spent = Some((row.charge(), row.at));
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut accounts = self.budget.accounts();
        let Some(account) = accounts.get_mut(&self.key) else { return };
        account.reserved = MicroDollars(account.reserved.0.saturating_sub(self.estimate.0));
        if let Some((amount, at)) = self.spent {
            account.spent.add(at, amount);
        }
    }
}

#[cfg(test)]
mod tests;

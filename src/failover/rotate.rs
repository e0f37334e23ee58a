//! Where a failure leads, and whether whoever would pay then may.

use crate::auth::health::Billing;
use crate::auth::reason::Reason;
use crate::config::schema::CrossBilling;

/// Where a failure leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Once more after a while; then to the next credential.
    Again,
    /// To the next credential at once.
    NextCredential,
    /// To the next model: no credential would help.
    NextModel,
    /// Nowhere.
    End,
}

/// Where a failure leads.
pub(super) fn way_after(reason: Reason) -> Way {
    match reason {
        Reason::Overloaded | Reason::Timeout => Way::Again,
        Reason::Auth
        | Reason::Permission
        | Reason::AuthPermanent
        | Reason::RateLimit
        | Reason::SpendLimit
        | Reason::Billing
        | Reason::Unobtainable => Way::NextCredential,
        Reason::ModelNotFound => Way::NextModel,
        Reason::Format | Reason::Local => Way::End,
    }
}

/// How far a failure reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// It says nothing about another request.
    Request,
    /// The credential, for all models of the class.
    ModelClass,
    /// The credential, for every model.
    Credential,
}

pub(super) fn reach_of(reason: Reason) -> Reach {
    match reason {
        Reason::Auth | Reason::AuthPermanent | Reason::Billing | Reason::SpendLimit => Reach::Credential,
        Reason::RateLimit | Reason::Permission => Reach::ModelClass,
        Reason::Overloaded | Reason::Timeout | Reason::ModelNotFound => Reach::Request,
        Reason::Format | Reason::Local | Reason::Unobtainable => Reach::Request,
    }
}

/// Who pays, and whether that may change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payer {
    policy: CrossBilling,
    /// The last one that is known: between a plan and an account, one nobody can tell is no bridge.
    known: Option<Billing>,
}

impl Payer {
    pub(super) fn new(policy: CrossBilling, usual: Option<Billing>) -> Self {
        Self { policy, known: usual.filter(|billing| *billing != Billing::Unknown) }
    }

    /// Whether a credential with this billing may be used.
    pub(super) fn admits(&self, billing: Billing) -> bool {
        self.policy != CrossBilling::Stop || self.change_to(billing).is_none()
    }

    /// Moves to a credential with this billing; the former payer, when that is to be said.
    pub(super) fn move_to(&mut self, billing: Billing) -> Option<Billing> {
        let from = self.change_to(billing);
        if billing != Billing::Unknown {
            self.known = Some(billing);
        }
        from.filter(|_| self.policy == CrossBilling::Notice)
    }

    fn change_to(&self, billing: Billing) -> Option<Billing> {
        self.known.filter(|known| known.differs_from(billing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_and_an_account_are_crossed_as_the_policy_says() {
        let (plan, api) = (Some(Billing::Subscription), Billing::Api);
        for (policy, admits, said) in [
            (CrossBilling::Notice, true, plan),
            (CrossBilling::Allow, true, None),
            (CrossBilling::Stop, false, plan),
        ] {
            let mut payer = Payer::new(policy, plan);
            assert_eq!(payer.admits(api), admits, "{policy}");
            if admits {
                assert_eq!(payer.move_to(api), said, "{policy}");
                assert_eq!(payer.move_to(api), None, "{policy}");
            }
        }
    }

    #[test]
    fn a_payer_nobody_can_tell_crosses_nothing_and_hides_nothing() {
        let mut payer = Payer::new(CrossBilling::Notice, Some(Billing::Unknown));
        assert_eq!(payer.move_to(Billing::Subscription), None);
        assert_eq!(payer.move_to(Billing::Unknown), None);
        assert_eq!(payer.move_to(Billing::Api), Some(Billing::Subscription));
        assert!(Payer::new(CrossBilling::Stop, None).admits(Billing::Api));
    }
}

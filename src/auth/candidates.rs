//! Every credential a request may be sent with, in the order they are tried: what rotation goes through. The first one
//! that is no trial is what status calls next.

use std::collections::HashMap;

use super::health::{Billing, Usable};
use super::order;
use super::profile_id::ProfileId;
use super::resolve::{Candidate, EnvStanding, Inputs, Judged, NoCredential, ProviderAuth, Source};
use crate::config::schema::EnvPolicy;

/// What a request may be sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates<'a> {
    /// First to last; never empty.
    pub eligible: Vec<Eligible<'a>>,
    /// Who pays when every profile is well: whoever pays for the first in order that time, and nothing else, may keep
    /// from use.
    pub usual_payer: Option<Billing>,
}

impl Candidates<'_> {
    /// Puts this profile first when it can be used as it is: not for a trial, and not where somebody else would pay against
    /// the config's will. Who pays usually stays who it was.
    pub fn prefer(&mut self, profile: &ProfileId) {
        let is_it = |eligible: &Eligible<'_>| {
            let found = matches!(eligible.credential.source, Source::Profile(it) if it.id == *profile);
            found && !eligible.is_trial && !eligible.is_held_back
        };
        if let Some(at) = self.eligible.iter().position(is_it) {
            self.eligible[..=at].rotate_right(1);
        }
    }
}

/// A credential that may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligible<'a> {
    /// The credential.
    pub credential: Candidate<'a>,
    /// It is disabled and due to be tried: the trial is to be claimed before it is used.
    pub is_trial: bool,
    /// Somebody else would pay than usual, and that is forbidden.
    pub is_held_back: bool,
}

impl<'a> ProviderAuth<'a> {
    /// Every credential that may be used for a request now. With a pinned profile it is that one or none. `inputs` are
    /// those of the survey.
    ///
    /// # Errors
    /// When there is none, as for [`ProviderAuth::choose`].
    pub fn candidates(
        &self,
        pinned: Option<&ProfileId>,
        inputs: &Inputs<'a>,
    ) -> Result<Candidates<'a>, NoCredential> {
        let by_id: HashMap<&ProfileId, &Judged<'a>> =
            self.profiles.iter().map(|judged| (&judged.profile.id, judged)).collect();
        if let Some(pinned) = pinned {
            let trial = by_id.get(pinned).filter(|judged| may_try(judged.usable_when_named(), inputs, false));
            let (credential, is_trial) = match trial {
                Some(judged) => (Candidate::of(judged), true),
                None => (self.choose(Some(pinned))?, false),
            };
            return Ok(Candidates {
                eligible: vec![Eligible { credential, is_trial, is_held_back: false }],
                usual_payer: None,
            });
        }
        // The survey puts unusable ones last; a trial belongs where the order puts it.
        let ordered = order::order(&self.provider, inputs.snapshot, inputs.config, inputs.state).profiles;
        let ordered: Vec<&Judged<'a>> = ordered.iter().filter_map(|it| by_id.get(&it.id).copied()).collect();
        let env = self.env_candidate();
        let any_usable = env.is_some() || ordered.iter().any(|judged| judged.verdict.usable.is_yes());
        let mut eligible = Vec::new();
        for judged in &ordered {
            let is_trial = may_try(&judged.verdict.usable, inputs, any_usable);
            if is_trial || judged.verdict.usable.is_yes() {
                let credential = Candidate::of(judged);
                let is_held_back = !self.admits(credential.billing);
                eligible.push(Eligible { credential, is_trial, is_held_back });
            }
        }
        if let Some(key) = self.config_key.as_ref().filter(|key| key.is_eligible()) {
            let credential = Candidate::of_config(key);
            let is_held_back = !self.admits(credential.billing);
            eligible.push(Eligible { credential, is_trial: false, is_held_back });
        }
        if let Some(credential) = env {
            let at = if inputs.config.auth.env == EnvPolicy::Prefer { 0 } else { eligible.len() };
            let is_held_back = !self.admits(credential.billing);
            eligible.insert(at, Eligible { credential, is_trial: false, is_held_back });
        }
        if eligible.iter().all(|eligible| eligible.is_held_back) {
            // There is none, and this says why.
            eligible =
                vec![Eligible { credential: self.choose(None)?, is_trial: false, is_held_back: false }];
        }
        let first = eligible.first().map(|eligible| eligible.credential.billing);
        Ok(Candidates { usual_payer: self.usual_payer.or(first), eligible })
    }

    /// The environment's credential when it may be used, also where it is only the last resort.
    fn env_candidate(&self) -> Option<Candidate<'a>> {
        let env = self.env.as_ref();
        env.filter(|env| {
            matches!(env.standing, EnvStanding::Used | EnvStanding::InReserve | EnvStanding::PayerHeldBack)
        })
        .map(Candidate::of_env)
    }
}

fn may_try(usable: &Usable, inputs: &Inputs<'_>, another_is_usable: bool) -> bool {
    match usable {
        Usable::Yes => false,
        Usable::No(unusable) => unusable.may_try(inputs.now, another_is_usable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::cooldown::Effect;
    use crate::auth::profile::{Credential, Expiry, Material, Profile};
    use crate::auth::reason::{Failed, Reason};
    use crate::auth::state::AuthState;
    use crate::auth::store::Snapshot;
    use crate::config::{Config, Paths};
    use crate::env::Env;
    use crate::secret::Secret;
    use jiff::{SignedDuration, Timestamp};

    /// Profiles in this order; those named `plan...` hold a plan's token.
    struct World {
        snapshot: Snapshot,
        state: AuthState,
        config: Config,
        env: Env,
        now: Timestamp,
    }

    impl World {
        fn new(names: &[&str]) -> Self {
            let mut snapshot = Snapshot::default();
            for name in names {
                let secret = |prefix: &str| Material::Value(Secret::new(format!("{prefix}-sandbox-{name}")));
                let credential = if name.starts_with("plan") {
                    Credential::Token { token: secret("sk-ant-oat01"), expires: Expiry::Unknown }
                } else {
                    Credential::ApiKey { key: secret("sk-ant-api03") }
                };
                let id: ProfileId = format!("anthropic:{name}").parse().unwrap();
                let profile =
                    Profile { id: id.clone(), credential, email: None, added_at: None, issuer: None };
                snapshot.profiles.insert(id, profile);
            }
            let ids = names.iter().map(|name| format!("anthropic:{name}")).collect();
            snapshot.order.insert("anthropic".into(), ids);
            let now = "2026-06-10T00:00:00Z".parse().unwrap();
            let env = Env::from_pairs([("ANTHROPIC_API_KEY", "sk-ant-api03-sandbox-env")]);
            Self { snapshot, state: AuthState::default(), config: Config::default(), env, now }
        }

        fn fail(mut self, name: &str, reason: Reason) -> Self {
            let id: ProfileId = format!("anthropic:{name}").parse().unwrap();
            let profile = self.snapshot.profiles.get(&id).unwrap();
            let rules = &self.config.auth.cooldowns;
            let effect = self.state.note_failure(profile, "opus", &Failed::because(reason), rules, self.now);
            assert_ne!(effect, Effect::None);
            self
        }

        fn env(mut self, policy: EnvPolicy) -> Self {
            self.config.auth.env = policy;
            self
        }

        fn later(mut self, minutes: i64) -> Self {
            self.now += SignedDuration::from_mins(minutes);
            self
        }

        fn candidates(&self, pinned: Option<&str>) -> Result<(Vec<String>, Option<Billing>), NoCredential> {
            let Self { snapshot, state, config, env, now } = self;
            let paths = &Paths::below("/home/u");
            let inputs = Inputs { snapshot, state, config, env, paths, now: *now };
            let auth = ProviderAuth::survey("anthropic", "opus", &inputs);
            let pinned = pinned.map(|name| format!("anthropic:{name}").parse().unwrap());
            let candidates = auth.candidates(pinned.as_ref(), &inputs)?;
            let name = |eligible: &Eligible<'_>| {
                let name = match &eligible.credential.source {
                    Source::Profile(profile) => profile.id.name(),
                    Source::Env(variable, _) => variable,
                    Source::Config(_) => "config",
                };
                if eligible.is_trial { format!("{name}?") } else { name.to_owned() }
            };
            let first = candidates.eligible.iter().find(|eligible| !eligible.is_trial);
            if let (Some(first), None) = (first, &pinned) {
                let next = auth.choose(None).unwrap();
                assert_eq!(next, first.credential, "what status calls next comes first");
            }
            Ok((candidates.eligible.iter().map(name).collect(), candidates.usual_payer))
        }

        /// The names when this profile is preferred.
        fn preferring(&self, name: &str) -> (Vec<String>, Option<Billing>) {
            let Self { snapshot, state, config, env, now } = self;
            let paths = &Paths::below("/home/u");
            let inputs = Inputs { snapshot, state, config, env, paths, now: *now };
            let auth = ProviderAuth::survey("anthropic", "opus", &inputs);
            let mut candidates = auth.candidates(None, &inputs).unwrap();
            candidates.prefer(&format!("anthropic:{name}").parse().unwrap());
            let name = |eligible: &Eligible<'_>| match &eligible.credential.source {
                Source::Profile(profile) => profile.id.name().to_owned(),
                _ => "other".to_owned(),
            };
            (candidates.eligible.iter().map(name).collect(), candidates.usual_payer)
        }

        fn names(&self) -> Vec<String> {
            self.candidates(None).unwrap().0
        }
    }

    #[test]
    fn usable_profiles_follow_each_other_in_order() {
        let world = World::new(&["a", "b", "c"]).fail("b", Reason::RateLimit);
        assert_eq!(world.names(), ["a", "c"]);
        assert_eq!(world.later(1).names(), ["a", "b", "c"]);
    }

    #[test]
    fn a_due_trial_stands_where_the_order_puts_the_profile() {
        let world = World::new(&["a", "b"]).fail("a", Reason::Billing);
        assert_eq!(world.names(), ["b"]);
        assert_eq!(world.later(5).names(), ["a?", "b"]);
        let world = World::new(&["a", "b"]).fail("a", Reason::SpendLimit).later(30);
        assert_eq!(world.names(), ["b"]);
        assert_eq!(world.fail("b", Reason::RateLimit).names(), ["a?"]);
        let world = World::new(&["a"]).fail("a", Reason::AuthPermanent).later(60);
        assert_eq!(world.candidates(None), Err(NoCredential::AllUnusable));
    }

    #[test]
    fn the_environment_steps_in_as_its_policy_says() {
        let env = "ANTHROPIC_API_KEY";
        let world = || World::new(&["a"]);
        assert_eq!(world().names(), ["a"]);
        assert_eq!(world().env(EnvPolicy::Prefer).names(), [env, "a"]);
        assert_eq!(world().env(EnvPolicy::Overflow).names(), ["a", env]);
        let failed = || world().fail("a", Reason::SpendLimit).later(30);
        assert_eq!(failed().env(EnvPolicy::Overflow).names(), [env]);
        assert_eq!(failed().names(), ["a?"]);
        assert_eq!(World::new(&[]).names(), [env]);
        assert_eq!(World::new(&[]).env(EnvPolicy::Never).candidates(None), Err(NoCredential::NothingStored));
    }

    #[test]
    fn a_key_in_the_config_is_tried_once_no_profile_is_stored() {
        let text = "{models:{providers:{anthropic:{apiKey:'sk-ant-api03-sandbox-config'}}}}";
        let with_key = |names: &[&str]| {
            let mut world = World::new(names);
            world.config = crate::config::load::parse(text).unwrap();
            world
        };
        let env = "ANTHROPIC_API_KEY";
        assert_eq!(with_key(&["a"]).names(), ["a"]);
        assert_eq!(with_key(&[]).names(), ["config"]);
        assert_eq!(with_key(&[]).env(EnvPolicy::Overflow).names(), ["config", env]);
        assert_eq!(with_key(&[]).env(EnvPolicy::Prefer).names(), [env, "config"]);
    }

    #[test]
    fn who_pays_usually_is_who_would_if_all_were_well() {
        let payer = |world: World| world.candidates(None).unwrap().1.unwrap();
        let world = || World::new(&["plan", "key"]);
        assert_eq!(payer(world()), Billing::Subscription);
        assert_eq!(payer(world().fail("plan", Reason::RateLimit)), Billing::Subscription);
        assert_eq!(payer(world().fail("plan", Reason::AuthPermanent)), Billing::Api);
        assert_eq!(payer(world().env(EnvPolicy::Prefer)), Billing::Api);
    }

    #[test]
    fn a_pinned_profile_is_tried_alone_or_not_at_all() {
        let world = World::new(&["a", "b"]).fail("b", Reason::SpendLimit);
        let pin = |world: &World, name: &str| world.candidates(Some(name)).map(|(names, _)| names);
        assert_eq!(pin(&world, "a"), Ok(vec!["a".to_owned()]));
        assert!(matches!(pin(&world, "b"), Err(NoCredential::PinnedUnusable { .. })));
        assert_eq!(pin(&world.later(30), "b"), Ok(vec!["b?".to_owned()]));
    }

    #[test]
    fn a_preferred_profile_comes_first_and_the_others_keep_their_order() {
        let world = || World::new(&["a", "b", "c"]);
        assert_eq!(world().preferring("c").0, ["c", "a", "b"]);
        assert_eq!(world().preferring("a").0, ["a", "b", "c"]);
        assert_eq!(world().preferring("gone").0, ["a", "b", "c"]);
    }

    #[test]
    fn a_preferred_profile_that_cannot_be_used_or_would_be_tried_has_no_preference() {
        let limited = World::new(&["a", "b"]).fail("b", Reason::RateLimit);
        assert_eq!(limited.preferring("b").0, ["a"]);
        let due = World::new(&["a", "b"]).fail("b", Reason::Billing).later(5);
        assert_eq!(due.preferring("b").0, ["a", "b"]);
    }

    #[test]
    fn a_preference_changes_nothing_about_who_pays() {
        let world = || World::new(&["plan", "key"]);
        let (names, payer) = world().preferring("key");
        assert_eq!((names, payer), (vec!["key".to_owned(), "plan".to_owned()], Some(Billing::Subscription)));
        let mut stopped = world();
        stopped.config.auth.cross_billing = crate::config::schema::CrossBilling::Stop;
        assert_eq!(stopped.preferring("key").0, ["plan", "key"]);
    }
}

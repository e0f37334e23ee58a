use super::*;
use crate::auth::profile::{Credential, Expiry, Material};
use crate::auth::store::IgnoredEntry;
use jiff::SignedDuration;

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().unwrap()
}

struct World {
    snapshot: Snapshot,
    state: AuthState,
    config: Config,
    env: Env,
    paths: Paths,
}

impl World {
    fn new(ids: &[&str]) -> Self {
        let mut snapshot = Snapshot::default();
        for id in ids {
            let credential = Credential::ApiKey { key: Material::Value(Secret::new("sk-ant-api03-x")) };
            let id: ProfileId = id.parse().unwrap();
            let profile = Profile { id: id.clone(), credential, email: None, added_at: None, issuer: None };
            snapshot.profiles.insert(id, profile);
        }
        let env = Env::from_pairs([("ANTHROPIC_API_KEY", "sk-ant-api03-env")]);
        let paths = Paths::below("/home/u");
        Self { snapshot, state: AuthState::default(), config: Config::default(), env, paths }
    }

    fn cool(mut self, id: &str, hours: i64) -> Self {
        let profile = self.snapshot.profiles.get(&id.parse::<ProfileId>().unwrap()).unwrap();
        self.state.entry(profile).cooldowns.push(super::super::state::Cooldown {
            model_class: None,
            reason: "rate_limit".into(),
            until: now() + SignedDuration::from_hours(hours),
        });
        self
    }

    fn policy(mut self, policy: EnvPolicy) -> Self {
        self.config.auth.env = policy;
        self
    }

    fn config_key(mut self, json: &str) -> Self {
        let text = format!("{{models:{{providers:{{Anthropic:{{apiKey:{json}}}}}}}}}");
        self.config.models = crate::config::load::parse(&text).unwrap().models;
        self
    }

    fn survey(&self) -> ProviderAuth<'_> {
        let inputs = Inputs {
            snapshot: &self.snapshot,
            state: &self.state,
            config: &self.config,
            env: &self.env,
            paths: &self.paths,
            now: now(),
        };
        ProviderAuth::survey("anthropic", "sonnet", &inputs)
    }

    fn next(&self) -> Option<String> {
        self.survey().next.map(|next| match next {
            Next::Profile(id) => id.to_string(),
            Next::Env(variable) => variable.to_owned(),
            Next::Config => "config".to_owned(),
        })
    }
}

#[test]
fn a_key_in_the_environment_is_used_only_as_the_policy_says() {
    let stored = || World::new(&["anthropic:a"]);
    let cooling = || stored().cool("anthropic:a", 1);
    let table = [
        (EnvPolicy::Never, World::new(&[]), None),
        (EnvPolicy::Fallback, World::new(&[]), Some("ANTHROPIC_API_KEY")),
        (EnvPolicy::Overflow, World::new(&[]), Some("ANTHROPIC_API_KEY")),
        (EnvPolicy::Prefer, World::new(&[]), Some("ANTHROPIC_API_KEY")),
        (EnvPolicy::Never, stored(), Some("anthropic:a")),
        (EnvPolicy::Fallback, stored(), Some("anthropic:a")),
        (EnvPolicy::Overflow, stored(), Some("anthropic:a")),
        (EnvPolicy::Prefer, stored(), Some("ANTHROPIC_API_KEY")),
        (EnvPolicy::Never, cooling(), None),
        (EnvPolicy::Fallback, cooling(), None),
        (EnvPolicy::Overflow, cooling(), Some("ANTHROPIC_API_KEY")),
        (EnvPolicy::Prefer, cooling(), Some("ANTHROPIC_API_KEY")),
    ];
    for (policy, world, next) in table {
        assert_eq!(world.policy(policy).next().as_deref(), next, "{policy}");
    }
}

#[test]
fn a_key_in_the_config_comes_behind_profiles_and_before_the_environment() {
    let key = "'sk-ant-api03-config'";
    let broken = "'${UNSET}'";
    let cooling = || World::new(&["anthropic:a"]).cool("anthropic:a", 1);
    let table = [
        (EnvPolicy::Never, World::new(&[]).config_key(key), Some("config")),
        (EnvPolicy::Fallback, World::new(&[]).config_key(key), Some("config")),
        (EnvPolicy::Overflow, World::new(&[]).config_key(key), Some("config")),
        (EnvPolicy::Prefer, World::new(&[]).config_key(key), Some("ANTHROPIC_API_KEY")),
        (EnvPolicy::Fallback, World::new(&["anthropic:a"]).config_key(key), Some("anthropic:a")),
        (EnvPolicy::Fallback, cooling().config_key(key), None),
        (EnvPolicy::Overflow, cooling().config_key(key), Some("ANTHROPIC_API_KEY")),
        // What is configured and broken must not change who pays.
        (EnvPolicy::Fallback, World::new(&[]).config_key(broken), None),
        (EnvPolicy::Overflow, World::new(&[]).config_key(broken), Some("ANTHROPIC_API_KEY")),
        (EnvPolicy::Fallback, World::new(&[]).config_key("' '"), Some("ANTHROPIC_API_KEY")),
    ];
    for (row, (policy, world, next)) in table.into_iter().enumerate() {
        assert_eq!(world.policy(policy).next().as_deref(), next, "row {row}, {policy}");
    }
}

#[test]
fn a_broken_or_useless_key_in_the_config_is_no_credential() {
    for json in ["'${UNSET}'", "{source:'claude-code',id:'x'}", "'sk-ant-admin01-x'", "'fased-ck-x'"] {
        let mut world = World::new(&[]).config_key(json);
        world.env = Env::default();
        let survey = world.survey();
        assert_eq!(
            (survey.next.as_ref(), survey.choose(None)),
            (None, Err(NoCredential::AllUnusable)),
            "{json}"
        );
    }
}

#[test]
fn a_key_in_the_config_pays_as_usual_where_nothing_is_stored() {
    let mut world = World::new(&[]).config_key("'sk-ant-oat01-plan'").policy(EnvPolicy::Overflow);
    world.config.auth.cross_billing = CrossBilling::Stop;
    let survey = world.survey();
    assert_eq!((survey.usual_payer, &survey.next), (Some(Billing::Subscription), &Some(Next::Config)));
    assert_eq!(survey.env.unwrap().standing, EnvStanding::PayerHeldBack);
}

#[test]
fn an_entry_that_cannot_be_read_does_not_let_the_environment_pay() {
    let mut world = World::new(&[]);
    world.snapshot.ignored.push(IgnoredEntry {
        id: "anthropic:a".into(),
        problem: crate::auth::profile::EntryProblem::InvalidShape,
    });
    assert_eq!(world.next(), None);
    assert_eq!(world.survey().choose(None), Err(NoCredential::AllUnusable));
}

#[test]
fn a_blank_or_useless_variable_does_not_hide_a_good_one() {
    let mut world = World::new(&[]);
    world.env = Env::from_pairs([
        ("ANTHROPIC_OAUTH_TOKEN", "sk-ant-ort01-x"),
        ("ANTHROPIC_API_KEY", " sk-ant-api03-x "),
    ]);
    assert_eq!(world.next().as_deref(), Some("ANTHROPIC_API_KEY"));
    world.env = Env::from_pairs([("ANTHROPIC_API_KEY", "  ")]);
    assert_eq!(world.survey().env, None);
}

#[test]
fn usable_profiles_come_first_then_the_soonest_to_recover() {
    let world = World::new(&["anthropic:a", "anthropic:b", "anthropic:c"]);
    let world = world.cool("anthropic:a", 5).cool("anthropic:b", 1);
    let survey = world.survey();
    let ids: Vec<_> = survey.profiles.iter().map(|judged| judged.profile.id.name()).collect();
    assert_eq!(ids, ["c", "b", "a"]);
    assert_eq!(world.next().as_deref(), Some("anthropic:c"));
}

#[test]
fn a_pin_is_kept_or_refused_but_never_moved() {
    let mut world = World::new(&["anthropic:a", "anthropic:b", "anthropic:c"]).cool("anthropic:a", 5);
    world.snapshot.order.insert("anthropic".into(), vec!["anthropic:a".into(), "anthropic:b".into()]);
    let survey = world.survey();
    let pin = |id: &str| survey.choose(Some(&id.parse().unwrap())).map(|chosen| chosen.source);
    let id = |id: &str| id.parse().unwrap();
    assert_eq!(pin("anthropic:a"), Err(NoCredential::PinnedUnusable { id: id("anthropic:a") }));
    assert_eq!(pin("anthropic:nosuch"), Err(NoCredential::MissingProfile { id: id("anthropic:nosuch") }));
    assert!(matches!(pin("anthropic:c"), Ok(Source::Profile(profile)) if profile.id.name() == "c"));
}

#[test]
fn our_own_gateways_key_in_the_environment_is_refused() {
    let mut world = World::new(&[]);
    world.env = Env::from_pairs([("ANTHROPIC_API_KEY", "fased-ck-x")]);
    assert_eq!(world.survey().env.unwrap().standing, EnvStanding::Refused);
    assert_eq!(world.next(), None);
}

#[test]
fn a_bearer_token_is_sent_as_one_wherever_it_is_stored() {
    let mut world = World::new(&["anthropic:a"]);
    let id: ProfileId = "anthropic:a".parse().unwrap();
    let profile = world.snapshot.profiles.get_mut(&id).unwrap();
    profile.credential = Credential::ApiKey { key: Material::Value(Secret::new("sk-ant-oat01-x")) };
    assert_eq!(world.survey().choose(None).unwrap().billing, Billing::Subscription);
    let profile = world.snapshot.profiles.get_mut(&id).unwrap();
    profile.credential =
        Credential::Token { token: Material::Value(Secret::new("sk-ant-oat01-x")), expires: Expiry::Unknown };
    profile.issuer = Some("console".into());
    assert_eq!(world.survey().choose(None).unwrap().billing, Billing::Api);
}

//! What a rule is, and minting by it against the sandbox's token exchange.

use std::sync::Arc;
use std::time::Duration;

use super::mint::{MintError, Minter};
use super::*;
use crate::anthropic::NetworkPolicy;
use crate::auth::oauth::refresh::{InFlight, Reason, Refresher};
use crate::auth::oauth::token_endpoint::{Minted, TokenError};
use crate::auth::store::AuthStore;
use crate::clock::{Clock as _, ManualClock};
use crate::config::{AgentId, Config, Paths, SelectedAgent};
use crate::provider;
use crate::sandbox::requests::RecordedRequest;
use crate::sandbox::{RunningSandbox, Sandbox, SandboxOptions};

struct Stage {
    sandbox: RunningSandbox,
    clock: Arc<ManualClock>,
    dir: tempfile::TempDir,
    env: Env,
    refresher: Refresher,
}

impl Stage {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-06-01T12:00:00Z".parse().unwrap()));
        let sandbox = Sandbox::start(SandboxOptions::new(clock.clone())).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let url = sandbox.url();
        let env = Env::from_pairs([
            ("ANTHROPIC_BASE_URL", url.as_str()),
            ("ANTHROPIC_FEDERATION_RULE_ID", "fdrl_01Ab"),
            ("ANTHROPIC_ORGANIZATION_ID", "6f1c2a34-0000-4000-8000-0123456789ab"),
            ("ANTHROPIC_IDENTITY_TOKEN", "eyJhbGciOiJub25lIn0.e30.c2ln"),
        ]);
        let paths = Paths::below(dir.path());
        let agent = SelectedAgent { id: AgentId::main(), dir: dir.path().join("agent"), is_default: true };
        let refresher = Refresher {
            access: provider::oauth(&Config::default(), &env, NetworkPolicy::LoopbackOnly).unwrap(),
            store: AuthStore::of(&agent, &paths),
            paths,
            siblings: Vec::new(),
            clock: clock.clone(),
            in_flight: InFlight::default(),
        };
        Self { sandbox, clock, dir, env, refresher }
    }

    fn rule(&self) -> FederationRule {
        FederationRule::from_env(&self.env).unwrap()
    }

    async fn token(&self, rule: &FederationRule, reason: &Reason) -> Result<Minted, MintError> {
        Minter { refresher: &self.refresher, env: &self.env }.token(rule, reason).await
    }

    fn exchanges(&self) -> Vec<RecordedRequest> {
        self.sandbox.requests().into_iter().filter(|request| request.path == "/v1/oauth/token").collect()
    }
}

#[tokio::test]
async fn the_exchange_is_as_documented_field_by_field() {
    let stage = Stage::new().await;
    let rule = FederationRule {
        service_account_id: Some("svac_1".into()),
        workspace_id: Some("wrkspc_1".into()),
        ..stage.rule()
    };
    let minted = stage.token(&rule, &Reason::Use).await.unwrap();
    assert_eq!(minted.expires.duration_since(stage.clock.now()).as_secs(), 3600);
    let [request] = &stage.exchanges()[..] else { panic!() };
    assert_eq!(request.header("anthropic-beta"), Some("oauth-2025-04-20,oidc-federation-2026-04-01"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), None);
    let body = request.json().unwrap();
    let mut names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "assertion",
            "federation_rule_id",
            "grant_type",
            "organization_id",
            "service_account_id",
            "workspace_id"
        ]
    );
    assert_eq!(body["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(
        (&body["federation_rule_id"], &body["workspace_id"]),
        (&"fdrl_01Ab".into(), &"wrkspc_1".into())
    );
}

#[tokio::test]
async fn a_token_is_used_until_shortly_before_its_end() {
    let stage = Stage::new().await;
    let rule = stage.rule();
    let first = stage.token(&rule, &Reason::Use).await.unwrap();
    stage.clock.advance(Duration::from_secs(3600 - 121));
    assert_eq!(stage.token(&rule, &Reason::Use).await.unwrap(), first);
    stage.clock.advance(Duration::from_secs(1));
    assert_ne!(stage.token(&rule, &Reason::Use).await.unwrap(), first);
    assert_eq!(stage.exchanges().len(), 2);
}

#[tokio::test]
async fn an_identity_kept_elsewhere_gets_a_token_of_its_own() {
    let stage = Stage::new().await;
    let from_env = stage.rule();
    let path = stage.dir.path().join("jwt");
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), b"eyJhbGciOiJub25lIn0.e30.b3RoZXI")
        .unwrap();
    let from_file = FederationRule { identity: IdentitySource::File(path), ..from_env.clone() };
    let first = stage.token(&from_env, &Reason::Use).await.unwrap();
    let second = stage.token(&from_file, &Reason::Use).await.unwrap();
    assert_ne!(first.access, second.access);
    assert_eq!(stage.token(&from_env, &Reason::Use).await.unwrap(), first);
    assert_eq!(stage.exchanges().len(), 2);
}

#[tokio::test]
async fn a_herd_mints_once() {
    let stage = Stage::new().await;
    let rule = stage.rule();
    let tokens = futures_util::future::join_all((0..20).map(|_| stage.token(&rule, &Reason::Use))).await;
    let tokens: Vec<Minted> = tokens.into_iter().map(Result::unwrap).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(stage.exchanges().len(), 1);
}

#[tokio::test]
async fn a_rejected_token_is_minted_anew_once_for_everybody() {
    let stage = Stage::new().await;
    let rule = stage.rule();
    let first = stage.token(&rule, &Reason::Use).await.unwrap();
    let rejected = Reason::Rejected(first.access.clone());
    let second = stage.token(&rule, &rejected).await.unwrap();
    assert_ne!(second, first);
    assert_eq!(stage.token(&rule, &rejected).await.unwrap(), second);
    assert_eq!(stage.token(&rule, &Reason::Use).await.unwrap(), second);
    assert_eq!(stage.exchanges().len(), 2);
}

#[tokio::test]
async fn an_error_of_the_endpoint_carries_status_and_code_only() {
    let stage = Stage::new().await;
    let rule = FederationRule { organization_id: "no uuid".into(), ..stage.rule() };
    let error = stage.token(&rule, &Reason::Use).await.unwrap_err();
    assert!(matches!(&error, MintError::Endpoint(TokenError::Refused { status: 400, .. })));
    let text = error.to_string();
    assert!(text.ends_with("HTTP 400, invalid_request") && !text.contains("uuid"), "{text}");
    assert!(!stage.dir.path().join("agent/minted-tokens.json").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn where_nothing_can_be_written_every_use_mints() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = Stage::new().await;
    let rule = stage.rule();
    // A file where the state directory belongs refuses even the superuser.
    std::fs::File::create(stage.dir.path().join(".fased")).unwrap();
    std::fs::File::create(stage.dir.path().join("agent"))
        .unwrap()
        .set_permissions(std::fs::Permissions::from_mode(0o600))
        .unwrap();
    let first = stage.token(&rule, &Reason::Use).await.unwrap();
    assert_ne!(stage.token(&rule, &Reason::Use).await.unwrap(), first);
}

const COMPLETE: [(&str, &str); 4] = [
    ("ANTHROPIC_FEDERATION_RULE_ID", "fdrl_1"),
    ("ANTHROPIC_ORGANIZATION_ID", "org"),
    ("ANTHROPIC_WORKSPACE_ID", "wrkspc_1"),
    ("ANTHROPIC_IDENTITY_TOKEN", " a.b.c\n"),
];

fn rule(env: &Env) -> Result<FederationRule, NeighbourError> {
    FederationRule::from_env(env)
}

#[test]
fn the_first_variable_that_is_missing_is_named() {
    let env = Env::from_pairs(COMPLETE);
    let complete = rule(&env).unwrap();
    assert_eq!((complete.workspace_id.as_deref(), complete.service_account_id), (Some("wrkspc_1"), None));
    for (left_out, named) in [
        (0, "ANTHROPIC_FEDERATION_RULE_ID"),
        (1, "ANTHROPIC_ORGANIZATION_ID"),
        (3, "ANTHROPIC_IDENTITY_TOKEN_FILE"),
    ] {
        let mut pairs = COMPLETE;
        pairs[left_out].1 = "";
        assert_eq!(rule(&Env::from_pairs(pairs)), Err(NeighbourError::VariableUnset(named)));
    }
}

#[test]
fn a_file_wins_over_a_literal_token_and_is_read_again_each_time() {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jwt");
    let mut env = Env::from_pairs(COMPLETE);
    assert_eq!(rule(&env).unwrap().identity(&env), Ok(Secret::new("a.b.c")));
    let file = ("ANTHROPIC_IDENTITY_TOKEN_FILE", path.to_str().unwrap());
    env = Env::from_pairs(COMPLETE.into_iter().chain([file]));
    let rule = rule(&env).unwrap();
    assert_eq!(rule.identity(&env), Err(NeighbourError::Absent(path.clone())));
    let long = "x".repeat(LONGEST_IDENTITY + 1);
    for (content, token) in [
        ("one\n", Ok(Secret::new("one"))),
        ("two", Ok(Secret::new("two"))),
        (" \n", Err(NeighbourError::unusable(&path, "is empty"))),
        (&long, Err(NeighbourError::unusable(&path, "is too long for an identity token"))),
    ] {
        std::fs::File::create(&path).unwrap().write_all(content.as_bytes()).unwrap();
        assert_eq!(rule.identity(&env), token);
    }
}

#[test]
fn every_part_of_a_rule_makes_another_key() {
    let endpoint = |url: &str| Url::parse(url).unwrap();
    let api = endpoint("https://api.anthropic.com/v1/oauth/token");
    let first = rule(&Env::from_pairs(COMPLETE)).unwrap();
    let mut keys = vec![first.key(&api), first.key(&endpoint("https://eu.example.com/v1/oauth/token"))];
    for change in [
        |rule: &mut FederationRule| rule.rule_id = "fdrl_2".into(),
        |rule: &mut FederationRule| rule.organization_id = "other".into(),
        |rule: &mut FederationRule| rule.service_account_id = Some("svac_1".into()),
        |rule: &mut FederationRule| rule.workspace_id = None,
        |rule: &mut FederationRule| rule.identity = IdentitySource::File("/x".into()),
    ] {
        let mut changed = first.clone();
        change(&mut changed);
        keys.push(changed.key(&api));
    }
    let mut distinct = keys.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!((distinct.len(), keys[0].len()), (keys.len(), 16));
}

//! Workload identity federation, field by field.

use std::time::Duration;

use super::*;

const ORGANIZATION: &str = "6F1C2A34-0000-4000-8000-00123456789A";
const BETAS: &str = "oauth-2025-04-20,oidc-federation-2026-04-01";

/// A request with every field it may have.
fn federation() -> Value {
    json!({
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJGQUtFIn0.RkFLRQ",
        "federation_rule_id": "fdrl_01FAKE",
        "organization_id": ORGANIZATION,
        "service_account_id": "svac_01FAKE",
        "workspace_id": "wrkspc_01FAKE",
        "scope": "user:inference",
    })
}

fn with_betas(stage: &Stage, body: &Value) -> RequestBuilder {
    token(stage, body).header("anthropic-beta", BETAS)
}

#[tokio::test]
async fn an_identity_gives_an_access_token_for_an_hour_and_no_refresh_token() {
    let stage = Stage::new().await;
    let reply = granted(with_betas(&stage, &federation())).await;
    assert_eq!(reply.as_object().unwrap().len(), 3, "{reply}");
    assert_eq!(reply["expires_in"], 3_600);
    let access = text(&reply, "access_token");
    assert!(access.len() >= 80, "{access}");
    let response = ask(&stage, &access).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "anthropic-organization-id"), Some(ORGANIZATION.to_lowercase().as_str()));
    assert_eq!(header(&response, "anthropic-workspace-id"), Some("wrkspc_01FAKE"));
    stage.clock.advance(Duration::from_secs(3_600));
    is_over(&stage, &access, "OAuth token has expired").await;
}

#[tokio::test]
async fn tokens_of_one_workload_are_told_apart() {
    let stage = Stage::new().await;
    let one = granted(with_betas(&stage, &federation())).await;
    assert_ne!(one, granted(with_betas(&stage, &federation())).await);
}

#[tokio::test]
async fn a_sandbox_of_shorter_lifetimes_federates_for_no_longer() {
    let clock = std::sync::Arc::new(ManualClock::at("2026-11-22T10:00:00Z".parse().unwrap()));
    let mut options = SandboxOptions::new(clock.clone());
    options.token_lifetime = Duration::from_secs(60);
    let stage = Stage::with(options, clock).await;
    assert_eq!(granted(with_betas(&stage, &federation())).await["expires_in"], 60);
}

#[tokio::test]
async fn both_betas_are_needed() {
    let stage = Stage::new().await;
    for (betas, missing) in [
        ("", "oauth-2025-04-20"),
        ("oauth-2025-04-20", "oidc-federation-2026-04-01"),
        ("oidc-federation-2026-04-01", "oauth-2025-04-20"),
        ("oauth-2025-04-20,oidc-federation-2025-01-01", "oidc-federation-2026-04-01"),
    ] {
        let request = token(&stage, &federation()).header("anthropic-beta", betas);
        let (status, code, description) = refused(request).await;
        assert_eq!((status, code.as_str()), (400, "invalid_request"));
        assert!(description.contains(missing), "{betas}: {description}");
    }
}

#[tokio::test]
async fn every_field_is_checked() {
    let stage = Stage::new().await;
    for (name, wrong) in [
        (
            "assertion",
            &["eyJhbGciOiJub25lIn0.RkFLRQ", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJGQUtFIn0.", "x.y+z.w"] as &[_],
        ),
        ("federation_rule_id", &["01FAKE", "fdrl_", "svac_01FAKE", "fdrl_01/FAKE"]),
        ("organization_id", &["acme", "6f1c2a34-0000-4000-8000", "6f1c2a3400004000800000123456789a"]),
        ("service_account_id", &["01FAKE", "svac_", "fdrl_01FAKE"]),
        ("workspace_id", &["default", "wrkspc_", "svac_01FAKE"]),
        ("scope", &["user:profile,user:inference"]),
    ] {
        for wrong in wrong.iter().map(|text| json!(text)).chain([json!(""), json!(7), json!({})]) {
            let mut body = federation();
            body[name] = wrong.clone();
            let (status, _, description) = refused(with_betas(&stage, &body)).await;
            assert_eq!(status, 400, "{name}: {wrong}");
            assert!(description.starts_with(&format!("{name}: ")), "{wrong}: {description}");
        }
    }
}

#[tokio::test]
async fn fields_that_may_be_missing_are_these() {
    let stage = Stage::new().await;
    for (name, may) in [
        ("assertion", false),
        ("federation_rule_id", false),
        ("organization_id", false),
        ("service_account_id", true),
        ("workspace_id", true),
        ("scope", true),
    ] {
        let mut body = federation();
        body.as_object_mut().unwrap().remove(name);
        let request = with_betas(&stage, &body);
        if may {
            granted(request).await;
        } else {
            assert_eq!(refused(request).await.2, format!("{name}: Field required"));
        }
    }
}

#[tokio::test]
async fn unknown_fields_are_refused_without_repeating_them() {
    let stage = Stage::new().await;
    let mut body = federation();
    body["client_id_of_mine"] = CLIENT.into();
    let (status, code, description) = refused(with_betas(&stage, &body)).await;
    assert_eq!((status, code.as_str()), (400, "invalid_request"));
    assert!(description.contains("workspace_id") && !description.contains("of_mine"), "{description}");
}
